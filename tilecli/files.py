"""Writing files so that a reader never meets half of one, and naming what was read by its hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block ends well, else remove it.

    The temporary name keeps the ending, because writers such as cv2.imwrite go by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    # mkstemp makes 0600; a file that others are meant to read follows the user's umask.
    temporary.chmod(0o666 & ~_umask())
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the file `path` alone of all processes and threads, waiting for whoever has it; yields its descriptor."""
    import fcntl  # of POSIX

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; let it take `path`'s place if the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    new, former = scratch / "new", scratch / "former"
    try:
        new.mkdir()
        yield new
        if path.exists():
            path.replace(former)
        try:
            new.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                former.replace(path)
            raise
    finally:
        _remove_folder(scratch)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as a whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys left as given; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def md5(path: Path) -> str:
    """Hex digest of a file's bytes by MD5, as DVC names contents."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def sha256(path: Path) -> str:
    """Hex digest of the file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_folder(path: Path) -> None:
    # Impatient people press Ctrl-C again, and a terminal sends it to a stage as well as to who started the stage.
    for _ in range(100):
        try:
            shutil.rmtree(path, ignore_errors=True)
            return
        except KeyboardInterrupt:
            continue


_umask_lock = threading.Lock()


def _umask() -> int:
    # Reading it means setting it: two threads at once would leave the process with a umask of 0.
    with _umask_lock:
        current = os.umask(0)
        os.umask(current)
    return current
