"""What of the workspace is in no commit yet, and which files belong to a version of the data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence

from tilecli import paramfile
from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.layout import BATCHES, Project
from tilecli.versions import hashes, rebuild

# With what the pipeline makes, these are a version: the data, and the settings and records that belong to them.
_OWN = ("params.yaml", "dvc.lock", "data", "environment")
_SHOWN = 6


def changed_files(project: Project, paths: Sequence[str] = (".",)) -> list[str]:
    """Files below `paths` that differ from HEAD or are not under git, as POSIX paths inside the project."""
    top = git(project.root, "rev-parse", "--show-prefix")
    done = subprocess.run(
        ["git", "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *paths],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(entry[3:].removeprefix(top) for entry in done.stdout.split("\0") if entry)


def of_the_data(project: Project, paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """`paths` told apart: those that belong to a version of the data and of what was made of them, and the others."""
    values = paramfile.parse_yaml(project.pipeline.read_text(encoding="utf-8"), str(project.pipeline))
    made = set(_OWN)
    for stage in (values.get("stages") or {}).values():
        for kind in ("outs", "metrics", "plots"):
            # Each is a path, or a path with its settings.
            made |= {str(next(iter(out)) if isinstance(out, dict) else out) for out in stage.get(kind) or ()}
    own: list[str] = []
    others: list[str] = []
    for path in paths:
        belongs = any(path == out or path.startswith(f"{out}/") for out in made)
        (own if belongs or path.endswith((".gitignore", ".dvc")) else others).append(path)
    return own, others


def edited_batches(project: Project) -> list[str]:
    """Files of batches that are not as they were when the batch was made, as POSIX paths inside the project."""
    found: list[str] = []
    cache = dvccache.of(project)
    for out in snapshot.outputs(project, snapshot.WORKSPACE):
        folder = project.root / out.path
        if not out.path.startswith(f"{BATCHES}/") or not folder.is_dir() or not cache.object(out.md5).is_file():
            continue
        now = {path: file.md5 for path, file in hashes.hash_folder(project, folder).items()}
        then = cache.files(out.md5)
        found += [f"{out.path}/{path}" for path in now.keys() | then.keys() if now.get(path) != then.get(path)]
    return sorted(found)


def refuse_edited(project: Project) -> None:
    """ProjectError where photos or masks were changed in place: they are in no cache, so they could not come back."""
    found = [f"data/dataset/{path}" for path in rebuild.edited(project)] if project.lock.is_file() else []
    found += edited_batches(project)
    if found:
        raise ProjectError(
            f"{len(found)} files of the dataset were changed in place, which no version keeps",
            where=shown(found),
            hint="copy them elsewhere and run tiles fetch --force; then tiles data add DIR --relabel --name NAME",
        )


def shown(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
