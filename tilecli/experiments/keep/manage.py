"""Keeping the good experiments: put one into the workspace, make a branch of it, rename and remove.

Experiments are refs, so most of this is plain git: at once, all or nothing, and nothing that git could not bring back.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli import progress
from tilecli.errors import ProjectError, UsageError
from tilecli.experiments import dvc, store
from tilecli.experiments.keep.checkout import check_out
from tilecli.experiments.project import check_name, ensure_identity, git
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

# DVC's notes of what it did last; one that names a removed experiment would keep its commit alive.
DVC_NOTES = ("refs/exps/exec/EXEC_APPLY", "refs/exps/exec/EXEC_BRANCH")


@dataclass(frozen=True)
class Applied:
    """What `apply` did: the experiment, where unsaved work was put, and how many commits HEAD has come further."""

    record: Record
    stash: str  # SHA of the git stash with the user's changes; empty where there were none
    kept: Path | None  # folder with DVC-tracked files that were in no cache
    behind: int


def ref_of(record: Record) -> str:
    """The git ref that keeps an experiment."""
    return f"refs/exps/{record.baseline[:2]}/{record.baseline[2:]}/{record.name}"


def apply(project: Project, name: str, *, force: bool = False) -> Applied:
    """Make the project's files those of the experiment; HEAD stays, so `git diff` shows what it changed.

    Changes that are in no commit and no experiment are refused, or put aside with `force`. Done with git itself, as
    `dvc exp apply` stashes every untracked file on the way and brings back files that the experiment deleted.
    """
    record = store.find(store.experiments(project), name)
    wanted = snapshot.tracked_by_dvc(project, record.rev)
    dvccache.require(project, wanted, record.name)
    changed, unsaved = unsaved_files(project, record), unsaved_outputs(project)
    if (changed or unsaved) and not force:
        shown = [*changed, *unsaved]
        more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
        raise ProjectError(
            "the workspace has changes that are in no commit and no experiment",
            where=", ".join(shown[:5]) + more,
            hint="commit them, or --force puts them aside and says where",
        )
    stash = _stash(project, changed, record.name) if changed else ""
    kept = _put_aside(project, unsaved) if unsaved else None
    before = snapshot.tracked_by_dvc(project, snapshot.WORKSPACE)
    git(project.root, "restore", f"--source={record.rev}", "--staged", "--worktree", "--", ".")
    check_out(project, wanted, before)
    behind = git(project.root, "rev-list", "--count", f"{record.baseline}..HEAD", check=False)
    return Applied(record, stash, kept, int(behind or 0))


def unsaved_files(project: Project, record: Record) -> list[str]:
    """Files under git whose present contents would be lost by applying `record`: no commit or experiment has them.

    After `tiles train` every result is an uncommitted change, but the experiment keeps it, so it is not unsaved.
    """
    top = Path(git(project.root, "rev-parse", "--show-toplevel"))
    prefix = git(project.root, "rev-parse", "--show-prefix")
    status = _raw(project.root, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ".")
    target = {prefix + path for path in snapshot.tree(project, record.rev)}
    dirty = []
    for entry in filter(None, status.split("\0")):
        state, path = entry[:2], entry[3:]
        # What git does not know and the experiment does not have stays where it is.
        if (top / path).is_file() and (state != "??" or path in target):
            dirty.append(path)
    if not dirty:
        return []
    hashes = _hash_files(top, dirty)
    revs = [record.rev, *(other.rev for other in store.experiments(project) if other.rev != record.rev)]
    known = _blobs(top, [f"{rev}:{path}" for path in dirty for rev in revs])
    kept = {path: set(known[place * len(revs) : (place + 1) * len(revs)]) for place, path in enumerate(dirty)}
    return [path for path, sha in zip(dirty, hashes, strict=True) if sha not in kept[path]]


def branch(project: Project, name: str, new: str) -> Record:
    """Make the git branch `new` of an experiment."""
    record = store.find(store.experiments(project), name)
    if not git(project.root, "check-ref-format", "--branch", new, check=False):
        raise ProjectError(f"'{new}' cannot be a branch's name", hint="letters, digits, - and _")
    there = git(project.root, "rev-parse", "--verify", "--quiet", f"refs/heads/{new}", check=False)
    if there:
        raise ProjectError(f"there is a branch '{new}' already", where=there[:7], hint=f"git switch {new}")
    git(project.root, "branch", "--no-track", "--", new, record.rev)
    return record


def rename(project: Project, old: str, new: str) -> Record:
    """Give an experiment another name; its commit stays the same."""
    records = store.experiments(project)
    record = store.find(records, old)
    check_name(project, new)
    before, after = ref_of(record), ref_of(record).removesuffix(record.name) + new
    _update_refs(project, [f"create {after} {record.rev}", f"delete {before} {record.rev}"])
    return record


def choose(
    project: Project,
    names: Sequence[str] = (),
    *,
    everything: bool = False,
    baseline: str | None = None,
    keep: Sequence[str] = (),
) -> list[Record]:
    """The experiments that `remove` would take: by name, all, all that started from a commit, or all but some."""
    if sum((bool(names), everything, baseline is not None, bool(keep))) != 1:
        raise UsageError("say which: names, --all, --baseline REV or --keep NAME", hint="tiles exp remove NAME")
    records = store.experiments(project)
    if names:
        found = {record.rev + record.name: record for record in (store.find(records, name) for name in names)}
        return list(found.values())
    if baseline is not None:
        sha = git(project.root, "rev-parse", "--verify", "--quiet", f"{baseline}^{{commit}}", check=False)
        if not sha:
            raise ProjectError(f"there is no commit '{baseline}'", where="--baseline")
        return [record for record in records if record.baseline == sha]
    kept = {ref_of(store.find(records, name)) for name in keep}
    return [record for record in records if ref_of(record) not in kept]


def remove(project: Project, records: Iterable[Record]) -> None:
    """Remove experiments, all or none. Their commits and files stay until git and DVC collect garbage."""
    records = list(records)
    revs = {record.rev for record in records}
    notes = [
        f"delete {note}"
        for note in DVC_NOTES
        if git(project.root, "rev-parse", "--verify", "--quiet", note, check=False) in revs
    ]
    _update_refs(project, [*(f"delete {ref_of(record)} {record.rev}" for record in records), *notes])


def _update_refs(project: Project, commands: Sequence[str]) -> None:
    """One transaction: a ref that has changed meanwhile stops all of it."""
    done = subprocess.run(
        ["git", "update-ref", "--no-deref", "--stdin"],
        cwd=project.root,
        input="".join(f"{command}\n" for command in commands),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProjectError(f"git could not change the experiments: {done.stderr.strip()}", where=str(project.root))


def unsaved_outputs(project: Project) -> list[str]:
    """Outputs in the workspace whose contents the cache does not have, such as the half of an interrupted training."""
    status = json.loads(dvc.plain(project.root, "data", "status", "--json") or "{}")
    uncommitted = status.get("uncommitted", {})
    paths = {*uncommitted.get("modified", ()), *uncommitted.get("added", ()), *status.get("not_in_cache", ())}
    present = (path.rstrip("/") for path in paths if (project.root / path).exists())
    return sorted(present)


def _stash(project: Project, paths: Sequence[str], name: str) -> str:
    ensure_identity(project.root)
    top = Path(git(project.root, "rev-parse", "--show-toplevel"))
    message = f"before tiles exp apply {name}"
    literal = [f":(literal){path}" for path in paths]
    git(top, "stash", "push", "--quiet", "--include-untracked", "--message", message, "--", *literal)
    return git(top, "rev-parse", "refs/stash")


def _put_aside(project: Project, paths: Sequence[str]) -> Path:
    folder = project.scratch / "kept" / time.strftime("%Y%m%d-%H%M%S")
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(project.root / path, folder / path)
    progress.note(f"put aside what was in no cache: {', '.join(paths)}")
    return folder


def _raw(folder: Path, *arguments: str) -> str:
    """Output of git with its leading blanks, which `status --porcelain` needs."""
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def _hash_files(top: Path, paths: Sequence[str]) -> list[str]:
    """The blob SHAs that git would give these files."""
    command = ["git", "hash-object", "--stdin-paths"]
    lines = "".join(f"{path}\n" for path in paths)
    return subprocess.run(command, cwd=top, input=lines, capture_output=True, text=True, check=True).stdout.split()


def _blobs(top: Path, names: Sequence[str]) -> list[str]:
    """The SHA of each `rev:path`, empty where it does not exist; one git process for all."""
    command = ["git", "cat-file", "--batch-check=%(objectname)"]
    lines = "".join(f"{name}\n" for name in names)
    done = subprocess.run(command, cwd=top, input=lines, capture_output=True, text=True, check=True)
    return ["" if line.endswith(" missing") else line for line in done.stdout.splitlines()]
