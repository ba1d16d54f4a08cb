"""The MD5 of every file in a folder, as DVC names contents, without reading again what has not changed.

A file counts as unchanged while its size, time of change and inode are. One that changed within the last moment
before it was hashed could change again without a new time, so it is not remembered.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tilecli import files, hardware, progress
from tilecli.layout import Project

_TICK_NS = 50_000_000  # far above what any file system's clock is coarse by, but for FAT
_FEW = 200  # files that are not worth threads


@dataclass(frozen=True)
class File:
    """One file of a folder."""

    md5: str
    size: int  # bytes


def hash_folder(project: Project, folder: Path) -> dict[str, File]:
    """POSIX path inside `folder` → what is there now; empty where there is no folder."""
    name = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=8).hexdigest()
    kept = project.scratch / "hashes" / f"{name}.json"
    known = _read(kept)
    now = time.time_ns()
    seen: dict[str, list[int | str]] = {}
    found: dict[str, File] = {}
    todo: list[tuple[str, os.stat_result]] = []
    for path, facts in _walk(str(folder)):
        entry = known.get(path)
        if entry is not None and entry[:3] == [facts.st_size, facts.st_mtime_ns, facts.st_ino]:
            seen[path] = entry
            found[path] = File(str(entry[3]), facts.st_size)
        else:
            todo.append((path, facts))
    for (path, facts), md5 in zip(todo, _hash_all(folder, [path for path, _ in todo]), strict=True):
        found[path] = File(md5, facts.st_size)
        if facts.st_mtime_ns < now - _TICK_NS:
            seen[path] = [facts.st_size, facts.st_mtime_ns, facts.st_ino, md5]
    if seen != known:
        # One line per file would be three times as long to read.
        files.write_text(kept, json.dumps(seen, separators=(",", ":")))
    return found


def _hash_all(folder: Path, names: list[str]) -> list[str]:
    paths = [folder / name for name in names]
    if len(paths) < _FEW:
        return [files.md5(path) for path in paths]
    with ThreadPoolExecutor(hardware.usable_cores()) as pool:
        return list(progress.track(pool.map(files.md5, paths), "read the dataset", len(paths), "files"))


def _walk(folder: str, inside: str = "") -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir():
            yield from _walk(entry.path, f"{inside}{entry.name}/")
        else:
            yield f"{inside}{entry.name}", entry.stat()


def _read(kept: Path) -> dict[str, list[int | str]]:
    try:
        values = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
