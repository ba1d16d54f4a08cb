"""Whole commands, as a user waits for them: processes of their own, against a bare interpreter in the same run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tilecli import progress
from tilecli.bench.figures import Figure, median_seconds
from tilecli.bench.inference import write_speed_bundle
from tilecli.bench.project import small_project

RUNS = 5


def measure() -> list[Figure]:
    """Seconds of `tiles --help`, and of `tiles predict` for one photo with U-Net/ResNet-34."""
    with tempfile.TemporaryDirectory() as folder, progress.task("bench commands", 3, "commands") as task:
        project = small_project(Path(folder) / "project")
        bundle, _ = write_speed_bundle(Path(folder) / "bundle")
        photo = sorted((project.dataset / "images").iterdir())[0]
        commands = {
            "python, nothing": ["-c", "pass"],
            "tiles --help": ["-m", "tilecli", "--help"],
            "tiles predict one.jpg": ["-m", "tilecli", "predict", str(photo), "--bundle", str(bundle.folder)],
        }
        seconds: dict[str, float] = {}
        for name, arguments in commands.items():
            seconds[name] = median_seconds(partial(_run, arguments), RUNS)
            task.advance()
    nothing = seconds["python, nothing"]
    return [
        Figure(
            name,
            value,
            "s",
            "" if value == nothing else "python, nothing",
            None if value == nothing else nothing / value,
        )
        for name, value in seconds.items()
    ]


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
