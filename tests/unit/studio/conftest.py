"""A repository with settings and nothing tried, and one with an experiment to look at."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.conftest import ROOT
from tests.studied import Studied
from tilecli.layout import Project
from tilecli.studio.app import make_app
from tilecli.studio.studio import Studio

HOST = "127.0.0.1:8020"


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    git(tmp_path, "init")
    git(tmp_path, "config", "user.name", "a")
    git(tmp_path, "config", "user.email", "a@b.c")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    return Project(tmp_path)


@pytest.fixture
def studied(tmp_path: Path) -> Studied:
    """A repository with the experiment `looked-at`."""
    return Studied(tmp_path / "parts")


@pytest.fixture
def client(studied: Studied) -> Iterator[TestClient]:
    """The studio of it."""
    with TestClient(make_app(Studio(studied.project), [HOST]), base_url=f"http://{HOST}") as opened:
        yield opened
