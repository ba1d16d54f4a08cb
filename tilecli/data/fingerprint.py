"""What the sources on this machine hold, as one hash each, so that a changed folder is fetched again.

Hashes go by content, not by time, so a clone of the project on another machine finds nothing changed. Times and sizes
only spare reading a file twice, in a cache that stays on this machine.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tilecli import files, progress
from tilecli.data import classlist, sources
from tilecli.errors import DataError

Seen = dict[str, tuple[int, int, str]]  # path → size, mtime in ns, SHA-256


def fingerprints(
    texts: Iterable[str], root: Path, former: Mapping[str, str], cache: Path, own: Path | None = None
) -> dict[str, str]:
    """Source as written in `data.sources` → hash of its files, for folders, archives and CSVs.

    former: what was found last time. It stays for a source that is not on this machine: whoever pulls the dataset from
    a remote does not need the photos it was made of. cache: a JSON file, read and written. own: as for
    `sources.locate`.
    """
    known = _read(cache)
    seen: Seen = {}
    found: dict[str, str] = {}
    for text in texts:
        try:
            source = sources.locate(text, root, own)
            if source.kind in ("folder", "archive", "csv"):
                found[text] = _digest(source, known, seen)
        except (DataError, OSError):  # fetching says what is wrong with it, if it has to run
            if text in former:
                found[text] = former[text]
    if seen != known:
        files.write_text(cache, json.dumps(seen))
    return found


def _digest(source: sources.Source, known: Seen, seen: Seen) -> str:
    digest = hashlib.sha256()
    listed = _listed(source)
    for name, path in progress.track(listed, f"look for changes in {source.name}", len(listed), "files"):
        digest.update(f"{name}\0{_hash(path, known, seen)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _listed(source: sources.Source) -> list[tuple[str, Path]]:
    """Every file of the source with a name that is the same on every machine, sorted."""
    if source.kind == "archive":
        return [("", source.path)]
    if source.kind == "csv":
        records = sources.read_table(source.path).records
        names = {classlist.FILE, *(name for record in records for name in (record.image, record.mask) if name)}
        inside = [(name, source.path.parent / name) for name in sorted(names)]
        return [("", source.path), *((name, path) for name, path in inside if path.is_file())]
    found = []
    for folder, folders, names_here in os.walk(source.path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(folder).relative_to(source.path)
        paths = (Path(folder) / name for name in names_here if not name.startswith("."))
        found += [((below / path.name).as_posix(), path) for path in paths if path.is_file()]
    return sorted(found)


def _hash(path: Path, known: Seen, seen: Seen) -> str:
    # Not resolved: following the links of every folder above, for each of many files, takes longer than the rest.
    key = str(path.absolute())
    facts = path.stat()
    size, time, content = known.get(key, (-1, -1, ""))
    if (size, time) != (facts.st_size, facts.st_mtime_ns):
        content = files.sha256(path)
    seen[key] = (facts.st_size, facts.st_mtime_ns, content)
    return content


def _read(cache: Path) -> Seen:
    try:
        values = json.loads(cache.read_text(encoding="utf-8"))
        return {str(key): (int(size), int(time), str(content)) for key, (size, time, content) in values.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
