"""A folder of photos, each with a .json beside it, that never grows past its bounds, whoever else writes into it.

Names begin with the time, so the oldest are the first by name. A small ledger in the folder says how much lies there;
whoever adds something holds its lock, and counts the files themselves only from time to time. Files that carry other
names (labels drawn later, notes) are neither counted nor ever removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LEDGER = ".tiles-record"
_LEDGER_BYTES = 64  # always as long, so that it can be written on a full disk
_NAME = re.compile(r"\.?(?P<stem>\d{8}T\d{6}\.\d{9}Z-[0-9a-f]{12})\.[a-z0-9]{1,5}(?P<part>\.part)?")
_SLACK = 20  # a twentieth of the room is made free at a time, so that counting files stays rare
_COUNT_EVERY_S = 600.0  # somebody may have taken photos out


@dataclass(frozen=True)
class Usage:
    """What lies in the folder."""

    bytes: int = 0
    files: int = 0


def stem_for(time_ns: int, token: str) -> str:
    """The name, without ending, of what came at `time_ns` after 1970; `token`: 12 hex digits that nobody else draws."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}.{rest:09d}Z-{token}"


class RecordFolder:
    """Adds files that belong together, and removes the oldest to make room. For one thread; of any number of processes.

    The bounds hold for the sum of the files' lengths and for their number, temporary ones included.
    """

    def __init__(self, folder: Path, max_bytes: int, max_files: int) -> None:
        """Makes the folder and counts what lies there. Raises OSError where nothing can be written."""
        self.folder, self.max_bytes, self.max_files = folder, max_bytes, max_files
        folder.mkdir(parents=True, exist_ok=True)
        with self._ledger() as ledger:
            self.usage = self._count().usage
            _write_ledger(ledger, self.usage)
        self._counted = time.monotonic()

    def add(self, stem: str, contents: dict[str, bytes]) -> bool:
        """Write ending → bytes, in this order, each as a whole; False where they alone are more than the bounds.

        Raises OSError where that fails, and leaves none of them behind. A folder that has vanished is not made again:
        the disk that it lay on may be gone, and the place where it was mounted belongs to another.
        """
        size, number = sum(map(len, contents.values())), len(contents)
        if size > self.max_bytes or number > self.max_files:
            return False
        with self._ledger() as ledger:
            usage = _read_ledger(ledger)
            stale = time.monotonic() - self._counted > _COUNT_EVERY_S
            if usage is None or stale or not self._fits(usage, size, number):
                usage = self._make_room(size, number)
                self._counted = time.monotonic()
            # Before the files: whoever dies in between leaves a ledger that says too much, never too little.
            self.usage = Usage(usage.bytes + size, usage.files + number)
            _write_ledger(ledger, self.usage)
            try:
                for ending, content in contents.items():
                    self._write(f"{stem}{ending}", content)
            except BaseException:
                for ending in contents:
                    with contextlib.suppress(OSError):
                        (self.folder / f"{stem}{ending}").unlink()
                self.usage = usage
                with contextlib.suppress(OSError):
                    _write_ledger(ledger, usage)
                raise
        return True

    def _fits(self, usage: Usage, size: int, number: int) -> bool:
        return usage.bytes + size <= self.max_bytes and usage.files + number <= self.max_files

    def _make_room(self, size: int, number: int) -> Usage:
        """Remove the oldest, if need be, until the new files and some more fit."""
        found = self._count()
        usage = found.usage
        if self._fits(usage, size, number):
            return usage
        most_bytes = self.max_bytes - max(size, self.max_bytes // _SLACK)
        most_files = self.max_files - max(number, self.max_files // _SLACK)
        for stem in sorted(found.by_stem):
            if usage.bytes <= most_bytes and usage.files <= most_files:
                break
            # What was written last goes first: a .json never speaks of a photo that is gone.
            for name, length in reversed(found.by_stem[stem]):
                (self.folder / name).unlink(missing_ok=True)
                usage = Usage(usage.bytes - length, usage.files - 1)
        return usage

    def _count(self) -> _Found:
        """What lies in the folder under names of ours; what a killed process left half-written is removed."""
        found = _Found()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                match = _NAME.fullmatch(entry.name)
                if match is None:
                    continue
                with contextlib.suppress(FileNotFoundError):
                    if match["part"]:
                        Path(entry.path).unlink()
                    else:
                        found.by_stem.setdefault(match["stem"], []).append((entry.name, entry.stat().st_size))
        for names in found.by_stem.values():
            names.sort(key=lambda pair: pair[0].endswith(".json"))
        return found

    def _write(self, name: str, content: bytes) -> None:
        temporary = self.folder / f".{name}.part"
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
            temporary.rename(self.folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise

    @contextlib.contextmanager
    def _ledger(self) -> Iterator[int]:
        descriptor = os.open(self.folder / LEDGER, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if sys.platform != "win32":
                with contextlib.suppress(OSError):  # some network disks know no locks; then each counts for itself
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)  # lets the lock go


@dataclass
class _Found:
    """Names and lengths (bytes) of the files of each stem, the .json last."""

    by_stem: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @property
    def usage(self) -> Usage:
        lengths = [length for names in self.by_stem.values() for _, length in names]
        return Usage(sum(lengths), len(lengths))


def _read_ledger(descriptor: int) -> Usage | None:
    """What the ledger says; None where it says nothing that can be read."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        values = json.loads(os.read(descriptor, _LEDGER_BYTES))
        return Usage(int(values["bytes"]), int(values["files"]))
    except (ValueError, KeyError, TypeError):
        return None


def _write_ledger(descriptor: int, usage: Usage) -> None:
    text = json.dumps({"bytes": usage.bytes, "files": usage.files})
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.ljust(_LEDGER_BYTES).encode())
