"""The files of one commit: texts from git, and what DVC tracked beside them, without touching the working tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.layout import Project

LOCK = "dvc.lock"
WORKSPACE = ""  # the revision of what the working tree holds
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Output:
    """What a stage (or a .dvc file) made: its path in the project and its contents' hash."""

    path: str
    md5: str
    size: int
    stage: str


def batch(project: Project, names: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
    """(SHA, contents) of git objects named as `rev:path` or by SHA, in their order; contents None where missing.

    One git process for all. `path` counts from the top of the repository.
    """
    wanted = "".join(f"{name}\n" for name in names).encode()
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=project.root, input=wanted, capture_output=True, check=True
    )
    data, at = done.stdout, 0
    for _ in names:
        end = data.index(b"\n", at)
        header = data[at:end].decode("utf-8", "replace").rsplit(" ", 2)
        at = end + 1
        if header[-1] in ("missing", "ambiguous"):
            yield "", None
            continue
        length = int(header[2])
        yield header[0], data[at : at + length]
        at += length + 1


def texts(project: Project, rev: str, paths: Sequence[str]) -> dict[str, str]:
    """The texts of those of `paths` (relative to the project) that the commit `rev`, or the workspace, holds."""
    if rev == WORKSPACE:
        files = {path: project.root / path for path in paths}
        return {path: file.read_text("utf-8", "replace") for path, file in files.items() if file.is_file()}
    prefix = git(project.root, "rev-parse", "--show-prefix")
    found = zip(paths, batch(project, [f"{rev}:{prefix}{path}" for path in paths]), strict=True)
    return {path: content.decode("utf-8", "replace") for path, (_, content) in found if content is not None}


def tree(project: Project, rev: str) -> dict[str, str]:
    """Path in the project → blob SHA, of every file that git tracks in the commit `rev`."""
    listed = git(project.root, "ls-tree", "-r", "-z", rev)
    entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry)
    return {path: meta.split(" ")[2] for meta, path in entries}


def outputs(project: Project, rev: str) -> list[Output]:
    """Everything that the commit `rev` (or the workspace) says its stages and .dvc files made."""
    if rev == WORKSPACE:
        names = git(project.root, "ls-files", "-z", "--", "*.dvc").split("\0")
    else:
        names = [path for path in tree(project, rev) if path.endswith(".dvc")]
    found = texts(project, rev, [LOCK, *filter(None, names)])
    lock = found.pop(LOCK, None)
    made = list(locked(lock)) if lock else []
    for name, text in found.items():
        folder = name.rpartition("/")[0]
        for entry in _mapping(text, name).get("outs") or ():
            path = f"{folder}/{entry['path']}" if folder else str(entry["path"])
            made.append(Output(path, str(entry.get("md5", "")), int(entry.get("size") or 0), name))
    return made


def locked(text: str) -> Iterator[Output]:
    """The outputs that the text of a dvc.lock lists, in the order of its stages."""
    for stage, entry in (_mapping(text, LOCK).get("stages") or {}).items():
        for out in entry.get("outs") or ():
            yield Output(str(out["path"]), str(out.get("md5", "")), int(out.get("size") or 0), str(stage))


def dependencies(text: str) -> dict[str, list[str]]:
    """Stage → the paths it reads, from the text of a dvc.lock."""
    stages = _mapping(text, LOCK).get("stages") or {}
    return {str(stage): [str(dep["path"]) for dep in entry.get("deps") or ()] for stage, entry in stages.items()}


def tracked_by_dvc(project: Project, rev: str) -> list[Output]:
    """Those outputs of a commit whose contents are in DVC's cache, not in git."""
    files = set(tree(project, rev))
    return [out for out in outputs(project, rev) if out.path not in files and out.md5]


def overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies inside the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def with_near(paths: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those of `paths` that overlap one of `others`."""
    others = list(others)
    return [path for path in paths if any(overlap(path, other) for other in others)]


def _mapping(text: str, where: str) -> dict[str, Any]:
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 - the safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise ProjectError("this is not valid YAML", where=where, hint="dvc repro writes it anew") from error
    return values if isinstance(values, dict) else {}
