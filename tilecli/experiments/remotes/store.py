"""One remote as DVC's own filesystem sees it: which objects it holds, with which sizes, and single objects to and fro.

Runs where DVC may be imported: in the process that `worker` starts.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from tilecli.errors import ProjectError
from tilecli.experiments.remotes import address, words
from tilecli.experiments.remotes.settings import Remote

_TIMEOUT_S = 15  # to connect; the libraries' own are minutes
_MOST_JOBS = 16
_STRAY = re.compile(r"\.[\w-]+\.tmp")  # what DVC's filesystems call a file that is still being written
_STRAY_AFTER_S = 24 * 3600


@dataclass
class Store:
    """An opened remote. Every method raises PipelineError in words, with no secret in them."""

    remote: Remote
    fs: Any  # of dvc_objects
    root: str

    @property
    def lists(self) -> bool:
        """Whether it can say what a folder holds; HTTP cannot."""
        return self.remote.kind not in ("http", "https")

    def object(self, md5: str) -> str:
        """Path of the object with this hash."""
        return str(self.fs.join(self.root, "files", "md5", md5[:2], md5[2:]))

    def jobs(self, wanted: int | None) -> int:
        """How many objects go at once."""
        return max(1, wanted or min(int(self.fs.jobs), _MOST_JOBS))

    def sizes(self, wanted: Collection[str], jobs: int, advance: Callable[[], None]) -> dict[str, int | None]:
        """Which of these objects are there, and their sizes (None: it does not say). `advance` after each."""
        self.fs.fs.invalidate_cache()
        groups: dict[str, list[str]] = defaultdict(list)
        for md5 in wanted:
            groups[md5[:2] if self.lists else md5].append(md5)
        found: dict[str, int | None] = {}
        with ThreadPoolExecutor(jobs) as pool, self.words("look"):
            for part in pool.map(self._folder if self.lists else self._single, groups):
                found |= part
                advance()
        return {md5: found[md5] for md5 in wanted if md5 in found}

    def put(self, file: Path, path: str, callback: Any) -> None:
        """Copy a local file there; nobody sees half of it."""
        with self.words("write"):
            self.fs.put_file(str(file), path, callback=callback)

    def get(self, path: str, file: Path, callback: Any) -> None:
        """Copy an object to a local file."""
        with self.words("read"):
            self.fs.get_file(path, str(file), callback=callback)

    def remove(self, path: str) -> None:
        """Delete an object."""
        with self.words("delete"):
            self.fs.remove(path)

    @contextlib.contextmanager
    def words(self, doing: words.Doing) -> Iterator[None]:
        """Say in words what went wrong in this block."""
        try:
            yield
        except Exception as error:
            raise words.explain(error, self.remote, doing) from error

    def _folder(self, prefix: str) -> dict[str, int | None]:
        folder = self.fs.parent(self.object(prefix + "0"))
        try:
            entries = self.fs.ls(folder, detail=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            if words.code_of(error) == "NoSuchBucket":
                raise
            return {}
        found: dict[str, int | None] = {}
        for entry in entries:
            name = str(entry["name"]).rstrip("/").rpartition("/")[2]
            if entry["type"] != "directory" and re.fullmatch(r"[0-9a-f]{30}(\.dir)?", name):
                found[prefix + name] = entry["size"]
            elif _STRAY.fullmatch(name):
                self._sweep(entry)
        return found

    def _single(self, md5: str) -> dict[str, int | None]:
        try:
            return {md5: self.fs.info(self.object(md5)).get("size")}
        except FileNotFoundError as error:
            # fsspec says so of whatever goes wrong over HTTP: a wrong password, a server that is not there.
            if words.status_of(error) not in (404, 410):
                raise
            return {}

    def _sweep(self, entry: dict[str, Any]) -> None:
        """Delete what somebody's killed push left, a day later: nobody is writing it any more."""
        written = entry.get("mtime")
        since = getattr(written, "timestamp", lambda: written)()
        if since is not None and time.time() - since > _STRAY_AFTER_S:
            with contextlib.suppress(OSError):
                self.fs.remove(entry["name"])


def open_store(remote: Remote, config: Any) -> Store:
    """Open a remote with DVC's settings `config`; connects where the protocol has a connection."""
    if remote.settings.get("worktree") == "true" or remote.settings.get("version_aware") == "true":
        raise ProjectError(f"'{remote.name}' is a remote with cloud versioning", hint="dvc push and dvc pull know it")
    address.require_package(remote.kind)
    from dvc.fs import get_cloud_fs

    _limit(config["remote"][remote.name], remote.kind)
    try:
        _knock(remote)
        make, options, root = get_cloud_fs(config, name=remote.name)
        store = Store(remote, make(**options), root)
        _ = store.fs.fs  # connects
    except Exception as error:
        raise words.explain(error, remote, "open") from error
    if remote.kind == address.FOLDER and not Path(root).parent.is_dir():
        raise ProjectError("the folder of the remote is not there", where=root, hint="is its disk mounted?")
    return store


def _knock(remote: Remote) -> None:
    """See that somebody answers: the libraries for S3 and HTTP try for minutes before they say that nobody does."""
    place = remote.settings.get("endpointurl", remote.url)
    if remote.kind not in ("s3", "http", "https") or place.startswith("s3:") or getproxies():
        return
    parts = urlsplit(place)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname or "", port), timeout=_TIMEOUT_S).close()


def _limit(values: dict[str, Any], kind: str) -> None:
    """Give up on a machine that does not answer, unless the user has said how long to wait."""
    if kind in ("s3", "http", "https"):
        values.setdefault("connect_timeout", _TIMEOUT_S)
    elif kind == "ssh":
        values.setdefault("timeout", _TIMEOUT_S)
