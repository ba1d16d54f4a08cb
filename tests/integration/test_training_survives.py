"""A training process that is killed or stopped by its user, and what `resume` makes of what it left."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tilecli.config import DataParams, SampleParams, SplitParams
from tilecli.data.fetch import fetch_dataset
from tilecli.data.split import split_dataset
from tilecli.layout import Project

TRAIN = """
import sys
from pathlib import Path
from tilecli import progress
from tilecli.config import Params, TrainParams
from tilecli.layout import Project
from tilecli.learning.fit import train

settings = TrainParams(
    widths=(8, 12, 16), crop_size=32, batch_size=8, epochs=4, steps_per_epoch=8, learning_rate=0.01, ema=0.9,
    device="cpu", precision="fp32",
)
def listen(event):
    if event.kind == "epoch":
        print("epoch", int(event.done), flush=True)
with progress.listen(listen):
    try:
        train(Project(Path(sys.argv[1])), Params(train=settings), resume="resume" in sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "a project")
    fetch_dataset(made, DataParams(sources=("sample",), sample=SampleParams(tiles=18)))
    split_dataset(made, SplitParams())
    return made


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(project.root), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project.root,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for said in process.stdout:
        if said.strip() == line:
            return
    pytest.fail(f"the process ended without saying '{line}': {process.communicate()[1]}")


def steps(project: Project) -> list[int]:
    with (project.training / "plots" / "metrics" / "valid" / "dice.tsv").open(newline="") as stream:
        return [int(row["step"]) for row in csv.DictReader(stream, delimiter="\t")]


def test_kill_9_loses_at_most_an_epoch_and_the_run_goes_on(project: Project) -> None:
    killed = start(project)
    wait_for(killed, "epoch 2")
    killed.kill()
    assert killed.wait() == -signal.SIGKILL

    resumed = start(project, "resume")
    said, errors = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, errors
    # Epoch 3 may have been finished between the word and the kill.
    assert said.split("\n")[0] in ("epoch 3", "epoch 4")
    assert steps(project) == [1, 2, 3, 4]
    metrics = json.loads(project.training_metrics.read_text())
    assert metrics["resumed"] is True
    assert metrics["epoch"] == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_in_order_within_seconds(project: Project, number: signal.Signals) -> None:
    process = start(project)
    wait_for(process, "epoch 1")
    started = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert time.monotonic() - started < 60
    assert steps(project)[0] == 1
    assert sorted(path.name for path in project.checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]
