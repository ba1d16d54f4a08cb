"""A download on disk: the part that has come so far, of which version of the file it is, and the record of a whole one.

Beside the file `x.zip` lies its record `x.zip.json`; while it is coming, `x.zip.part` and `x.zip.part.json`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tilecli import files


@dataclass(frozen=True)
class Version:
    """Which version of a file a server gave, as far as it says."""

    etag: str = ""
    last_modified: str = ""
    size: int | None = None  # bytes of the whole file

    @property
    def validator(self) -> str:
        """For If-Range, which takes no weak ETag."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    @property
    def can_be_told_apart(self) -> bool:
        """Whether a later answer can be known to be of this version at all."""
        return bool(self.etag or self.last_modified)

    def continues(self, known: Version) -> bool:
        """Whether a partial answer of this version goes on from a part of the `known` one.

        Nothing may speak against it, and something must speak for it: an equal mark, or that the server was asked
        with `known.validator` and gave a part nevertheless.
        """
        pairs = [(self.etag, known.etag), (self.last_modified, known.last_modified)]
        marks = [(mine, theirs) for mine, theirs in pairs if mine and theirs]
        sizes_agree = self.size is None or known.size is None or self.size == known.size
        return sizes_agree and all(a == b for a, b in marks) and bool(marks or known.validator)


class Part:
    """What has come so far of the file that will be `target`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = _beside(target, ".part")
        self._version_path = _beside(self.path, ".json")

    @property
    def size(self) -> int:
        """Bytes that have come."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def version(self) -> Version | None:
        """Of which version the part is; None where nobody can say, so that it is of no use."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            values = json.loads(self._version_path.read_text(encoding="utf-8"))
            version = Version(str(values["etag"]), str(values["last_modified"]), values["size"])
            if version.can_be_told_apart and (version.size is None or self.size <= version.size):
                return version
        return None

    def begin(self, version: Version) -> None:
        """Start anew with an empty part of `version`."""
        # Emptied before the version is written: a part must never be longer than what its version vouches for.
        self.path.write_bytes(b"")
        files.write_json(self._version_path, asdict(version))

    def discard(self) -> None:
        """Remove the part."""
        self.path.unlink(missing_ok=True)
        self._version_path.unlink(missing_ok=True)

    def finish(self, url: str, version: Version) -> None:
        """Give the whole part its final name; `url` goes into the record."""
        record: dict[str, Any] = {
            "url": url,
            "size": self.size,
            "sha256": files.sha256(self.path),
            "etag": version.etag,
            "last_modified": version.last_modified,
            "fetched": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
        # The record goes first: a file under its final name always has one.
        files.write_json(record_of(self.target), record)
        self.path.replace(self.target)
        self._version_path.unlink(missing_ok=True)


def is_whole(target: Path) -> bool:
    """Whether `target` is there and is byte for byte what its record says. Asks no network."""
    try:
        record = json.loads(record_of(target).read_text(encoding="utf-8"))
        return bool(target.stat().st_size == record["size"] and files.sha256(target) == record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def forget(target: Path) -> None:
    """Remove a whole download and its record, so that it is fetched anew."""
    target.unlink(missing_ok=True)
    record_of(target).unlink(missing_ok=True)


def record_of(target: Path) -> Path:
    """Where size, sha256 and origin of a download are written."""
    return _beside(target, ".json")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
