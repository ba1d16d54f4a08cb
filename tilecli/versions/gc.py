"""Freeing what no version needs: neither a commit, tag, branch or experiment, nor the workspace or a queued run.

Unlike `dvc gc` it never takes results of runs that are not handed over yet, and it works without checking anything out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tilecli.errors import PipelineError, ProjectError
from tilecli.experiments import dvc
from tilecli.experiments.keep import collect
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.experiments.reading.lineage import OF_FOLDER
from tilecli.experiments.remotes import settings, writing
from tilecli.layout import Project

# What a remote has can only be said by DVC's own file systems. Sizes are asked for one by one: only of what goes.
_REMOTE = """
import json
from dvc.repo import Repo
def answer(asked):
    repo = Repo(".")
    odb = repo.cloud.get_remote_odb(asked["remote"], "gc", hash_name="md5")
    there = set(odb.all())
    keep = set(asked["keep"])
    lost = []
    for oid in asked["unknown"]:
        if oid not in there:
            lost.append(oid)
            continue
        keep |= {entry["md5"] for entry in json.loads(odb.fs.cat_file(odb.oid_to_path(oid)))}
    gone = sorted(there - keep) if not lost else []
    paths = [odb.oid_to_path(oid) for oid in gone]
    size = sum(odb.fs.info(path).get("size") or 0 for path in paths)
    if asked["delete"] and paths:
        odb.fs.remove(paths)
    return {"objects": len(gone), "bytes": size, "lost": lost}
"""


@dataclass(frozen=True)
class Plan:
    """What nobody needs in the cache on this machine."""

    files: tuple[Path, ...]
    bytes: int
    kept: int  # objects that stay
    shared: Path | None  # the cache, where other projects may use it too: its files stay


@dataclass(frozen=True)
class Remote:
    """What nobody needs in a remote."""

    name: str
    objects: int
    bytes: int


def plan(project: Project) -> Plan:
    """Find the objects of the cache that no version mentions."""
    cache = dvccache.of(project)
    top = Path(git(project.root, "rev-parse", "--show-toplevel")).resolve()
    if not cache.root.is_relative_to(top):
        return Plan((), 0, 0, cache.root)
    needed = collect.with_inside(cache, collect.mentioned(collect.tracking_texts(project, set())))
    objects = list(_objects(cache))
    files = [path for md5, path in objects if md5 not in needed]
    return Plan(tuple(sorted(files)), sum(path.stat().st_size for path in files), len(objects) - len(files), None)


def run(project: Project, work: Plan) -> None:
    """Delete what the plan names, unless something that runs may be about to need it."""
    if work.files:
        collect.refuse_while_running(project)
    for file in work.files:
        file.unlink(missing_ok=True)


def remote(project: Project, name: str | None, *, delete: bool) -> Remote:
    """Find, or delete, the objects of a remote that no version in this repository mentions.

    Raises ProjectError where there is no such remote, and where the list of a version's files is neither here nor
    there, so that nobody can say what it needs; PipelineError with DVC's words.
    """
    chosen = settings.find(project, name).name
    writing.follow(project)
    cache = dvccache.of(project)
    texts = [text.decode("utf-8", "replace") for text in collect.tracking_texts(project, set())]
    mentioned = collect.mentioned(text.encode() for text in texts)
    absent = {md5 for md5 in mentioned if md5.endswith(OF_FOLDER) and not cache.object(md5).is_file()}
    unknown = _kept_by_dvc(project, texts, absent)
    needed = collect.with_inside(cache, mentioned)
    asked = {"remote": chosen, "keep": sorted(needed), "unknown": sorted(unknown), "delete": delete}
    try:
        with dvc.script(project.root, _REMOTE) as ask:
            told = ask(asked)
    except PipelineError as error:
        raise PipelineError(f"the remote cannot be looked through: {error.message}", where=chosen) from error
    if told["lost"]:
        raise ProjectError(
            f"{len(told['lost'])} lists of files are neither here nor there, so what they need is not known",
            where=chosen,
            hint="tiles data push where they were made, or tiles data pull --all here",
        )
    return Remote(chosen, int(told["objects"]), int(told["bytes"]))


def _kept_by_dvc(project: Project, texts: Iterable[str], folders: Collection[str]) -> set[str]:
    """Those hashes of folders whose files git does not keep itself: the others were never in any cache."""
    paths: dict[str, set[str]] = {}
    for text in texts:
        if not any(md5 in text for md5 in folders):
            continue
        for out in snapshot.locked(text):
            if out.md5 in folders:
                paths.setdefault(out.path, set()).add(out.md5)
    by_git = {path for path in paths if git(project.root, "log", "--all", "-1", "--format=%h", "--", path)}
    own = {md5 for path, md5s in paths.items() if path in by_git for md5 in md5s}
    return set(folders) - own


def _objects(cache: dvccache.Cache) -> Iterator[tuple[str, Path]]:
    for folder in sorted((cache.root / "files" / "md5").glob("[0-9a-f][0-9a-f]")):
        for path in folder.iterdir():
            # A name of another form is a file that is just being written.
            if len(path.name.removesuffix(OF_FOLDER)) == 30:
                yield folder.name + path.name, path
