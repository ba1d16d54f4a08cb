"""The files of one commit: texts from git, and what DVC tracked beside them, without touching the working tree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.experiments.reading import objects
from tilecli.layout import Project

LOCK = "dvc.lock"
PIPELINE = "dvc.yaml"
WORKSPACE = ""  # the revision of what the working tree holds
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Output:
    """What a stage (or a .dvc file) made: its path in the project and its contents' hash."""

    path: str
    md5: str
    size: int
    stage: str


def texts_at(project: Project, wanted: Sequence[tuple[str, Path]]) -> list[str | None]:
    """The text of each (commit, or WORKSPACE; file of the project), in their order; None where it is not there.

    Bytes that are no UTF-8 become U+FFFD.
    """
    prefix = git(project.root, "rev-parse", "--show-prefix")  # the project may be a folder of the repository
    names = [f"{rev}:{prefix}{path.relative_to(project.root).as_posix()}" for rev, path in wanted if rev]
    committed = iter(objects.read(project.root, names))
    contents = (next(committed) if rev else _written(path) for rev, path in wanted)
    return [content.decode("utf-8", "replace") if content is not None else None for content in contents]


def _written(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None


def texts(project: Project, rev: str, paths: Sequence[str]) -> dict[str, str]:
    """The texts of those of `paths` (relative to the project) that the commit `rev`, or the workspace, holds."""
    found = texts_at(project, [(rev, project.root / path) for path in paths])
    return {path: text for path, text in zip(paths, found, strict=True) if text is not None}


def tree(project: Project, rev: str) -> dict[str, str]:
    """Path in the project → blob SHA, of every file that git tracks in the commit `rev` (or the workspace)."""
    listed = git(project.root, "ls-tree", "-r", "-z", rev) if rev else git(project.root, "ls-files", "-s", "-z")
    entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry)
    return {path: meta.split(" ")[2 if rev else 1] for meta, path in entries}


def outputs(project: Project, rev: str) -> list[Output]:
    """Everything that the commit `rev` (or the workspace) says its stages and .dvc files made."""
    if rev == WORKSPACE:
        every = ("--cached", "--others", "--exclude-standard")
        names = git(project.root, "ls-files", "-z", *every, "--", "*.dvc").split("\0")
    else:
        names = [path for path in tree(project, rev) if path.endswith(".dvc")]
    found = texts(project, rev, [LOCK, *filter(None, names)])
    lock = found.pop(LOCK, None)
    made = list(locked(lock)) if lock else []
    for name, text in found.items():
        folder = name.rpartition("/")[0]
        for entry in mapping(text, name).get("outs") or ():
            path = f"{folder}/{entry['path']}" if folder else str(entry["path"])
            made.append(Output(path, str(entry.get("md5", "")), int(entry.get("size") or 0), name))
    return made


def locked(text: str) -> Iterator[Output]:
    """The outputs that the text of a dvc.lock lists, in the order of its stages."""
    for stage, entry in (mapping(text, LOCK).get("stages") or {}).items():
        for out in entry.get("outs") or ():
            yield Output(str(out["path"]), str(out.get("md5", "")), int(out.get("size") or 0), str(stage))


def dependencies(text: str) -> dict[str, list[str]]:
    """Stage → the paths it reads, from the text of a dvc.lock."""
    stages = mapping(text, LOCK).get("stages") or {}
    return {str(stage): [str(dep["path"]) for dep in entry.get("deps") or ()] for stage, entry in stages.items()}


def tracked_by_dvc(project: Project, rev: str) -> list[Output]:
    """Those outputs of a commit whose contents are in DVC's cache, not in git (`cache: false`), folders too."""
    held = set(tree(project, rev))
    held |= {folder.as_posix() for path in held for folder in PurePosixPath(path).parents}
    held |= _left_out(texts(project, rev, [PIPELINE]).get(PIPELINE, ""))
    return [out for out in outputs(project, rev) if out.path not in held and out.md5]


def _left_out(pipeline: str) -> set[str]:
    """Paths that the text of a dvc.yaml keeps out of the cache or of remotes, also where git does not hold them yet."""
    found: set[str] = set()
    for stage in (mapping(pipeline, PIPELINE).get("stages") or {}).values():
        for kind in ("outs", "metrics", "plots"):
            for out in (isinstance(stage, dict) and stage.get(kind)) or ():
                for path, how in out.items() if isinstance(out, dict) else ():
                    if isinstance(how, dict) and False in (how.get("cache"), how.get("push")):
                        found.add(str(path))
    return found


def overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies inside the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def with_near(paths: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those of `paths` that overlap one of `others`."""
    others = list(others)
    return [path for path in paths if any(overlap(path, other) for other in others)]


def mapping(text: str, where: str) -> dict[str, Any]:
    """What a text of DVC's holds; `where` names it in errors. Quicker than `paramfile`, which knows settings."""
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 - the safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise ProjectError("this is not valid YAML", where=where, hint="dvc repro writes it anew") from error
    return values if isinstance(values, dict) else {}


def json_mapping(text: str | None) -> dict[str, Any]:
    """The object that a JSON text holds; empty where there is no text, or something else in it."""
    try:
        values = json.loads(text) if text else {}
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
