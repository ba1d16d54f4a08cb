"""The image's recipe, proven without Docker: its steps are run, what they make is started, asked and checked."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from tests.dark_bundle import encoded, photo, write_dark_bundle
from tests.integration.delivery import recipe_steps
from tests.integration.delivery.recipe_steps import Stage
from tilecli.cli.main import app
from tilecli.delivery.images import context
from tilecli.inference.bundle import read_bundle

KEY = "a-key-of-the-line-1"


@dataclass
class Running:
    """What the recipe made, and where it answers."""

    stage: Stage
    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    bundle: Path


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    # Not below pytest's own folder, which only its user may enter.
    with tempfile.TemporaryDirectory(prefix="tiles-recipe-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        write_dark_bundle(scratch / "bundle")
        context.write(context.plan(scratch / "bundle", "docker", "Parts of line 7"), scratch / "deploy")
        stage = recipe_steps.carry_out(scratch / "deploy", scratch)
        shutil.rmtree(scratch / "build")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = scratch / "log.txt"
        process = recipe_steps.start(stage, log, PORT=str(port), TILES_API_KEYS=KEY)
        try:
            yield Running(stage, f"http://127.0.0.1:{port}", port, process, log, scratch / "bundle")
        finally:
            process.kill()
            process.wait()


def test_what_the_recipe_makes_answers_and_writes_nothing(running: Running) -> None:
    before = files_of(running.stage.root)
    until = time.monotonic() + 60
    while not recipe_steps.is_healthy(running.stage, PORT=str(running.port)):
        assert running.process.poll() is None and time.monotonic() < until, running.log.read_text()
        time.sleep(0.1)
    with httpx.Client(base_url=running.url, timeout=30) as client:
        assert client.post("/v1/predict", files={"image": ("a.png", encoded(photo()))}).status_code == 401
        client.headers["Authorization"] = f"Bearer {KEY}"
        found = client.post("/v1/predict", files={"image": ("a.png", encoded(photo()))}).json()
        assert (found["verdict"], len(found["regions"])) == ("defect", 1)
        assert client.get("/metrics").status_code == client.get("/").status_code == 200
    assert files_of(running.stage.root) == before


def test_deploy_check_of_it(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(encoded(photo(box=(5 * number, 20, 25, 10) if number else None)))
    monkeypatch.setenv("TILES_API_KEYS", KEY)
    arguments = ["deploy", "check", running.url, "--wait", "60", "--bundle", str(running.bundle)]
    done = CliRunner().invoke(app, [*arguments, "--photos", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["photos"], said["dice"], said["equal_verdicts"]) == (4, 1.0, 1.0)
    assert said["their_bundles"] == {said["bundle"]: 4}
    assert 0 < said["server_ms"]["p50"] <= said["ms"]["p50"]


def test_there_is_neither_torch_nor_what_only_builds(running: Running) -> None:
    listed = "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))"
    python = [Path(running.stage.place("/opt/venv/bin/python")), "-I", "-c", listed]
    names = set(subprocess.run(python, capture_output=True, text=True, check=True).stdout.split())
    assert {"openvino", "fastapi", "numpy"} <= names
    assert not {"torch", "dvc", "pytorch-lightning", "pip", "pytest"} & names
    assert not list(running.stage.root.rglob("requirements.txt"))
    assert f'version="{context.version_of(read_bundle(running.bundle).folder)}"' in running.stage.labels


def test_it_ends_as_docker_ends_it_and_then_is_not_healthy(running: Running) -> None:
    if sys.platform == "linux" and recipe_steps.os.geteuid() == 0:
        (line,) = (
            line for line in Path(f"/proc/{running.process.pid}/status").read_text().splitlines() if "Uid:" in line
        )
        assert set(line.split()[1:]) == {str(recipe_steps.NOBODY)}
    assert recipe_steps.stop(running.process) == 0, running.log.read_text()
    assert not recipe_steps.is_healthy(running.stage, PORT=str(running.port))
