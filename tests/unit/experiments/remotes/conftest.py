"""A project with DVC's settings and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tilecli.layout import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Under git, without remotes; DVC's settings for the whole machine are out of sight."""
    for level in ("SYSTEM", "GLOBAL"):
        monkeypatch.setenv(f"DVC_{level}_CONFIG_DIR", str(tmp_path / level))
    root = tmp_path / "parts"
    subprocess.run(["git", "init", "--quiet", root], check=True)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\n    autostage = true\n")
    (root / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    return Project(root)
