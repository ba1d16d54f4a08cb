"""Where DVC's cache is, without asking DVC each time: starting it takes longer than reading a whole version.

Where no settings speak of a cache, it is in its usual place. Else the answer is kept on this machine, with the state of
every file and variable that could change it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tilecli import files
from tilecli.layout import Project

_VARIABLES = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "HOME")


def cache_folder(project: Project) -> Path:
    """Where DVC keeps the contents of tracked files, by whatever level of its settings."""
    usual = project.root / ".dvc" / "cache"
    if usual.parent.is_dir() and not any(_speaks_of_a_cache(path) for path in _settings(project)):
        return usual.resolve()
    kept = project.scratch / "cache_folder.json"
    state = _state(project)
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["state"] == state and Path(known["folder"]).is_dir():
            return Path(known["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    from tilecli.experiments import storage  # brings DVC's runner, which most looks have no need of

    folder = storage.cache_folder(project)
    files.write_json(kept, {"folder": str(folder), "state": state})
    return folder


def _settings(project: Project) -> list[Path]:
    """DVC's config files of every level, whether they are there or not."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folders = [project.root / ".dvc", Path(os.environ.get("DVC_GLOBAL_CONFIG_DIR") or home / "dvc")]
    system = os.environ.get("DVC_SYSTEM_CONFIG_DIR")
    folders += [Path(system)] if system else [Path("/etc/xdg/dvc"), Path("/Library/Application Support/dvc")]
    return [folder / name for folder in folders for name in ("config", "config.local")]


def _speaks_of_a_cache(path: Path) -> bool:
    try:
        return b"cache" in path.read_bytes().lower()
    except OSError:
        return False


def _state(project: Project) -> list[Any]:
    """What the answer depends on: the config files of every level, by size and time, and what says where they are."""
    return [
        ["at", str(project.root.resolve())],
        *([name, os.environ.get(name, "")] for name in _VARIABLES),
        *([str(path), *_facts(path)] for path in _settings(project)),
    ]


def _facts(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
