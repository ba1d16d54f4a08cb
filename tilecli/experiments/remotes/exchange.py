"""Versions of photos and models to a remote and back: what commits track, copied and verified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tilecli import progress
from tilecli.errors import PipelineError, ProjectError, near_matches
from tilecli.experiments import dvc
from tilecli.experiments.project import git, prepare
from tilecli.experiments.reading import snapshot
from tilecli.experiments.remotes import settings, worker, writing
from tilecli.layout import Project

_HELPER = "tilecli.experiments.remotes.helper"
_SHOWN = 3
Way = Literal["push", "fetch"]


@dataclass(frozen=True)
class Exchanged:
    """How a push or pull went; see `copying.Copied`. Files are named by a path they had and their hash."""

    remote: str
    copied: int
    bytes: int
    known: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    mended: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether the target now holds everything."""
        return not self.missing and not self.damaged


def push(
    project: Project,
    revs: Sequence[str] = (),
    *,
    everything: bool = False,
    remote: str | None = None,
    jobs: int | None = None,
    verify: bool = False,
) -> Exchanged:
    """Copy what these commits track (default: the workspace and HEAD) to a remote; `everything`: branches and tags."""
    prepare(project)
    chosen = _revisions(project, revs, everything=everything)
    return _exchange(project, "push", chosen, remote, jobs, verify=verify)


def pull(
    project: Project,
    revs: Sequence[str] = (),
    *,
    everything: bool = False,
    remote: str | None = None,
    jobs: int | None = None,
    verify: bool = False,
) -> Exchanged:
    """Fetch what these commits track into the cache; without `revs`, the workspace's, and put it into the workspace.

    Raises ProjectError where the workspace holds changes that nothing else holds; the files are in the cache then.
    """
    prepare(project)
    plain = not revs and not everything
    chosen = [snapshot.WORKSPACE] if plain else _revisions(project, revs, everything=everything)
    done = _exchange(project, "fetch", chosen, remote, jobs, verify=verify)
    if plain and done.whole:
        _check_out(project)
    return done


def transfer(
    project: Project, way: Way, revs: Sequence[str], *, remote: str | None = None, inside: str | None = None
) -> int:
    """Copy the files that these commits track to (or from) a remote; returns how many were copied.

    inside: only what is tracked under this path. What the remote does not have is left out: whoever needs it looks in
    the cache. ProjectError names damaged files.
    """
    done = _exchange(project, way, revs, remote, None, verify=False, inside=inside)
    if done.damaged:
        raise damage(done, way)
    return done.copied


def check(project: Project, name: str | None) -> tuple[settings.Remote, list[dict[str, Any]]]:
    """Try a remote out; returns what `checking.Step` says of each step."""
    writing.follow(project)
    remote = settings.find(project, name)
    tracked = _needed(project, [snapshot.WORKSPACE])
    asked = {"do": "check", "remote": remote.name, "sample": next(iter(tracked), None)}
    return remote, list(worker.ask(project, _HELPER, asked)["steps"])


def lack(done: Exchanged, way: Way) -> ProjectError:
    """The error for files that are missing."""
    count = f"{len(done.missing)} file{'' if len(done.missing) == 1 else 's'}"
    if way == "push":
        return ProjectError(
            f"{count} could not be pushed: neither DVC's cache here nor '{done.remote}' has them",
            where=_some(done.missing),
            hint="tiles data push where they were made; tiles train makes them again",
        )
    return ProjectError(
        f"'{done.remote}' does not have {count} of this version",
        where=_some(done.missing),
        hint="tiles data push where it was made",
    )


def damage(done: Exchanged, way: Way) -> ProjectError:
    """The error for files whose contents are not what their hash says."""
    count = f"{len(done.damaged)} file{' is' if len(done.damaged) == 1 else 's are'}"
    where = _some(done.damaged)
    if way == "push":
        return ProjectError(
            f"{count} damaged, in DVC's cache here or on '{done.remote}', and not pushed",
            where=where,
            hint="tiles data pull --verify mends the cache from a remote",
        )
    return ProjectError(
        f"{count} damaged on '{done.remote}', and not taken",
        where=where,
        hint="tiles data push --verify, where they are whole",
    )


def _exchange(
    project: Project,
    way: Way,
    revs: Sequence[str],
    remote: str | None,
    jobs: int | None,
    *,
    verify: bool,
    inside: str | None = None,
) -> Exchanged:
    writing.follow(project)
    chosen = settings.find(project, remote)
    wanted = _needed(project, revs)
    if inside is not None:
        wanted = {md5: path for md5, path in wanted.items() if snapshot.overlap(path, inside)}
    asked = {"do": way, "remote": chosen.name, "wanted": wanted, "jobs": jobs, "verify": verify}
    try:
        answer = worker.ask(project, _HELPER, asked) if wanted else {}
    except worker.Interrupted as stop:
        done = stop.answer.get("result", {})
        verb = "push" if way == "push" else "pull"
        if done:
            left = f"{done['copied']} files are over, {done['left']} are left"
            progress.warn(f"stopped: {left}. tiles data {verb} goes on from there")
        raise
    if answer.get("left"):  # the helper alone was told to end
        raise PipelineError("stopped by a signal", hint="the same command goes on where it stopped")
    missing, damaged, mended = (tuple(dict.fromkeys(answer.get(name, ()))) for name in ("missing", "damaged", "mended"))
    copied, size, known = (int(answer.get(name, 0)) for name in ("copied", "bytes", "known"))
    return Exchanged(chosen.name, copied, size, known, missing, damaged, mended)


def _needed(project: Project, revs: Iterable[str]) -> dict[str, str]:
    """Hash → path of every file and folder that these commits track."""
    return {out.md5: out.path for rev in revs for out in snapshot.tracked_by_dvc(project, rev)}


def _revisions(project: Project, names: Sequence[str], *, everything: bool) -> list[str]:
    head = git(project.root, "rev-parse", "--verify", "--quiet", "HEAD", check=False)
    if everything:
        everywhere = ("--branches", "--tags", "--remotes", *([head] if head else []))
        # Those that changed what is tracked; with the full history, on branches too that a merge made nothing of.
        changed = ("--full-history", "--", snapshot.LOCK, "*.dvc")
        return [snapshot.WORKSPACE, *git(project.root, "rev-list", *everywhere, *changed).split()]
    if not names:
        return [snapshot.WORKSPACE, *([head] if head else [])]
    return [_commit(project, name) for name in names]


def _commit(project: Project, name: str) -> str:
    sha = git(project.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False)
    if not sha:
        known = git(project.root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags").split()
        hint = near_matches(name, known) or "a commit, a branch or a tag; tiles exp push and pull take experiments"
        raise ProjectError(f"there is no version '{name}'", hint=hint)
    return sha


def _check_out(project: Project) -> None:
    paths = [out.path for out in snapshot.tracked_by_dvc(project, snapshot.WORKSPACE)]
    try:
        # Named one by one: for a stage that has not run yet DVC would fail.
        if paths:
            dvc.plain(project.root, "checkout", *paths)
    except PipelineError as error:
        said = [line for line in error.message.partition("failed: ")[2].splitlines() if line.strip()]
        raise ProjectError(
            "the files are in the cache, but not all could be put into the workspace, which holds changes of its own",
            where=", ".join(said[1:4] or said) or None,
            hint="dvc status shows them; dvc checkout --force gives them up",
        ) from None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
