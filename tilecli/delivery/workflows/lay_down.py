"""Writes the workflows and the README's section. Nothing that stands is overwritten unasked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tilecli import files
from tilecli.delivery.workflows import readme, render
from tilecli.delivery.workflows.choices import Choices
from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.layout import Project

README = "README.md"


@dataclass(frozen=True)
class Plan:
    """What would be written, as paths in the repository, or in the project for its README."""

    top: Path  # of the repository
    choices: Choices
    contents: Mapping[str, str]
    replaced: tuple[str, ...]  # files that stand already and are another's, or are changed
    unchanged: tuple[str, ...]  # files that are as they would be written
    advice: tuple[str, ...] = field(default=())  # what only the user can do


def folder_in_repository(project: Project) -> tuple[Path, str]:
    """Top of the git repository, and the project's folder in it; ProjectError where there is no repository."""
    top = git(project.root, "rev-parse", "--show-toplevel", check=False)
    if not top:
        raise ProjectError("this project is not in a git repository", where=str(project.root), hint="git init")
    inside = git(project.root, "rev-parse", "--show-prefix").rstrip("/")
    return Path(top), inside


def base_branch(project: Project) -> str:
    """What the remote calls its default branch; else main or master, whichever there is; else the one checked out."""
    head = git(project.root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD", check=False)
    if head:
        return head.removeprefix("origin/")
    known = git(project.root, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    here = git(project.root, "symbolic-ref", "--short", "HEAD", check=False)
    return next((name for name in ("main", "master") if name in known), here or "main")


def plan(project: Project, choices: Choices, command: str) -> Plan:
    """Decide what would be written; writes nothing."""
    top, _ = folder_in_repository(project)
    contents = render.render(choices, command)
    place = (project.root / README).relative_to(top.resolve()).as_posix()
    advice: list[str] = []
    present = _read(top / render.GITLAB_CI)
    if choices.host == "gitlab" and present is not None and "tiles-experiment.yml" in present:
        del contents[render.GITLAB_CI]  # it includes ours already; what else it says is the user's
    contents[place] = readme.merged(_read(top / place) or f"# {project.root.name}\n", readme.section(choices))
    same = tuple(path for path, text in contents.items() if _read(top / path) == text)
    replaced = tuple(path for path in contents if path != place and path not in same and _read(top / path) is not None)
    if choices.storage is None:
        advice.append("tiles data remote add storage s3://BUCKET/FOLDER")
    if not git(project.root, "remote", "get-url", "origin", check=False):
        advice.append("git remote add origin URL")
    return Plan(top, choices, contents, replaced, same, tuple(advice))


def lay_down(work: Plan, *, force: bool = False) -> list[str]:
    """Do what the plan says; returns the backups. Files that stand are refused, or kept as a backup with `force`."""
    if work.replaced and not force:
        names = " and ".join(work.replaced)
        hint = "--force replaces them and keeps a backup; --dry-run shows what would be written"
        if render.GITLAB_CI in work.replaced:
            own = ", ".join(f"/{name}" for name in render.names(work.choices))
            hint += f"; or include these in your {render.GITLAB_CI}: {own}"
        raise ProjectError(f"{names} already there, and not as it would be written", where=str(work.top), hint=hint)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    backups = []
    for name in work.replaced:
        # Hosts read every .yaml of the folder as a workflow; not this.
        backup = f"{name}.{stamp}.bak"
        shutil.copy2(work.top / name, work.top / backup)
        backups.append(backup)
    for name, text in work.contents.items():
        if name not in work.unchanged:
            files.write_text(work.top / name, text)
    return backups


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
