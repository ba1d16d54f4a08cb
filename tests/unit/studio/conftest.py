"""A repository with settings and nothing tried."""

import subprocess
from pathlib import Path

import pytest

from tilecli.layout import Project


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    git(tmp_path, "init")
    git(tmp_path, "config", "user.name", "a")
    git(tmp_path, "config", "user.email", "a@b.c")
    (tmp_path / "params.yaml").write_text("train: {}\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    return Project(tmp_path)
