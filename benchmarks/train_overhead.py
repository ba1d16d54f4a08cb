"""What `tiles train` adds to `dvc exp run`: the same experiment by both, taking turns in one project.

    python benchmarks/train_overhead.py [ROUNDS]    default: 5

Only the evaluation runs, so that the time of a training does not hide the difference.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TINY = ["data.sources=[sample]", "data.sample.tiles=12", "train.widths=[8,16]", "train.crop_size=64"]
TINY += ["train.batch_size=4", "train.epochs=1", "train.steps_per_epoch=2", "evaluate.pictures=0"]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    taken: dict[str, list[float]] = {"dvc exp run": [], "tiles train": []}
    with tempfile.TemporaryDirectory() as folder:
        settings = [part for setting in TINY for part in ("-S", setting)]
        run(["tilecli", "init", "project", *settings], Path(folder))
        project = Path(folder) / "project"
        run(["tilecli", "train", "--name", "first"], project)
        for number in range(rounds):
            seed = 2 * number + 1
            name = f"dvc-{number}"
            change = f"evaluate.seed={seed}"
            taken["dvc exp run"].append(run(["dvc", "exp", "run", "--name", name, "--set-param", change], project))
            change = f"evaluate.seed={seed + 1}"
            taken["tiles train"].append(run(["tilecli", "train", "--name", f"tiles-{number}", "-S", change], project))
    for command, seconds in taken.items():
        print(f"{command}: median {statistics.median(seconds):.2f} s of {rounds}")
    added = statistics.median(taken["tiles train"]) - statistics.median(taken["dvc exp run"])
    print(f"tiles train adds {added:+.2f} s")


def run(command: list[str], folder: Path) -> float:
    """Seconds that `python -m COMMAND` takes in `folder`."""
    # DVC's stages say `python`.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
