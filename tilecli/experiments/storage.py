"""Where DVC keeps contents on this machine. Its remotes are in `remotes`."""

from __future__ import annotations

from pathlib import Path

from tilecli.experiments import dvc
from tilecli.layout import Project


def cache_folder(project: Project) -> Path:
    """Where DVC keeps the contents of tracked files, by whatever level of its settings."""
    return Path(dvc.plain(project.root, "cache", "dir").strip()).resolve()
