"""The way back to an earlier version, as a new commit: the history only grows, so every step can be taken back.

What would be lost is refused beforehand: files under git that no commit has, and photos that were changed in place.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tilecli import files, paramfile
from tilecli.errors import ProjectError
from tilecli.experiments.keep import manage
from tilecli.experiments.keep.checkout import check_out
from tilecli.experiments.project import git, prepare
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.layout import BATCHES, Project
from tilecli.versions import diff, keep, rebuild, version, workspace

_TRAILER = "Tiles-rollback"
_SECTIONS = ("data", "split")  # of params.yaml, and stages of dvc.lock that go back with the data
_DATA = (BATCHES, "environment/sources.json")
_SPLIT = ("data/split.csv", "data/split_audit.json")
_TOUCHED = ("params.yaml", "dvc.lock", "environment", "data")


@dataclass(frozen=True)
class Rolled:
    """What a rollback did."""

    rev: str  # the commit that it made; empty where everything was so already
    target: str  # SHA of the commit that was gone back to
    counts: dict[str, int]  # photos, against the version before
    photos: int


def rollback(project: Project, name: str, *, with_code: bool = False) -> Rolled:
    """Make the data those of the commit, tag or branch `name`, and commit that.

    with_code: everything that git tracks in the project goes back, model and records included. Raises ProjectError,
    with nothing changed, where uncommitted work would be lost or DVC's cache lacks files of that version.
    """
    prepare(project, commit_needed=True)
    _refuse_unfinished(project)
    target = version.resolve(project, name)
    after = version.read_commit(project, name)
    if not after.photos:
        raise ProjectError(f"'{name}' has no dataset", where=target[:7], hint="tiles data log")
    wanted = snapshot.tracked_by_dvc(project, target)
    if not with_code:
        wanted = [out for out in wanted if out.path == "data/dataset" or out.path.startswith(f"{BATCHES}/")]
    _require(project, wanted, name)
    _refuse_unsaved(project, ["."] if with_code else _TOUCHED, outputs=with_code)
    before = version.read_commit(project, "HEAD")
    with _taken_back_on_error(project, ["."] if with_code else _TOUCHED, target):
        if with_code:
            _restore(project, target, ["."])
            _check_out(project, target, "HEAD", everything=True)
        else:
            _restore_data(project, target)
        what = "the data, the code and all results" if with_code else "the data"
        rev = _commit(
            project, f"Roll back {what} to {_shown(project, name, target)}\n\n{_TRAILER}: {_mode(with_code)} {target}"
        )
    return Rolled(rev, target, diff.compare(before, after).counts(), len(after.photos))


def undo(project: Project) -> Rolled:
    """Take the last rollback back, as one more commit; or clean up after one that was interrupted."""
    prepare(project, commit_needed=True)
    if _note(project).exists():
        begun = json.loads(_note(project).read_text(encoding="utf-8"))
        _take_back(project, begun["paths"], begun["target"])
        now = version.read_commit(project, "HEAD")
        return Rolled("", git(project.root, "rev-parse", "HEAD"), diff.compare(now, now).counts(), len(now.photos))
    trailer = git(project.root, "log", "-1", f"--format=%(trailers:key={_TRAILER},valueonly)")
    if not trailer:
        last = git(project.root, "log", "-1", "--format=%h", f"--grep=^{_TRAILER}: ")
        hint = f"tiles data rollback {last}~1 goes back to what was before the last one" if last else "tiles data log"
        where = git(project.root, "log", "-1", "--oneline")
        raise ProjectError("the last commit is no rollback", where=where, hint=hint)
    target = git(project.root, "rev-parse", "HEAD~1")
    changed = git(project.root, "diff", "--name-only", "--relative", "-z", "--no-renames", "HEAD~1", "HEAD").split("\0")
    paths = [path for path in changed if path]
    code = trailer.startswith(_mode(True))
    _require(project, snapshot.tracked_by_dvc(project, target) if code else [], target[:7])
    _refuse_unsaved(project, ["."] if code else _TOUCHED, outputs=code)
    before, after = version.read_commit(project, "HEAD"), version.read_commit(project, target)
    with _taken_back_on_error(project, ["."] if code else _TOUCHED, target):
        _restore(project, target, paths)
        _check_out(project, target, "HEAD", everything=code)
        rev = _commit(project, f"Undo a rollback\n\n{_TRAILER}: {_mode(code)} {target}")
    return Rolled(rev, target, diff.compare(before, after).counts(), len(after.photos))


def _restore_data(project: Project, target: str) -> None:
    """The data's own files as they were, the sections of params.yaml and the stages of dvc.lock that say so."""
    texts = snapshot.texts(project, target, [project.params.name, snapshot.LOCK])
    settings = paramfile.parse_yaml(texts.get(project.params.name, ""), project.params.name)
    sections = {name: settings[name] for name in _SECTIONS if name in settings}
    there = snapshot.tree(project, target)
    now_there = _here(project)
    paths = [path for path in _DATA if _holds(there, path) or _holds(now_there, path)]
    # A version from before the first split leaves the split alone: what was tested on stays a test.
    _restore(project, target, [*paths, *(path for path in _SPLIT if _holds(there, path))])
    paramfile.write(project.params, paramfile.flatten(sections))
    before: dict[str, Any] = paramfile.parse_yaml(texts.get(snapshot.LOCK, ""), snapshot.LOCK)
    now = paramfile.parse_yaml(project.lock.read_text(encoding="utf-8"), snapshot.LOCK)
    went_back = {stage: entry for stage, entry in before["stages"].items() if stage in ("fetch", "split")}
    now["stages"] = {**now.get("stages", {}), **went_back}
    files.write_text(project.lock, yaml.safe_dump(now, sort_keys=False))
    _check_out(project, target, "HEAD", everything=False)
    # As made by the code and the packages of today: it is these photos that were asked for, not those of a new fetch.
    rebuild.adopt(project, [stage for stage in ("fetch", "split") if stage in went_back])


def _restore(project: Project, rev: str, paths: Sequence[str]) -> None:
    """Files under git as the commit has them; those that it does not have go."""
    gone = _batches(project)
    if paths:
        literal = [path if path == "." else f":(literal){path}" for path in paths]
        # Where data lie is no part of a version: going back must not lose a remote.
        literal += [":(exclude).dvc/config"] if "." in paths else []
        git(project.root, "restore", f"--source={rev}", "--staged", "--worktree", "--", *literal)
    for name in gone - _batches(project):  # in DVC's cache, as nothing unsaved was found in them
        shutil.rmtree(project.batches / name, ignore_errors=True)
    with contextlib.suppress(OSError):  # batches are left in it, or there is none
        project.batches.rmdir()


def _check_out(project: Project, rev: str, before: str, *, everything: bool) -> None:
    """What DVC tracks at `rev`, whose files under git are here already; what it tracked only `before` goes."""
    wanted = snapshot.tracked_by_dvc(project, rev)
    if everything:
        check_out(project, wanted, snapshot.tracked_by_dvc(project, before))
        return
    photos = {"data/dataset", *(f"{BATCHES}/{name}" for name in _batches(project))}
    check_out(project, [out for out in wanted if out.path in photos], ())


def _batches(project: Project) -> set[str]:
    return {path.stem for path in project.batches.glob("*.dvc")}


def _here(project: Project) -> dict[str, str]:
    return snapshot.tree(project, "HEAD")


def _holds(tree: dict[str, str], path: str) -> bool:
    return any(name == path or name.startswith(f"{path}/") for name in tree)


def _commit(project: Project, message: str) -> str:
    own, _ = workspace.of_the_data(project, workspace.changed_files(project))
    staged = git(project.root, "diff", "--cached", "--name-only", "--relative", "-z").split("\0")
    paths = sorted({*own, *filter(None, staged)})
    if not paths:
        return ""
    keep.make_commit(project, message, paths)
    return git(project.root, "rev-parse", "HEAD")


def _require(project: Project, wanted: Sequence[snapshot.Output], name: str) -> None:
    missing = dvccache.of(project).missing(wanted)
    if missing:
        raise ProjectError(
            f"the files of '{name}' are not all on this machine",
            where=workspace.shown([out.path for out in missing]),
            hint=f"tiles data pull {name}",
        )


def _refuse_unsaved(project: Project, paths: Sequence[str], *, outputs: bool) -> None:
    dirty = workspace.changed_files(project, paths)
    if dirty:
        raise ProjectError(
            f"{len(dirty)} files have changes that are in no commit and would be lost",
            where=workspace.shown(dirty),
            hint='tiles data commit -m "…" keeps data and results; git commit or git stash the rest',
        )
    workspace.refuse_edited(project)
    unsaved = manage.unsaved_outputs(project) if outputs else []
    if unsaved:
        raise ProjectError(
            "results in the workspace are in no version",
            where=workspace.shown(unsaved),
            hint="tiles train --resume ends an interrupted training; or delete them",
        )


@contextlib.contextmanager
def _taken_back_on_error(project: Project, paths: Sequence[str], target: str) -> Iterator[None]:
    """After an error or Ctrl-C the files are those of HEAD again; after a power cut a note says that they are not."""
    files.write_json(_note(project), {"paths": list(paths), "target": target})
    try:
        yield
    except BaseException:
        _take_back(project, paths, target)
        raise
    _note(project).unlink()


def _take_back(project: Project, paths: Sequence[str], target: str) -> None:
    # Nothing was unsaved when the rollback began, so what git does not know came with it.
    there = [path for path in paths if path == "." or _holds(_here(project), path)]
    _restore(project, "HEAD", there)
    _check_out(project, "HEAD", target, everything="." in paths)
    _note(project).unlink(missing_ok=True)


def _refuse_unfinished(project: Project) -> None:
    if _note(project).exists():
        raise ProjectError(
            "an earlier rollback was interrupted", where=str(_note(project)), hint="tiles data rollback --undo"
        )


def _note(project: Project) -> Path:
    return project.scratch / "rollback.json"


def _shown(project: Project, name: str, target: str) -> str:
    """`name` where it is a tag or a branch; HEAD~2 would mean another commit a moment later."""
    refs = [f"refs/tags/{name}", f"refs/heads/{name}"]
    return name if git(project.root, "for-each-ref", "--format=%(refname)", *refs) else target[:7]


def _mode(with_code: bool) -> str:
    return "code" if with_code else "data"
