"""Trying another endpoint on this one's photos: a share of them is sent there too, and the two masks are compared.

Beside the requests: whoever sent the photo has the answer already, and never learns how the other endpoint did. The
other endpoint may be slow, wrong or gone; that is what is being found out.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from dataclasses import dataclass

from tilecli.data.download import shown
from tilecli.data.preprocess import Uint8
from tilecli.errors import UsageError
from tilecli.serving.address import checked
from tilecli.serving.watch.agreement import Failure, ShadowReport, Tally, overlap
from tilecli.serving.watch.backlog import Backlog, join_all
from tilecli.serving.watch.shadow_answer import MirrorError, printable, read_mask, refusal

SHADOW_HEADER = "X-Tiles-Shadow"  # on mirrored requests, which are not mirrored on: two endpoints may shadow each other
THREADS = 2
BACKLOG_BYTES = 64 * 2**20  # of photos and masks that may wait

_ANALYZE = "/analyze?format=png"
_SPARE_BYTES = 2**20  # an answer may be this much longer than four bytes per pixel
_CONTENT_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}")

log = logging.getLogger("tiles.serve")


@dataclass(frozen=True)
class _Photo:
    data: bytes
    name: str
    content_type: str
    mask: Uint8
    ms: float
    tally: Tally  # the one that was current when the photo came


class Shadow:
    """Mirrors photos to `url`'s /analyze and keeps count of the agreement. May be used from several threads."""

    def __init__(
        self,
        url: str,
        share: float = 0.1,
        api_key: str | None = None,
        timeout_s: float = 10,
        backlog: int = 64,
        *,
        chance: random.Random | None = None,
    ) -> None:
        """url: of the endpoint, without /analyze. share: of the photos, 0–1, drawn from `chance`.

        timeout_s: for a photo's whole answer. backlog: photos that may wait to be sent. Raises UsageError for what is
        no http or https address and for numbers that make no sense.
        """
        import httpx

        self._target = checked(url, "mirror photos to", "--shadow", "http://127.0.0.1:8001") + _ANALYZE
        if not 0.0 < share <= 1.0:
            raise UsageError(f"the share {share:g} is not above 0 and at most 1", where="--shadow-share")
        if not timeout_s > 0 or backlog < 1:
            raise UsageError("the time limit and the backlog must be above 0", where="--shadow")
        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            raise UsageError("the other endpoint's key holds characters that no header can carry", where="--shadow")
        self._url, self._share, self._timeout_s = shown(url.strip()), share, timeout_s
        self._chance = chance or random.SystemRandom()
        headers = {SHADOW_HEADER: "1", "Accept": "image/png"}
        if api_key:
            headers["X-API-Key"] = api_key
        self._client = httpx.Client(timeout=timeout_s, headers=headers, limits=httpx.Limits(max_connections=THREADS))
        self._backlog: Backlog[_Photo] = Backlog(backlog, BACKLOG_BYTES)
        self._lock = threading.Lock()
        self._tally = Tally()
        self._said: set[Failure] = set()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"tiles-shadow-{i}", daemon=True) for i in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, data: bytes, name: str, content_type: str, mask: Uint8, ms: float) -> None:
        """Mirror this photo if chance wants it; returns at once and never raises.

        data: the file's bytes as they came. mask: this endpoint's H×W answer, not to be written to afterwards. ms: how
        long this endpoint took. Where the other endpoint is behind, the photo is dropped.
        """
        tally, dropped = self._tally, False
        if self._chance.random() < self._share:
            photo = _Photo(data, name, content_type, mask, ms, tally)
            dropped = not self._backlog.put(photo, len(data) + mask.nbytes)
        with self._lock:
            tally.offered += 1
            tally.dropped += dropped

    def report(self) -> ShadowReport:
        """The figures so far."""
        with self._lock:
            return self._tally.report(self._url, self._share, len(self._backlog))

    def start_over(self) -> None:
        """Count from nothing: this endpoint has another model now. Photos on their way still count for the old one."""
        with self._lock:
            self._tally = Tally()

    def close(self, timeout: float = 5) -> None:
        """Send nothing more; wait at most `timeout` s for what is on its way. The rest ends with the process."""
        self._closed = True
        left = self._backlog.close(drop=True)
        with self._lock:
            self._tally.dropped += left
        if join_all(self._threads, timeout):
            self._client.close()

    def _run(self) -> None:
        while (photo := self._backlog.take()) is not None:
            try:
                self._mirror(photo)
            except MirrorError as failure:
                self._failed(photo, failure.reason, failure.words)
            except Exception as error:  # this thread must outlive whatever the other endpoint comes up with
                self._failed(photo, "other", f"{type(error).__name__}: {error}")

    def _mirror(self, photo: _Photo) -> None:
        start = time.perf_counter()
        answer, model = self._ask(photo, time.monotonic() + self._timeout_s)
        their_ms = (time.perf_counter() - start) * 1e3
        found = overlap(photo.mask, read_mask(answer, (photo.mask.shape[0], photo.mask.shape[1])))
        with self._lock:
            photo.tally.note(photo.name, found, photo.ms, their_ms, model)

    def _ask(self, photo: _Photo, until: float) -> tuple[bytes, str | None]:
        """The other endpoint's answer and the model version that it names; raises MirrorError."""
        import httpx

        content_type = photo.content_type if _CONTENT_TYPE.fullmatch(photo.content_type) else "application/octet-stream"
        name = photo.name.encode("utf-8", "replace").decode()
        most = _SPARE_BYTES + 4 * photo.mask.size
        try:
            with self._client.stream(
                "POST", self._target, files={"image": (name, photo.data, content_type)}
            ) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if time.monotonic() > until:  # httpx's own limit holds for each wait, not for all together
                        raise httpx.ReadTimeout("")
                    if len(body) > most:
                        raise MirrorError("bad answer", f"the answer is longer than {most:,} bytes")
                if response.status_code != httpx.codes.OK:
                    raise refusal(response.status_code, response.reason_phrase, bytes(body))
                version = response.headers.get("X-Model-Version")
                return bytes(body), version[:64] if version else None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise MirrorError("connect", f"no connection: {error}") from error
        except httpx.TimeoutException as error:
            raise MirrorError("timeout", f"no answer within {self._timeout_s:g} s") from error
        except httpx.TransportError as error:
            raise MirrorError("broken off", f"the connection was broken off: {error}") from error
        except httpx.DecodingError as error:
            raise MirrorError("bad answer", f"the answer cannot be unpacked: {error}") from error

    def _failed(self, photo: _Photo, reason: Failure, words: str) -> None:
        words = f"{self._url}: {printable(words)}"
        with self._lock:
            photo.tally.note_failure(reason, words)
            new = reason not in self._said
            self._said.add(reason)
        if new and not self._closed:
            log.warning("shadow: %s (further failures of this kind are only counted)", words)
