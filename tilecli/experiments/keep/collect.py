"""Freeing what experiments take up that nobody wants any more.

Only files that the removed experiments alone refer to are deleted. Everything else in the cache stays: `dvc gc` also
deletes what it does not know of, such as results that a queued run in a clone has made and not handed over yet.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli.errors import ProjectError
from tilecli.experiments import store
from tilecli.experiments.compare import sort_records
from tilecli.experiments.keep import manage
from tilecli.experiments.process import is_alive
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache as caches
from tilecli.experiments.reading import objects, snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

_MD5 = re.compile(r"\b[0-9a-f]{32}(?:\.dir)?\b")
# Stashed work and queued experiments, which git reaches only through these refs' logs.
_STASHES = ("refs/stash", "refs/exps/celery/stash", "refs/exps/celery/failed", "refs/exps/stash")


@dataclass(frozen=True)
class Plan:
    """What `run` would do: experiments that go and stay, files of the cache that nobody else needs, their bytes."""

    removed: tuple[Record, ...]
    kept: tuple[Record, ...]
    files: tuple[Path, ...]
    bytes: int
    shared: Path | None  # the cache, where other projects may use it too: its files stay


def plan(project: Project, keep: int, by: str | None = None, *, cache: bool = True) -> Plan:
    """Keep the `keep` best by a metric (default: the newest) and find what the others alone take up."""
    records = store.experiments(project)
    ordered = sort_records(records, by) if by and records else records
    kept, removed = ordered[:keep], ordered[keep:]
    if not cache or not removed:
        return Plan(tuple(removed), tuple(kept), (), 0, None)
    here = caches.of(project)
    top = Path(git(project.root, "rev-parse", "--show-toplevel")).resolve()
    if not here.root.is_relative_to(top):
        return Plan(tuple(removed), tuple(kept), (), 0, here.root)
    files = sorted(_unneeded(project, here, removed))
    return Plan(tuple(removed), tuple(kept), tuple(files), sum(file.stat().st_size for file in files), None)


def run(project: Project, work: Plan) -> None:
    """Do what the plan says."""
    if work.files:
        refuse_while_running(project)
    manage.remove(project, work.removed)
    for file in work.files:
        file.unlink(missing_ok=True)


def _unneeded(project: Project, cache: caches.Cache, removed: Sequence[Record]) -> set[Path]:
    """Files of the cache that the removed experiments refer to and nothing that stays does."""
    prefix = git(project.root, "rev-parse", "--show-prefix")
    locks = objects.read(project.root, [f"{record.rev}:{prefix}{snapshot.LOCK}" for record in removed])
    candidates = mentioned(content for content in locks if content is not None)
    staying = mentioned(tracking_texts(project, {manage.ref_of(record) for record in removed}))
    # A folder that stays may share files with one that goes, so what is inside decides, not the folder's hash alone.
    return {
        path
        for md5 in with_inside(cache, candidates) - with_inside(cache, staying)
        if (path := cache.object(md5)).is_file()
    }


def with_inside(cache: caches.Cache, hashes: Iterable[str]) -> set[str]:
    """The hashes and those of the files in the folders among them."""
    found = set(hashes)
    for md5 in tuple(found):
        if cache.object(md5).is_file():
            found.update(cache.files(md5).values())
    return found


def mentioned(contents: Iterable[bytes]) -> set[str]:
    """Every hash in these texts. What only looks like one keeps a file too many, which does no harm."""
    return {md5 for content in contents for md5 in _MD5.findall(content.decode("utf-8", "replace"))}


def tracking_texts(project: Project, gone: set[str]) -> Iterator[bytes]:
    """The dvc.lock and .dvc files of every commit that stays reachable, of stashes, working trees and clones."""
    refs = git(project.root, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    starts = [sha for sha, ref in (line.split(" ", 1) for line in refs) if ref not in gone | set(manage.DVC_NOTES)]
    for ref in _STASHES:
        starts += git(project.root, "reflog", "show", "--format=%H", ref, "--", check=False).split()
    command = ["git", "rev-list", "--objects", "--stdin"]
    lines = "".join(f"{sha}\n" for sha in ("HEAD", *starts))
    done = subprocess.run(command, cwd=project.root, input=lines, capture_output=True, text=True, check=True)
    listed = (line.partition(" ") for line in done.stdout.splitlines())
    blobs = [sha for sha, _, path in listed if _tracks(path)]
    yield from (content for content in objects.read(project.root, blobs) if content is not None)
    for file in _tracking_files(project):
        with contextlib.suppress(OSError):  # deleted, or a clone that has just been removed
            yield file.read_bytes()


def _tracks(path: str) -> bool:
    """Whether a file may say what DVC tracks. Git names each object once, so a renamed copy must count too."""
    name = path.rpartition("/")[2]
    return snapshot.LOCK in name or (".dvc" in name and name != ".dvcignore")


def _tracking_files(project: Project) -> Iterator[Path]:
    for line in git(project.root, "worktree", "list", "--porcelain").splitlines():
        if line.startswith("worktree ") and Path(top := line.removeprefix("worktree ")).is_dir():
            listed = git(Path(top), "ls-files", "-z", "--cached", "--others", check=False)
            yield from (Path(top) / name for name in listed.split("\0") if _tracks(name))
    # Experiments that run in clones of this project; their results are in no ref yet.
    for folder, _, names in os.walk(project.root / ".dvc" / "tmp"):
        yield from (Path(folder) / name for name in names if _tracks(name))


def refuse_while_running(project: Project) -> None:
    """A run keeps files in the cache before anything mentions them; DVC notes down which processes are running."""
    for folder, _, names in os.walk(project.root / ".dvc" / "tmp"):
        if "rwlock" not in names:
            continue
        text = (Path(folder) / "rwlock").read_text(encoding="utf-8")
        for number in re.findall(r'"pid": "?(\d+)', text):
            if is_alive(int(number)):
                raise ProjectError(
                    "an experiment is running in this project, and its files must not be taken for unneeded ones",
                    where=f"process {number}",
                    hint="wait until it has ended, or --no-cache removes the experiments alone",
                )
