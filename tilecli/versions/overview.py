"""What the dataset consists of: its first sources and its batches, and how the workspace stands to the last commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tilecli.data import batch as form
from tilecli.data.sources import is_batch
from tilecli.errors import TilesError
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.layout import BATCHES, GOOD, Project
from tilecli.paramfile import load
from tilecli.versions import diff, rebuild, version, workspace
from tilecli.versions.hashes import File


@dataclass(frozen=True)
class Part:
    """A source of photos, or a batch that joined later."""

    name: str
    kind: str  # source, batch
    photos: int
    types: dict[str, int]
    corrects: int  # photos of others whose mask or type it replaces
    bytes: int  # of its photos and masks
    since: str  # ISO date of the commit that brought it; empty before there is one
    by: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Status:
    """How the workspace stands to the last commit."""

    rev: str
    described: str  # the nearest tag, `base-3-g1234567` where commits came after it; empty without one
    photos: int
    diff: diff.Diff
    edited: list[str]  # files changed in place, which no version keeps
    stale: bool  # params.yaml has other settings of the data than the dataset was made with
    uncommitted: list[str]  # files of the data and of results that differ from the commit

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "commit": self.rev,
            "described": self.described,
            "photos": self.photos,
            "changes": self.diff.counts(),
            "by_type": self.diff.table(),
            "edited": self.edited,
            "stale": self.stale,
            "uncommitted": self.uncommitted,
        }


def status(project: Project) -> Status:
    """Compare the workspace's data with those of the last commit."""
    now, found = version.read_workspace(project)
    rev = version.resolve(project, "HEAD")
    edited = _edited(project, found) + workspace.edited_batches(project)
    own, _ = workspace.of_the_data(project, workspace.changed_files(project))
    return Status(
        rev,
        git(project.root, "describe", "--tags", "HEAD", check=False),
        len(now.photos),
        diff.compare(version.read_commit(project, rev), now),
        edited,
        bool(now.photos) and rebuild.settings_changed(project),
        own,
    )


def parts(project: Project) -> list[Part]:
    """Every source of photos in the order of the index's names, then every batch as params.yaml orders them."""
    now, found = version.read_workspace(project)
    listed = [text.rpartition("/")[2] for text in load(project.params).data.sources if is_batch(text)]
    by_source: dict[str, list[version.Entry]] = {name: [] for name in listed}
    for entry in now.photos.values():
        by_source.setdefault(entry.source, []).append(entry)
    bases = [name for name in by_source if name not in listed]
    return [_part(project, name, by_source[name], found, is_batch=name in listed) for name in [*bases, *listed]]


def _part(
    project: Project, name: str, entries: list[version.Entry], found: Mapping[str, File], *, is_batch: bool
) -> Part:
    types = Counter(entry.defect for entry in entries)
    names = [path for entry in entries for path in (entry.image, entry.mask) if path in found]
    facts = _facts(project, name) if is_batch else None
    return Part(
        name,
        "batch" if is_batch else "source",
        len(entries),
        dict(sorted(types.items(), key=lambda item: (item[0] == GOOD, item[0]))),
        _corrections(project, name, len(entries)) if facts and facts.relabels else 0,
        sum(found[path].size for path in names),
        _since(project, name, is_batch=is_batch),
        facts.by if facts else "",
        facts.note if facts else "",
    )


def _facts(project: Project, name: str) -> form.Facts | None:
    """What the batch says of itself, from its folder, or else from DVC's cache."""
    if (project.batches / name / form.FACTS).is_file():
        return form.read_facts(project.batches / name)
    text = _cached(project, name, form.FACTS)
    return form.parse_facts(text, name) if text else None


def _corrections(project: Project, name: str, own: int) -> int:
    index = project.batches / name / form.INDEX
    text = index.read_text(encoding="utf-8") if index.is_file() else _cached(project, name, form.INDEX)
    return max(0, len(text.splitlines()) - 1 - own)


def _cached(project: Project, name: str, file: str) -> str:
    for out in snapshot.outputs(project, snapshot.WORKSPACE):
        if out.path == f"{BATCHES}/{name}":
            try:
                cache = dvccache.of(project)
                return cache.object(cache.files(out.md5)[file]).read_text(encoding="utf-8")
            except (TilesError, OSError, KeyError):
                return ""
    return ""


def _since(project: Project, name: str, *, is_batch: bool) -> str:
    path = f"{BATCHES}/{name}.dvc" if is_batch else snapshot.LOCK
    return git(project.root, "log", "-1", "--format=%cI", "--diff-filter=A", "--", path, check=False)


def _edited(project: Project, found: Mapping[str, File]) -> list[str]:
    if not project.lock.is_file() or not found:
        return []
    locked = version.read_locked(project).files
    paths = (path for path in locked.keys() | found.keys() if locked.get(path) != _md5(found, path))
    return sorted(f"data/dataset/{path}" for path in paths)


def _md5(found: Mapping[str, File], path: str) -> str | None:
    return found[path].md5 if path in found else None
