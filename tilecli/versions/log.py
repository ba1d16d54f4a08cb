"""The history of the data: commits whose dataset is another than that of the commit before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.experiments.reading import objects, snapshot
from tilecli.layout import BATCHES, Project
from tilecli.versions import diff, version

_FORM = "%H%x1f%cI%x1f%an%x1f%s"


@dataclass(frozen=True)
class Logged:
    """One commit that changed the data."""

    rev: str
    date: str  # ISO
    by: str
    message: str
    tags: tuple[str, ...]  # of this commit, and of later ones that changed no data
    photos: int | None  # None where DVC's cache lacks this version
    counts: dict[str, int] | None  # against the version before; None where the cache lacks one of the two

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rev": self.rev,
            "date": self.date,
            "by": self.by,
            "message": self.message,
            "tags": list(self.tags),
            "photos": self.photos,
            "changes": self.counts,
        }


def history(project: Project, limit: int) -> list[Logged]:
    """The last `limit` commits on this branch that changed the data, the latest first."""
    return list(islice(_changes(project), limit))


def _changes(project: Project) -> Iterator[Logged]:
    paths = [snapshot.LOCK, BATCHES]
    lines = git(
        project.root, "log", "--first-parent", "-m", f"--format={_FORM}", "--no-patch", "--", *paths
    ).splitlines()
    commits = [line.split("\x1f") for line in lines]
    prefix = git(project.root, "rev-parse", "--show-prefix")
    wanted = [f"{commit[0]}:{prefix}{snapshot.LOCK}" for commit in commits]
    locks = [text.decode("utf-8", "replace") if text else "" for text in objects.read(project.root, wanted)]
    held: dict[str, version.Version] = {}
    tags = _tags(project, {commit[0] for commit in commits})
    seen: tuple[str, ...] = ()
    for number, (commit, lock) in enumerate(zip(commits, locks, strict=True)):
        rev, date, by, message = commit
        seen = (*seen, *tags.get(rev, ()))
        before = locks[number + 1] if number + 1 < len(commits) else ""
        if version.dataset_of(lock) == version.dataset_of(before):
            continue
        older = commits[number + 1][0] if number + 1 < len(commits) else ""
        photos, counts = _counts(project, older, rev, held)
        yield Logged(rev, date, by, message, seen, photos, counts)
        seen = ()


def _tags(project: Project, changes: Collection[str]) -> dict[str, list[str]]:
    """Commit → its tags, and those of later commits of this branch that touched no data."""
    form = "--format=%(objectname) %(*objectname) %(refname:short)"
    at: dict[str, list[str]] = {}
    for line in git(project.root, "for-each-ref", form, "refs/tags").splitlines():
        sha, target, name = line.split(" ", 2)
        at.setdefault(target or sha, []).append(name)
    found: dict[str, list[str]] = {}
    waiting: list[str] = []
    for rev in git(project.root, "rev-list", "--first-parent", "HEAD").splitlines() if at else ():
        waiting += at.get(rev, [])
        if rev in changes:
            found[rev], waiting = waiting, []
    return found


def _counts(
    project: Project, older: str, rev: str, held: dict[str, version.Version]
) -> tuple[int | None, dict[str, int] | None]:
    """Photos of a version, and its changes; `held` keeps the older one, which comes next."""
    try:
        after = held.pop(rev, None) or version.read_commit(project, rev)
    except ProjectError:
        return None, None
    try:
        before = version.read_commit(project, older) if older else version.Version("")
    except ProjectError:
        return len(after.photos), None
    held[older] = before
    return len(after.photos), diff.compare(before, after).counts()
