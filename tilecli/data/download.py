"""Downloads that survive interruptions: streamed to disk, resumed, retried, and visible only when whole.

What lies on disk meanwhile is `tilecli.data.partfile`'s.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from tilecli import progress
from tilecli.data.partfile import Part, Version, is_whole
from tilecli.errors import DownloadError, MissingExtraError

if TYPE_CHECKING:
    import httpx

OFFLINE_HINT = "a local archive or folder works without a network: tiles fetch --source PATH"
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 60.0  # a server that asks for more is waited for no longer
_NEWS_BYTES = 2**20  # this much more than ever before makes the next failure count as the first again
_CONNECT_S, _READ_S = 10.0, 30.0


class _RetryableError(Exception):
    """A failure that may pass."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.wait_s = reason, wait_s


def download(url: str, target: Path, *, attempts: int = 5, first_wait_s: float = 0.5) -> Path:
    """Bring the file at `url` to `target` and return it; a whole file that its record vouches for is used as it is.

    After a failure that may pass, waits `first_wait_s`, twice as long after the next (or as long as the server
    asks), and gives up after `attempts` without news. What has come stays, and the next call goes on from there.
    Raises DownloadError, or MissingExtraError where httpx is not installed.
    """
    if is_whole(target):
        progress.note(f"{target.name} is already here, whole", path=str(target))
        return target
    try:
        import httpx
    except ImportError as error:
        raise MissingExtraError("httpx", "train") from error

    target.parent.mkdir(parents=True, exist_ok=True)
    part = Part(target)
    failures, most = 0, part.size
    with (
        progress.task(f"download {target.name}", unit="B") as running,
        httpx.Client(timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S), follow_redirects=True) as client,
    ):
        while True:
            try:
                version = _attempt(client, url, part, running)
                break
            except _RetryableError as trouble:
                failures = 1 if part.size - most >= _NEWS_BYTES else failures + 1
                most = max(most, part.size)
                if failures >= attempts:
                    raise _given_up(url, part, failures, trouble.reason) from trouble
                wait_s = first_wait_s * 2 ** (failures - 1) if trouble.wait_s is None else trouble.wait_s
                wait_s = min(wait_s, _LONGEST_WAIT_S)
                progress.note(f"{trouble.reason}; the next try is in {wait_s:g} s")
                time.sleep(wait_s)
    part.finish(shown(url), version)
    return target


def shown(url: str) -> str:
    """The URL without what may be secret in it: user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0].rpartition("@")[2]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _attempt(client: httpx.Client, url: str, part: Part, running: progress.Task) -> Version:
    """One request; returns when the part is whole, raises _RetryableError or DownloadError otherwise."""
    import httpx

    known = part.version()
    offset = part.size if known else 0
    if known and offset and offset == known.size:
        return known  # the process died between the last byte and the renaming
    # As it is stored: a server that compresses on the way would make offsets and lengths meaningless.
    headers = {"Accept-Encoding": "identity"}
    if known and offset:
        headers["Range"] = f"bytes={offset}-"
        if known.validator:
            headers["If-Range"] = known.validator
    try:
        with client.stream("GET", url, headers=headers) as response:
            _raise_for_status(response, url, part)
            version = _placed(response, part, known)
            running.total, running.done = version.size, part.size
            _check_room(part, version, url)
            _append(response, part, version, running)
            return version
    except httpx.InvalidURL as error:
        raise DownloadError(f"this is no web address: {error}", where=shown(url)) from error
    except httpx.UnsupportedProtocol as error:
        raise DownloadError(f"only http and https are understood: {error}", where=shown(url)) from error
    except httpx.TooManyRedirects as error:
        raise DownloadError("the address redirects in circles", where=shown(url)) from error
    except httpx.TransportError as error:
        raise _RetryableError(str(error) or type(error).__name__) from error


def _raise_for_status(response: httpx.Response, url: str, part: Part) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    if status == 416:
        part.discard()
        raise _RetryableError("the server has less of this file than is here", 0.0)
    words = f"the server answered {status} {response.reason_phrase}"
    if status in WORTH_ANOTHER_TRY:
        raise _RetryableError(words, retry_after_s(response))
    raise DownloadError(words, where=shown(url), hint=f"check the address; {OFFLINE_HINT}")


def _placed(response: httpx.Response, part: Part, known: Version | None) -> Version:
    """Make the part ready for the response's bytes; returns the version that they belong to."""
    headers = response.headers
    version = Version(headers.get("ETag", ""), headers.get("Last-Modified", ""), _number(headers, "Content-Length"))
    if response.status_code == 200:  # the whole file: no part was asked for, or the server gives none of this version
        part.begin(version)
        return version
    span, _, total = headers.get("Content-Range", "").removeprefix("bytes").strip().partition("/")
    version = replace(version, size=int(total) if total.isdecimal() else None)
    if known is None or span.partition("-")[0] != str(part.size) or not version.continues(known):
        part.discard()
        raise _RetryableError("the file changed on the server; starting over", 0.0)
    return known if known.size is not None else replace(known, size=version.size)


def _append(response: httpx.Response, part: Part, version: Version, running: progress.Task) -> None:
    try:
        with part.path.open("ab") as out:
            for chunk in response.iter_raw():
                out.write(chunk)
                running.advance(len(chunk))
    except OSError as error:
        raise DownloadError(
            f"the download cannot be written: {error.strerror or error}", where=str(part.path.parent)
        ) from error
    size = part.size
    if version.size is not None and size != version.size:
        if size > version.size:
            part.discard()
        raise _RetryableError(f"{size:,} bytes came where the server announced {version.size:,}")


def _given_up(url: str, part: Part, failures: int, reason: str) -> DownloadError:
    kept = f"; {part.size:,} bytes are kept, the next try goes on from there" if part.version() and part.size else ""
    return DownloadError(f"the download failed {failures} times: {reason}{kept}", where=shown(url), hint=OFFLINE_HINT)


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, given as a number or as a date; None where it does not."""
    seconds = _number(response.headers, "Retry-After")
    if seconds is not None:
        return float(seconds)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(response.headers.get("Retry-After", "")).timestamp() - time.time())
    return None


def _check_room(part: Part, version: Version, url: str) -> None:
    needed = (version.size or 0) - part.size
    free = shutil.disk_usage(part.path.parent).free
    if needed > free:
        raise DownloadError(
            f"the download needs {needed / 1e9:.2f} GB more and the disk has {free / 1e9:.2f} GB left",
            where=f"{shown(url)} → {part.path.parent}",
        )


def _number(headers: httpx.Headers, name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isdecimal() else None
