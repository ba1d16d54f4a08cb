"""Reads git objects, many at a time: one process for all names, one for all texts."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli.errors import ProjectError
from tilecli.experiments.project import git

_COMMITTER = re.compile(rb"^committer .*> (\d+) [+-]\d{4}$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Where a project stands in its repository."""

    prefix: str  # of the project's folder below the top, with a closing slash; empty at the top
    head: str  # SHA of the commit that is checked out; empty before the first one


def place(folder: Path) -> Place:
    """Where `folder` stands; ProjectError if it is in no git repository."""
    done = _git(folder, "rev-parse", "--show-prefix", "HEAD")
    lines = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    if not lines:
        words = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        if "not a git repository" not in words:  # someone else's, say, which git refuses to open
            raise ProjectError(f"git cannot read this repository: {words.splitlines()[0]}", where=str(folder))
        raise ProjectError("this project is not in a git repository", where=str(folder), hint="git init && dvc init")
    # Before the first commit git repeats the word, and fails.
    return Place(lines[0], lines[1] if done.returncode == 0 and len(lines) > 1 else "")


def resolve(folder: Path, names: Sequence[str]) -> list[str]:
    """The object each of `names` (a SHA, `<commit>:<path>`) stands for; empty where there is none."""
    if not names:
        return []
    text = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    lines = _git(folder, "cat-file", "--batch-check=%(objectname)", text=text).stdout.decode("utf-8", "replace")
    # A path may hold any character but a line break, so only the form of the answer tells.
    return [line if _is_sha(line) else "" for line in lines.split("\n")[: len(names)]]


def read(folder: Path, names: Sequence[str]) -> list[bytes | None]:
    """What each of `names` (a SHA, `<commit>:<path>`) holds, in their order; None where there is no such file.

    Raises ProjectError where git's objects are damaged.
    """
    if not names:
        return []
    text = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    done = _git(folder, "cat-file", "--batch", text=text)
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()
        raise ProjectError(f"git cannot read its objects: {words}", where=str(folder), hint="git fsck")
    found: list[bytes | None] = []
    data, at = done.stdout, 0
    for _ in names:
        end = data.index(b"\n", at)
        header = data[at:end].decode("utf-8", "replace")
        at = end + 1
        if header.endswith((" missing", " ambiguous")):
            found.append(None)
            continue
        _, kind, length = header.rsplit(" ", 2)
        found.append(None if kind == "tree" else data[at : at + int(length)])
        at += int(length) + 1
    return found


def date_and_message(commit: bytes) -> tuple[float, str]:
    """When a commit was made (seconds since 1970), and its message."""
    head, _, message = commit.partition(b"\n\n")
    when = _COMMITTER.search(head)
    return float(when.group(1)) if when else 0.0, message.decode("utf-8", "replace").strip()


def refs(folder: Path, *spaces: str) -> list[tuple[str, str]]:
    """(full name, SHA) of every ref in the name spaces; opens no object, so it is quick with thousands of them."""
    lines = git(folder, "for-each-ref", "--format=%(objectname) %(refname)", *spaces).splitlines()
    return [(name, sha) for sha, _, name in (line.partition(" ") for line in lines)]


def names(folder: Path) -> dict[str, str]:
    """Branch or tag of each commit that has one; of several, the branch that is checked out, else the first."""
    form = "--format=%(HEAD)%(objectname) %(*objectname) %(refname)"
    found: dict[str, str] = {}
    for line in git(folder, "for-each-ref", form, "refs/heads", "refs/tags").splitlines():
        # The helper strips the text, and with it the blank before the first line.
        sha, target, ref = line.lstrip(" *").split(" ", 2)
        name = ref.split("/", 2)[2]
        if line.startswith("*"):
            found[sha] = name
        else:
            found.setdefault(target or sha, name)
    return found


def tags(folder: Path) -> dict[str, list[str]]:
    """Every tag of each commit that has one."""
    found: dict[str, list[str]] = {}
    form = "--format=%(objectname) %(*objectname) %(refname:lstrip=2)"
    for line in git(folder, "for-each-ref", form, "--sort=creatordate", "refs/tags").splitlines():
        sha, target, name = line.split(" ", 2)
        found.setdefault(target or sha, []).append(name)
    return found


def _is_sha(text: str) -> bool:
    return len(text) in (40, 64) and all(letter in "0123456789abcdef" for letter in text)


def _git(folder: Path, *arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], cwd=folder, input=text, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise ProjectError("git is not installed", hint="install git (Debian: apt-get install git)") from error
