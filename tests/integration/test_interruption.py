"""Ctrl-C and kill -9 at every level: at most an epoch is lost, no lock stays, the next command works."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Tiles, bare_environment

SETTINGS = [
    "data.sources=[sample]",
    "data.sample.tiles=24",
    "train.widths=[8,16]",
    "train.crop_size=64",
    "train.batch_size=4",
    "train.epochs=40",
    "train.steps_per_epoch=3",
    "train.precision=fp32",
    "evaluate.bootstrap=0",
    "evaluate.pictures=1",
]
WALL_S = 300


@pytest.fixture
def project(tiles: Tiles, tmp_path: Path) -> Path:
    overrides = [part for setting in SETTINGS for part in ("-S", setting)]
    tiles("init", "parts", *overrides, cwd=tmp_path)
    return tmp_path / "parts"


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tilecli", *arguments],
        cwd=project,
        env=bare_environment(project.parent / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def epochs_done(project: Path) -> int:
    try:
        return int(json.loads((project / "training" / "metrics.json").read_text())["epoch"])
    except (OSError, ValueError, KeyError):
        return 0


def wait_for_epoch(project: Path, number: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + WALL_S
    while epochs_done(project) < number:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "training did not get anywhere"
        time.sleep(0.05)


def stages_of(project: Path) -> list[int]:
    """Process ids of stages that run in the project."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                if b"tilecli.stages" in command and (entry / "cwd").resolve() == project:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def wait_until_quiet(project: Path) -> None:
    deadline = time.monotonic() + 60
    while stages_of(project):
        assert time.monotonic() < deadline, "a stage outlived its tiles"
        time.sleep(0.1)


def resume(tiles: Tiles, project: Path, epochs: int) -> dict[str, Any]:
    """What the training says of itself; cut short after `epochs`, to keep the test short."""
    shorter = ("-S", f"train.epochs={epochs}")
    done = tiles("train", "--only", "--resume", "--name", "long", *shorter, "--json", cwd=project)
    return dict(json.loads(done.stdout)["metrics"])


def test_ctrl_c_stops_cleanly_and_resume_goes_on(tiles: Tiles, project: Path):
    process = start(project, "train", "--name", "long")
    wait_for_epoch(project, 2, process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 130, said
    assert "tiles train --resume --name long" in said
    assert "Traceback" not in said
    assert not stages_of(project)
    done = epochs_done(project)
    assert done >= 2
    metrics = resume(tiles, project, done + 1)
    assert metrics["epoch"] == done + 1
    assert metrics["resumed"] in (True, 1)
    with (project / "training" / "plots" / "metrics" / "valid" / "dice.tsv").open(newline="") as stream:
        curve = [int(row["step"]) for row in csv.DictReader(stream, delimiter="\t")]
    assert curve == list(range(1, done + 2))


def test_kill_9_of_tiles_ends_its_stage_and_resume_goes_on(tiles: Tiles, project: Path):
    process = start(project, "train", "--name", "long")
    wait_for_epoch(project, 1, process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until_quiet(project)
    done = epochs_done(project)
    assert resume(tiles, project, done + 1)["epoch"] == done + 1


def test_ctrl_c_while_photos_are_fetched_leaves_nothing_half_made(tiles: Tiles, project: Path):
    process = start(project, "fetch")
    deadline = time.monotonic() + 60
    while not stages_of(project):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    dataset = project / "data" / "dataset"
    assert not dataset.exists() or (dataset / "index.csv").is_file()
    assert not [path for path in (project / "data").glob(".*") if path.name != ".gitignore"]
    tiles("fetch", cwd=project)
    assert (dataset / "index.csv").is_file()


@pytest.mark.parametrize("left", ["", '{"write": {'])
def test_a_lock_that_a_killed_dvc_left_half_written_is_removed(tiles: Tiles, project: Path, left: str):
    """DVC writes it in place: what a kill in that moment leaves is empty or breaks off."""
    tiles("fetch", cwd=project)
    lock = project / ".dvc" / "tmp" / "rwlock"
    lock.write_text(left)
    tiles("split", cwd=project)
    assert (project / "data" / "split.csv").is_file()
    json.loads(lock.read_text())
