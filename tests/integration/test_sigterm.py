"""A training process that the system asks to end. Ctrl-C and kill -9 are in test_interruption."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from pathlib import Path

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
    widths=(8, 12, 16), crop_size=32, batch_size=8, epochs=40, steps_per_epoch=8, learning_rate=0.01, ema=0.9,
    device="cpu", precision="fp32",
)
def listen(event):
    if event.kind == "epoch":
        print("epoch", int(event.done), flush=True)
with progress.listen(listen):
    try:
        train(Project(Path(sys.argv[1])), Params(train=settings), resume=False)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def test_a_training_ends_in_order_and_leaves_what_can_be_resumed(tmp_path: Path) -> None:
    project = Project(tmp_path / "a project")
    fetch_dataset(project, DataParams(sources=("sample",), sample=SampleParams(tiles=18)))
    split_dataset(project, SplitParams())
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(project.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project.root,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "epoch 1\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    with (project.training / "plots" / "metrics" / "valid" / "dice.tsv").open(newline="") as stream:
        assert next(csv.DictReader(stream, delimiter="\t"))["step"] == "1"
    assert sorted(path.name for path in project.checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]
