"""What people say of experiments, a star and a note: git notes under refs/notes/tiles, one JSON object for each commit.

Every change goes on top of what the ref holds at that moment or is tried again, so two people who remark at once both
keep what they said. Whatever else stands in such an object stays; a text that is no such object counts as a note.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tilecli.errors import ProjectError, UsageError
from tilecli.experiments.project import NOBODY, git
from tilecli.experiments.reading import objects
from tilecli.layout import Project

REF = "refs/notes/tiles"
LONGEST = 2000  # characters of a note; what is longer belongs into a file
_TRIES = 40  # so many others would have to remark in the same moment
_PAUSE_S = 0.02


@dataclass(frozen=True)
class Remark:
    """What somebody said of one commit."""

    star: bool = False
    note: str = ""


def of_all(project: Project) -> dict[str, Remark]:
    """Commit SHA → what was said of it; empty where nothing was."""
    listed = git(project.root, "notes", f"--ref={REF}", "list", check=False).split()
    blobs, commits = listed[::2], listed[1::2]
    texts = objects.read(project.root, blobs)
    return {commit: _remark(_values(text)) for commit, text in zip(commits, texts, strict=True) if text is not None}


def change(project: Project, rev: str, *, star: bool | None = None, note: str | None = None) -> Remark:
    """Say something of the commit `rev`; None leaves that part as it is. Returns what is said of it now.

    Raises UsageError for a note that is too long, ProjectError where there is no such commit or git cannot write.
    """
    if note is not None and len(note) > LONGEST:
        raise UsageError(f"the note has {len(note):,} characters; up to {LONGEST:,} are kept", hint="say it shorter")
    commit = git(project.root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", check=False)
    if not commit:
        raise ProjectError(f"there is no commit '{rev}'", hint="tiles exp compare lists them")
    wanted = {"star": star, "note": note.strip() if note is not None else None}

    def changed(values: dict[str, Any]) -> dict[str, Any]:
        values |= {key: value for key, value in wanted.items() if value is not None}
        return {key: value for key, value in values.items() if key not in wanted or value}

    return _remark(_write(project, commit, changed))


def merge(project: Project, theirs: str) -> None:
    """Take over what `theirs`, a commit of another clone's ref, says beyond what is said here.

    Of each commit's object, each value that only one side changed is taken from that side. Where both changed it, ours
    stays, but notes are kept both, one below the other. Raises ProjectError where git cannot write.
    """
    ours = _top(project)
    base = git(project.root, "merge-base", ours, theirs, check=False) if ours else ""
    if base == theirs:
        return  # nothing new
    if base == ours:
        git(project.root, "update-ref", REF, theirs, ours or "0" * len(theirs), check=False)
        if _top(project) == theirs:
            return  # and nothing was said here meanwhile

    def merged(top: str) -> dict[str, dict[str, Any]]:
        base = git(project.root, "merge-base", top, theirs, check=False) if top else ""
        sides = [_blobs(project, side) for side in (base, top, theirs)]
        unlike = [commit for commit in sides[2] | sides[1] if sides[1].get(commit) != sides[2].get(commit)]
        wanted = [side.get(commit) for commit in unlike for side in sides]
        texts = dict(zip(filter(None, wanted), objects.read(project.root, list(filter(None, wanted))), strict=True))
        values = [_values(texts[blob] or b"{}") if blob else {} for blob in wanted]
        found = {}
        for at, commit in enumerate(unlike):
            before, here, there = values[3 * at : 3 * at + 3]
            if (both := _both(before, here, there)) != here:
                found[commit] = both
        return found

    _put(project, merged, f"Remarks from {theirs[:10]}", also=theirs)


def _both(before: dict[str, Any], here: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """One object of two that came from `before`."""
    found = {}
    for key in here | there:
        old, ours, theirs = before.get(key), here.get(key), there.get(key)
        if ours != old and theirs not in (old, ours):
            found[key] = ours
            if key == "note" and isinstance(ours, str) and isinstance(theirs, str) and theirs not in ours:
                found[key] = f"{ours}\n{theirs}"
        else:
            found[key] = theirs if ours == old else ours
    return {key: value for key, value in found.items() if value is not None}


def _blobs(project: Project, top: str) -> dict[str, str]:
    """Commit SHA → SHA of what the ref's commit `top` says of it."""
    lines = git(project.root, "ls-tree", "-r", "--full-tree", top).splitlines() if top else []
    return {path.replace("/", ""): facts.split()[2] for facts, path in (line.split("\t") for line in lines)}


def _write(project: Project, commit: str, changed: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Put what `changed` makes of the commit's object in its place; returns that."""

    def made(top: str) -> dict[str, dict[str, Any]]:
        return {commit: changed(_present(project, top, commit))}

    return _put(project, made, f"Remark on {commit[:10]}")[commit]


def _put(
    project: Project, made: Callable[[str], dict[str, dict[str, Any]]], message: str, also: str = ""
) -> dict[str, dict[str, Any]]:
    """Write what `made` makes of what the ref holds (a commit, or ""): commit SHA → object. `also`: another parent."""
    words = ""
    for _ in range(_TRIES):
        top = _top(project)
        values = made(top)
        done = subprocess.run(
            ["git", "fast-import", "--quiet", "--date-format=raw"],
            cwd=project.root,
            input=_import(project, message, list(filter(None, [top, also])), values),
            capture_output=True,
            check=False,
        )
        if not done.returncode:
            return values
        words = done.stderr.decode("utf-8", "replace").strip()
        if _top(project) == top:
            break  # nobody came between: it would fail again
        time.sleep(_PAUSE_S)
    raise ProjectError(f"git does not take the note: {words}", where=REF, hint="git fsck")


def _top(project: Project) -> str:
    return git(project.root, "rev-parse", "--verify", "--quiet", REF, check=False)


def _present(project: Project, top: str, commit: str) -> dict[str, Any]:
    """What the ref's commit `top` says of `commit`; git spreads many notes over folders."""
    if not top:
        return {}
    paths = [
        "/".join([*(commit[at : at + 2] for at in range(0, 2 * depth, 2)), commit[2 * depth :]]) for depth in range(4)
    ]
    found = objects.read(project.root, [f"{top}:{path}" for path in paths])
    return next((_values(text) for text in found if text is not None), {})


def _import(project: Project, message: str, parents: list[str], values: dict[str, dict[str, Any]]) -> bytes:
    """For `git fast-import`, which refuses to move the ref to anything that does not contain what it holds then."""
    name, email = NOBODY
    who = git(project.root, "var", "GIT_COMMITTER_IDENT", check=False) or f"{name} <{email}> {int(time.time())} +0000"
    words = f"{message}\n".encode()
    lines = [f"commit {REF}".encode(), f"committer {who}".encode(), b"data %d" % len(words), words]
    lines += [f"{how} {parent}".encode() for how, parent in zip(("from", "merge"), parents, strict=False)]
    for commit, said in values.items():
        if said:
            text = f"{json.dumps(said, ensure_ascii=False)}\n".encode("utf-8", "replace")
            lines += [f"N inline {commit}".encode(), b"data %d" % len(text), text]
        else:
            lines.append(f"N {'0' * len(commit)} {commit}".encode())
    return b"\n".join([*lines, b""])


def _values(text: bytes) -> dict[str, Any]:
    plain = text.decode("utf-8", "replace")
    try:
        values = json.loads(plain)
    except (ValueError, RecursionError):
        values = None
    return values if isinstance(values, dict) else {"note": plain.strip()}


def _remark(values: dict[str, Any]) -> Remark:
    note = values.get("note")
    return Remark(values.get("star") is True, note if isinstance(note, str) else "")
