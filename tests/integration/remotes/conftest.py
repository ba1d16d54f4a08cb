"""Servers that live as long as the tests, a project with a version of its photos, and `tiles data …` in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.integration.experiments import dvc, git, put_under_git_and_dvc
from tests.integration.remotes.s3server import S3Server
from tests.integration.remotes.sshserver import SshServer
from tests.madeonce import made_once
from tilecli.cli.main import app
from tilecli.layout import Project

BATCH = "data/batches/first"
Data = Callable[..., Result]


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, keys or settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "DVC_")) or name == "SSH_AUTH_SOCK"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3-compatible server that asks for keys."""
    server = S3Server()
    server.check_rights(True)
    yield server
    server.check_rights(False)
    server.stop()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A real sshd; the tests are skipped where there is none."""
    server = SshServer(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


def add_photos(project: Project, numbers: range, *, good: int = 0) -> None:
    """Photos into a folder that DVC tracks from then on, all with a mask but the first `good`; committed."""
    for number in numbers:
        for kind, ending in (("images", "jpg"), ("masks", "png")):
            if kind == "masks" and number < good:
                continue
            file = project.root / BATCH / kind / f"{number:04}.{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{kind} {number}\n")
    dvc(project.root, "add", "--quiet", BATCH)
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "-m", f"Photos {numbers}")


def lay_down(root: Path) -> Project:
    """A project without stages, under git and DVC."""
    put_under_git_and_dvc(root)
    (root / "params.yaml").write_text("data: {}\n")
    (root / "dvc.yaml").write_text("stages: {}\n")
    return Project(root)


@pytest.fixture(scope="session")
def stocked_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return (
        made_once(tmp_path_factory, "stocked", lambda folder: add_photos(lay_down(folder / "parts"), range(20)))
        / "parts"
    )


@pytest.fixture
def stocked(stocked_once: Path, tmp_path: Path) -> Project:
    """A project with 20 photos and their masks: 41 objects with the list of the folder."""
    shutil.copytree(stocked_once, tmp_path / "parts", symlinks=True)
    return Project(tmp_path / "parts")


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Data:
    """`tiles data …` in a project's folder, in this process; checks the exit code."""

    def run(project: Project, *arguments: str | Path, code: int = 0, typed: str | None = None) -> Result:
        monkeypatch.chdir(project.root)
        done = CliRunner().invoke(app, ["data", *map(str, arguments)], input=typed)
        assert done.exit_code == code, f"{arguments} → {done.exit_code}\n{done.output}\n{done.exception!r}"
        return done

    return run


def clone(project: Project, folder: Path) -> Project:
    """A colleague's clone: what git has, and nothing of the cache."""
    subprocess.run(["git", "clone", "--quiet", project.root, folder], check=True)
    git(folder, "config", "user.name", "A Colleague")
    git(folder, "config", "user.email", "colleague@example.org")
    return Project(folder)


def answer(done: Result) -> dict[str, object]:
    """What `--json` printed."""
    return dict(json.loads(done.stdout))


def contents(project: Project) -> dict[str, bytes]:
    """Path → bytes of the photos and masks in the workspace."""
    root = project.root / BATCH
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}
