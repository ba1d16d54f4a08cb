"""A project as it is after some weeks of use, for the studio's pictures: `python docs/make_project.py DEMO PROJECT`.

DEMO is the folder that `make demo` made; PROJECT becomes a copy of it in which the same verbs were used that a user
types: commits, tags, a sweep, notes, registered models, and a queue that is at work. Some 15 minutes of two cores.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAME, EMAIL = "Ada", "ada@localhost"
WHO = {"GIT_AUTHOR_NAME": NAME, "GIT_COMMITTER_NAME": NAME, "GIT_AUTHOR_EMAIL": EMAIL, "GIT_COMMITTER_EMAIL": EMAIL}
SWEEP = ["train.learning_rate=log(5e-4,1.6e-2,4)", "train.batch_size=8,32", "train.loss=bce_dice,focal_dice"]
SHORT = ["train.epochs=4", "train.seed=1"]


def main(demo: Path, project: Path) -> None:
    """Make `project` out of `demo`."""
    os.environ |= WHO
    shutil.copytree(demo, project, symlinks=True)
    keep(project, "rate-0-001", "First model")
    tiles(project, "data", "tag", "base-photos", "-m", "As they came from the line")
    tiles(project, "model", "register", "-m", "The first that finds cracks")
    tiles(project, "model", "promote", "latest", "prod", "-m", "Line 2 starts with it")
    keep(project, "rate-0-004", "Larger steps")
    tiles(project, "model", "register", "-m", "Larger steps")
    tiles(project, "model", "promote", "latest", "staging", "-m", "Runs beside production for a week")
    settings = [part for one in (*SWEEP, *SHORT) for part in ("-S", one)]
    tiles(project, "exp", "sweep", *settings, "--name", "rates", "-m", "Which rate, which batch, which loss")
    tiles(project, "exp", "start", "--jobs", "2", "--wait")
    tiles(project, "exp", "note", "rates-7", "Few blowholes are missed here", "--star")
    tiles(project, "exp", "note", "rate-0-004", "Runs in staging")
    tiles(project, "train", "--folds", "3", "--name", "check", "--epochs", "4", "--queue")
    tiles(project, "train", "--name", "wider", "-S", "train.widths=[24,32,64,96,128]", "--queue")
    tiles(project, "train", "--name", "longer", "--epochs", "60", "--queue", "-m", "Does it still learn?")


def keep(project: Path, name: str, message: str) -> None:
    """Make an experiment the next commit."""
    tiles(project, "exp", "apply", name)
    for command in (["add", "--all"], ["commit", "--quiet", "--message", message]):
        subprocess.run(["git", *command], cwd=project, check=True)


def tiles(project: Path, *arguments: str) -> None:
    """Run one verb; what it says is shown."""
    sys.stderr.write(f"tiles {' '.join(arguments)}\n")
    subprocess.run([sys.executable, "-m", "tilecli", *arguments], cwd=project, check=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
