"""Lays down a project: git, DVC, params.yaml, dvc.yaml, ignore files and a README. Nothing is overwritten unasked."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli import files, paramfile, progress
from tilecli.errors import ProjectError
from tilecli.experiments import dvc
from tilecli.experiments.project import ensure_identity, git
from tilecli.experiments.remotes import settings, writing
from tilecli.experiments.remotes.address import Address
from tilecli.layout import Project, shipped

_IGNORED = """\
/data/downloads/
/training/checkpoints/last.ckpt
/predictions/
/report/
__pycache__/
.venv/
"""
_DVC_IGNORED = """\
# What DVC need not look through.
/.venv
/predictions
/report
/data/downloads
/logs
"""
_README = """\
# {name}

A defect-segmentation project made with tiles.

    tiles train                            run the pipeline as an experiment
    tiles train --lr 0.01                  try something else
    tiles exp compare --sort dice_mean     which was the best
    tiles predict PHOTO                    use the model

Photos come from: {sources}. Settings are in `params.yaml`, the pipeline in `dvc.yaml`.
"""
FILES = ("params.yaml", "dvc.yaml", ".gitignore", ".dvcignore", "README.md")


@dataclass(frozen=True)
class Plan:
    """What `lay_down` will do: the folder, its files, and whose git repository it will be in."""

    root: Path
    contents: dict[str, str]
    joins: Path | None  # top of the git repository that is joined; None: a new one is made
    replaced: tuple[str, ...]  # files that stand already and would be written


def plan(root: Path, settings: Mapping[str, Any]) -> Plan:
    """Decide what would be written to `root` for the dotted `settings`; writes nothing."""
    root = root.resolve()
    joins = _enclosing_repository(root)
    template = shipped("params.yaml").read_text(encoding="utf-8")
    contents = {
        "params.yaml": paramfile.edit(template, settings),
        "dvc.yaml": shipped("dvc.yaml").read_text(encoding="utf-8"),
        ".gitignore": _IGNORED,
        ".dvcignore": _DVC_IGNORED,
    }
    sources = settings.get("data.sources") or ["magnetic-tiles"]
    if not (root / "README.md").exists():
        contents["README.md"] = _README.format(name=root.name, sources=", ".join(sources))
    # An ignore file that is there gets our lines added, not replaced.
    for name in (".gitignore", ".dvcignore"):
        if (root / name).is_file():
            contents[name] = _with_lines((root / name).read_text(encoding="utf-8"), contents[name])
    replaced = tuple(name for name in ("params.yaml", "dvc.yaml") if (root / name).exists())
    return Plan(root, contents, joins, replaced)


def lay_down(work: Plan, *, force: bool = False) -> Project:
    """Do what the plan says and commit it; files that stand are refused, or kept as a backup with `force`."""
    if work.replaced and not force:
        raise ProjectError(
            f"{' and '.join(work.replaced)} already there",
            where=str(work.root),
            hint="--force replaces them and keeps a backup",
        )
    work.root.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for name in work.replaced:
        backup = work.root / f"{name}.{stamp}.bak"
        shutil.copy2(work.root / name, backup)
        progress.note(f"kept the old {name} as {backup.name}")
    if work.joins is None:
        git(work.root, "init", "--quiet")
    ensure_identity(work.root)
    for name, text in work.contents.items():
        files.write_text(work.root / name, text)
    if not (work.root / ".dvc").exists():
        inside = work.joins is not None and work.joins != work.root
        dvc.plain(work.root, "init", "--quiet", *(["--subdir"] if inside else []))
        # DVC_NO_ANALYTICS covers what tiles spawns; the settings cover `dvc` typed by hand.
        writing.set_core(Project(work.root), {"analytics": "false", "check_update": "false", "autostage": "true"})
    ours = [*work.contents, ".dvc/config", ".dvc/.gitignore"]
    git(work.root, "add", "--", *ours)
    # Only our own files: whatever else is staged in a joined repository stays the user's to commit.
    if git(work.root, "status", "--porcelain", "--", *ours):
        git(work.root, "commit", "--quiet", "--no-verify", "-m", "Set up the tiles project", "--", *ours)
    return Project(work.root)


def _enclosing_repository(root: Path) -> Path | None:
    """Top of the git repository that the project would join; None where it gets one of its own.

    A folder that the enclosing repository ignores gets its own: nothing in it could be committed there.
    """
    here = root
    while not here.exists():
        here = here.parent
    top = git(here, "rev-parse", "--show-toplevel", check=False)
    if not top:
        return None
    # The slash at the end: patterns for folders must match although the folder may not be there yet.
    if Path(top) != root and git(here, "check-ignore", f"{root}/", check=False):
        return None
    return Path(top)


def _with_lines(text: str, wanted: str) -> str:
    have = set(text.splitlines())
    missing = [line for line in wanted.splitlines() if line not in have]
    if not missing:
        return text
    return text + ("" if text.endswith("\n") or not text else "\n") + "\n".join(missing) + "\n"


def add_remote(project: Project, where: Address) -> None:
    """Make `where` the default DVC remote, and commit that; its secrets stay out."""
    if any(remote.name == "storage" for remote in settings.remotes(project)):
        writing.remove(project, "storage")
    writing.add(project, "storage", where, {}, {}, default=True)
    git(project.root, "commit", "--quiet", "--no-verify", "-m", "Add the DVC remote", "--", ".dvc/config")
