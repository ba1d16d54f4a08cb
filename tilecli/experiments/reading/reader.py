"""Reads a project's few telling files out of many commits at once, and keeps what they say.

Everything is kept twice over: which files a commit holds, by its SHA, and what a file says, by the SHA of its text,
because most experiments share most of their files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tilecli.experiments.reading import objects
from tilecli.experiments.reading.cache import Cache
from tilecli.layout import Project

# Kind → path in the project.
_HERE = Project(Path())
FILES = {
    "params": _HERE.params.as_posix(),
    "training": _HERE.training_metrics.as_posix(),
    "evaluation": _HERE.metrics.as_posix(),
    "lock": _HERE.lock.as_posix(),
    "series": _HERE.valid_dice.as_posix(),
}


@dataclass(frozen=True)
class Texts:
    """What the files of one commit, or of one folder, say."""

    created: float = 0.0
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)  # kind → what `facts.parse` makes of it; None: no such file
    broken: tuple[str, ...] = ()  # kinds


class Reader:
    """Reads for one project; what it has read once it does not read again."""

    def __init__(self, project: Project, cache: Cache | None = None) -> None:
        """cache: where to keep what was read, instead of a `Cache` in `cache_file`."""
        self._project = project
        self._cache = Cache(cache_file(project)) if cache is None else cache
        self._said: dict[str, Any] = {}

    @cached_property
    def place(self) -> objects.Place:
        """Where the project stands in its repository: asked of git once, and not for folders."""
        return objects.place(self._project.root)

    def commits(self, shas: Sequence[str]) -> dict[str, Texts]:
        """What each of the commits holds; a commit that is not in this repository (a shallow clone) holds nothing."""
        # What lies where depends on the project's own place in the repository.
        names = {sha: f"commit:{sha}:{self.place.prefix}" for sha in shas}
        known = self._cache.get(names.values())
        kept = {sha: known[name] for sha, name in names.items() if _is_commit(known.get(name))}
        missing = [sha for sha in names if sha not in kept]
        paths = [f"{self.place.prefix}{path}" for path in FILES.values()]
        found = objects.resolve(self._project.root, [f"{sha}:{path}" for sha in missing for path in paths])
        step = len(paths)
        blobs = {sha: found[at * step : (at + 1) * step] for at, sha in enumerate(missing)}
        blobs |= {sha: row[2] for sha, row in kept.items()}
        self._learn({f"{kind}:{blob}" for row in blobs.values() for kind, blob in zip(FILES, row, strict=True) if blob})

        fresh: dict[str, Any] = {}
        for sha, text in zip(missing, objects.read(self._project.root, missing), strict=True):
            if text is not None:
                created, message = objects.date_and_message(text)
                kept[sha] = fresh[names[sha]] = [created, message, blobs[sha]]
        self._cache.put(fresh)
        return {sha: self._texts(*kept[sha]) if sha in kept else Texts() for sha in names}

    def folder(self, root: Path, since: float | None = None) -> Texts:
        """What the files under `root` say now; only those written after `since`, but for params.yaml."""
        held: list[str] = []
        texts: dict[str, bytes] = {}
        for kind, path in FILES.items():
            file = root / path
            try:
                old = since is not None and kind != "params" and file.stat().st_mtime <= since
                data = None if old else file.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                data = None
            except OSError:
                data = b"\0"  # there, and not to be read
            if data is None:
                held.append("")
                continue
            blob = hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
            texts[f"{kind}:{blob}"] = data
            held.append(blob)
        self._learn(set(texts), texts)
        return self._texts(0.0, "", held)

    def _texts(self, created: float, message: str, blobs: Sequence[str]) -> Texts:
        values = {kind: self._said[f"{kind}:{blob}"] if blob else None for kind, blob in zip(FILES, blobs, strict=True)}
        broken = tuple(kind for kind, blob in zip(FILES, blobs, strict=True) if blob and values[kind] is None)
        return Texts(created, message, values, broken)

    def _learn(self, names: set[str], texts: dict[str, bytes] | None = None) -> None:
        """Fill `_said` for every `kind:blob` of `names`: from the cache, else from `texts`, else from git."""
        unknown = names - self._said.keys()
        self._said |= self._cache.get(unknown)
        unknown -= self._said.keys()
        if not unknown:
            return
        # Only now, because it brings the YAML reader with it: what is known needs none.
        from tilecli.experiments.reading import facts

        if texts is None:
            blobs = {name: name.partition(":")[2] for name in unknown}
            held = dict.fromkeys(blobs.values())
            data = dict(zip(held, objects.read(self._project.root, list(held)), strict=True))
            texts = {name: text for name, blob in blobs.items() if (text := data[blob]) is not None}
        fresh = {
            name: facts.parse(name.partition(":")[0], texts[name].decode("utf-8", "replace"))
            for name in unknown
            if name in texts
        }
        self._cache.put(fresh)
        # A blob that is not there (a partial clone) is unreadable for now, and not for good.
        self._said |= dict.fromkeys(unknown) | fresh


def cache_file(project: Project) -> Path | None:
    """Where what was read is kept; nowhere in a folder where DVC is not set up: it gets no .dvc by being looked at."""
    return project.scratch / "experiments.sqlite" if (project.root / ".dvc").is_dir() else None


def _is_commit(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 3 and isinstance(row[2], list) and len(row[2]) == len(FILES)
