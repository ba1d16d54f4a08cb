"""A repository with experiments as DVC leaves them, made by git plumbing: no training and no DVC run behind it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.records import perfect_answer
from tilecli import paramfile
from tilecli.evaluation import metrics
from tilecli.evaluation.records import Record, write_records
from tilecli.layout import Project, shipped

_WHO = {
    f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "t"), ("EMAIL", "t@t"))
}


class Repository:
    """A git repository whose project lies in the folder `vision`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = Project(folder / "vision")
        self.project.root.mkdir(parents=True)
        self.git("init", "--quiet", "-b", "main")
        for name in ("params.yaml", "dvc.yaml"):
            (self.project.root / name).write_text(shipped(name).read_text())
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "Set up")
        self.base = self.git("rev-parse", "HEAD")
        self._made = 0

    def copy(self, folder: Path) -> Repository:
        """The same repository in another place."""
        other = copy.copy(self)
        shutil.copytree(self.folder, folder, symlinks=True)
        other.folder, other.project = folder, Project(folder / self.project.root.name)
        return other

    def git(self, *arguments: str, given: str | None = None, **variables: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            input=given,
            env={**os.environ, **_WHO, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def experiment(self, name: str, files: Mapping[str, str]) -> str:
        """Commit `files` (path in the project → text) on top of the first commit as the experiment `name`."""
        self._made += 1
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": f"{scratch}/index"}
            self.git("read-tree", self.base, **index)
            for path, text in files.items():
                blob = self.git("hash-object", "-w", "--stdin", given=text)
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},vision/{path}", **index)
            tree = self.git("write-tree", **index)
        moment = f"{1_750_000_000 + 60 * self._made} +0000"
        rev = self.git("commit-tree", tree, "-p", self.base, "-m", name, GIT_COMMITTER_DATE=moment)
        self.git("update-ref", f"refs/exps/{self.base[:2]}/{self.base[2:]}/{name}", rev)
        return rev


def run_files(
    rows: Sequence[Record] | None = None, params: Mapping[str, Any] | None = None, curve: Sequence[float] = ()
) -> dict[str, str]:
    """What a run leaves: its settings, its evaluation of `rows` and its learning curve of valid Dice."""
    values = paramfile.parse_yaml(shipped("params.yaml").read_text(), "params.yaml")
    for key, value in (params or {}).items():
        paramfile.set_dotted(values, key, value)
    files = {"params.yaml": yaml.safe_dump(values)}
    if curve:
        lines = [f"{epoch}\t{value}" for epoch, value in enumerate(curve, 1)]
        files["training/plots/metrics/valid/dice.tsv"] = "\n".join(["step\tdice", *lines]) + "\n"
        lines = [f"{epoch}\t{1.5 - value}" for epoch, value in enumerate(curve, 1)]
        files["training/plots/metrics/train/loss.tsv"] = "\n".join(["step\tloss", *lines]) + "\n"
        files["training/metrics.json"] = json.dumps({"valid": {"dice": curve[-1]}, "epoch": len(curve)})
    if rows is not None:
        with tempfile.TemporaryDirectory() as scratch:
            write_records(Path(scratch) / "per_image.csv", rows)
            files["evaluation/per_image.csv"] = (Path(scratch) / "per_image.csv").read_text()
        figures = {name: value for name, value in metrics.figures(rows).items() if value is not None}
        dice = figures["dice_mean"]
        ends = {"dice_mean": {"low": dice - 0.05, "high": dice + 0.04}}
        files["evaluation/metrics.json"] = json.dumps({**figures, "intervals": ends})
    return files


def perfect(tiles: int = 30, each: int = 2) -> list[Record]:
    """A test set with the perfect answer; every third tile is good."""
    made = []
    for number in range(tiles * each):
        tile = number // each
        true = 0 if tile % 3 == 2 else 100 + 7 * tile
        defect = ("crack", "blowhole", "good")[tile % 3]
        made.append(perfect_answer(f"photo{number:03}", f"tile{tile:02}", defect, true))
    return made
