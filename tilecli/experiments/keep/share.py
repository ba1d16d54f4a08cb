"""Experiments to and from other people: their refs over a git remote, their files over the DVC remote.

Refs go by git itself, which knows the user's keys and passwords. Files go first, so that whoever sees an experiment can
also get its model. Stars and notes go along, all of them: what both sides said is put together.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tilecli.errors import ProjectError, near_matches
from tilecli.experiments import remarks, store
from tilecli.experiments.keep import manage
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.experiments.remotes import exchange, settings
from tilecli.layout import Project

_TRIES = 3  # so many others would have to push remarks in the same moment
_REF = re.compile(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/([^/]+)")


@dataclass(frozen=True)
class Shared:
    """An experiment as a remote has it."""

    name: str
    rev: str
    baseline: str
    ref: str


@dataclass(frozen=True)
class Transferred:
    """What went over: experiments that are new on the other side, those it had already, files of theirs."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    files: int | None  # None where files were not asked for


def remote_experiments(project: Project, git_remote: str) -> list[Shared]:
    """Every experiment that the git remote holds, by name."""
    return _experiments(_listed(project, git_remote))


def _experiments(listed: Mapping[str, str]) -> list[Shared]:
    found = []
    for ref, rev in listed.items():
        if match := _REF.fullmatch(ref):
            found.append(Shared(match[3], rev, match[1] + match[2], ref))
    return sorted(found, key=lambda shared: (shared.name, shared.rev))


def _listed(project: Project, git_remote: str) -> dict[str, str]:
    """Ref → commit of the experiments and of the remarks that the git remote holds, in one round trip."""
    _check_git_remote(project, git_remote)
    lines = _talk(project, "ls-remote", git_remote, "refs/exps/*", remarks.REF).splitlines()
    return {ref: rev for rev, ref in (line.split("\t") for line in lines)}


def push(
    project: Project,
    names: Sequence[str] = (),
    *,
    git_remote: str = "origin",
    files: bool = True,
    dvc_remote: str | None = None,
    force: bool = False,
) -> Transferred:
    """Copy experiments (default: all) to the git remote and what they track to the DVC remote."""
    records = store.experiments(project)
    there = _listed(project, git_remote)
    chosen = [store.find(records, name) for name in names] if names else records
    refs = {manage.ref_of(record): record for record in chosen}
    _check_same(
        [record.name for ref, record in refs.items() if there.get(ref, record.rev) != record.rev],
        f"'{git_remote}' has another experiment of that name",
        force=force,
    )
    count = None
    if files and refs:
        _check_dvc_remote(project, dvc_remote)
        for record in chosen:  # DVC says nothing of what it does not have
            dvccache.require(project, snapshot.tracked_by_dvc(project, record.rev), record.name)
        count = exchange.transfer(project, "push", [record.rev for record in chosen], remote=dvc_remote)
    new = {ref: record for ref, record in refs.items() if there.get(ref) != record.rev}
    if new:
        _talk(project, "push", "--quiet", git_remote, *(f"+{record.rev}:{ref}" for ref, record in new.items()))
    _push_remarks(project, git_remote, there.get(remarks.REF, ""))
    known = tuple(record.name for ref, record in refs.items() if ref not in new)
    return Transferred(tuple(record.name for record in new.values()), known, count)


def pull(
    project: Project,
    names: Sequence[str] = (),
    *,
    git_remote: str = "origin",
    files: bool = True,
    dvc_remote: str | None = None,
    force: bool = False,
) -> Transferred:
    """Copy experiments (default: all) from the git remote and what they track from the DVC remote."""
    listed = _listed(project, git_remote)
    there = _experiments(listed)
    chosen = [shared for name in names for shared in _named(there, name, git_remote)] if names else there
    here = {manage.ref_of(record): record.rev for record in store.experiments(project)}
    _check_same(
        [shared.name for shared in chosen if here.get(shared.ref, shared.rev) != shared.rev],
        "there is another experiment of that name here",
        force=force,
    )
    new = [shared for shared in chosen if here.get(shared.ref) != shared.rev]
    if files and chosen:
        _check_dvc_remote(project, dvc_remote)
    if new:
        _talk(project, "fetch", "--quiet", "--no-tags", git_remote, *(f"+{shared.ref}:{shared.ref}" for shared in new))
    _take_remarks(project, git_remote, listed.get(remarks.REF, ""))
    count = None
    if files and chosen:
        count = exchange.transfer(project, "fetch", [shared.rev for shared in chosen], remote=dvc_remote)
        _check_complete(project, chosen)
    return Transferred(
        tuple(shared.name for shared in new), tuple(shared.name for shared in chosen if shared not in new), count
    )


def _take_remarks(project: Project, git_remote: str, theirs: str) -> None:
    """Put the stars and notes of the remote's commit `theirs` ("": it has none) together with what is here."""
    if not theirs:
        return
    _talk(project, "fetch", "--quiet", "--no-tags", git_remote, remarks.REF)
    remarks.merge(project, theirs)


def _push_remarks(project: Project, git_remote: str, theirs: str) -> None:
    for tried in range(1, _TRIES + 1):
        _take_remarks(project, git_remote, theirs)
        here = git(project.root, "rev-parse", "--verify", "--quiet", remarks.REF, check=False)
        if here == theirs:
            return
        try:
            _talk(project, "push", "--quiet", git_remote, f"{here}:{remarks.REF}")
        except ProjectError:
            if tried == _TRIES:
                raise
            theirs = _listed(project, git_remote).get(remarks.REF, "")
        else:
            return


def _named(there: Sequence[Shared], name: str, git_remote: str) -> list[Shared]:
    found = [shared for shared in there if name == shared.name or (len(name) >= 4 and shared.rev.startswith(name))]
    if not found:
        hint = near_matches(name, [shared.name for shared in there]) or f"tiles exp list --remote {git_remote}"
        raise ProjectError(f"there is no experiment '{name}' on '{git_remote}'", hint=hint)
    return found


def _check_same(names: Sequence[str], problem: str, *, force: bool) -> None:
    if names and not force:
        raise ProjectError(
            problem, where=", ".join(names), hint="rename one (tiles exp rename), or --force replaces it"
        )


def _check_complete(project: Project, chosen: Sequence[Shared]) -> None:
    """DVC fetches what there is, and says nothing of the rest."""
    here = dvccache.of(project)
    lacking = [shared.name for shared in chosen if here.missing(snapshot.tracked_by_dvc(project, shared.rev))]
    if lacking:
        raise ProjectError(
            f"the experiments are here, but the DVC remote does not have all files of {', '.join(lacking)}",
            hint=f"tiles exp push {lacking[0]} where it was made",
        )


def _check_git_remote(project: Project, name: str) -> None:
    known = git(project.root, "remote").split()
    if name in known or "/" in name or ":" in name:  # a URL or a path is as good as a name
        return
    if not known:
        raise ProjectError("this repository has no git remote", hint=f"git remote add {name} URL")
    hint = near_matches(name, known) or f"remotes: {', '.join(known)}"
    raise ProjectError(f"there is no git remote '{name}'", hint=hint)


def _check_dvc_remote(project: Project, name: str | None) -> None:
    if not settings.remotes(project):
        raise ProjectError(
            "this project has no DVC remote to keep the experiments' files",
            hint="tiles data remote add storage FOLDER_OR_URL; or --no-cache leaves the files out",
        )
    settings.find(project, name)


def _talk(project: Project, *arguments: str) -> str:
    """Git over a network. What it asks (a password, a host key) it asks on the terminal, not on these pipes."""
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith(("fatal:", "error:", " !"))]
        words = (said or done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise ProjectError(
            f"git {arguments[0]} failed: {words.removeprefix('fatal: ').strip()}",
            where=next((argument for argument in arguments[1:] if not argument.startswith("-")), None),
        )
    return done.stdout
