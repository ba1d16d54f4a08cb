"""Where DVC's cache is, without asking DVC each time: starting it takes longer than reading a whole version.

The answer is kept on this machine, with the state of every file and variable that could change it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tilecli import files
from tilecli.experiments import storage
from tilecli.layout import Project

_VARIABLES = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "HOME")


def cache_folder(project: Project) -> Path:
    """Where DVC keeps the contents of tracked files, by whatever level of its settings."""
    kept = project.scratch / "cache_folder.json"
    state = _state(project)
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["state"] == state and Path(known["folder"]).is_dir():
            return Path(known["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    folder = storage.cache_folder(project)
    files.write_json(kept, {"folder": str(folder), "state": state})
    return folder


def _state(project: Project) -> list[Any]:
    """What the answer depends on: the config files of every level, by size and time, and what says where they are."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folders = [project.root / ".dvc", Path(os.environ.get("DVC_GLOBAL_CONFIG_DIR") or home / "dvc")]
    system = os.environ.get("DVC_SYSTEM_CONFIG_DIR")
    folders += [Path(system)] if system else [Path("/etc/xdg/dvc"), Path("/Library/Application Support/dvc")]
    paths = [folder / name for folder in folders for name in ("config", "config.local")]
    return [
        ["at", str(project.root.resolve())],
        *([name, os.environ.get(name, "")] for name in _VARIABLES),
        *([str(path), *_facts(path)] for path in paths),
    ]


def _facts(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
