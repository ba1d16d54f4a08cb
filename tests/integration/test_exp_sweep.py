"""`tiles exp sweep` of many combinations, with git watched."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Tiles
from tests.experiment_repo import Repository
from tilecli.experiments.queue.tasks import Queue


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A project whose photos are fetched, as far as a sweep looks."""
    made = Repository(tmp_path / "factory")
    for path in (made.project.root / ".dvc" / "config", made.project.index):
        path.parent.mkdir(parents=True)
        path.touch()
    return made


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    """Variables under which each call of git adds a line to `calls.txt`."""
    folder = tmp_path / "watch"
    folder.mkdir()
    script = folder / "git"
    script.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/calls.txt"\nexec {shutil.which("git")} "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_git_is_asked_no_more_often_for_many_combinations(
    repo: Repository, watched: dict[str, str], tiles: Tiles, tmp_path: Path
) -> None:
    def sweep(rates: int) -> tuple[list[Any], int]:
        (tmp_path / "calls.txt").write_text("")
        space = ["-S", f"train.learning_rate=log(1e-4,1e-1,{rates})", "-S", "train.seed=1,2"]
        done = tiles("exp", "sweep", *space, "--json", cwd=repo.project.root, **watched)
        return json.loads(done.stdout), len((tmp_path / "calls.txt").read_text().splitlines())

    few, calls_for_few = sweep(2)
    many, calls_for_many = sweep(90)
    assert len(few) == 4
    assert len(many) == 180
    # The first sweep in a repository gives git a name to commit with.
    assert 0 < calls_for_many <= calls_for_few
    tasks = Queue(repo.project).tasks()
    assert [task.name for task in tasks] == [task["name"] for task in (*few, *many)]
    assert len({task.name for task in tasks}) == 184
    assert {task.overrides for task in tasks[4:6]} == {
        ("train.learning_rate=0.0001", "train.seed=1"),
        ("train.learning_rate=0.0001", "train.seed=2"),
    }
    kept = repo.git("for-each-ref", "--format=%(refname)", "refs/tiles/queue").splitlines()
    assert sorted(kept) == sorted(f"refs/tiles/queue/{task.id}" for task in tasks)

    (tmp_path / "calls.txt").write_text("")
    tiles("exp", "clear", "--queued", cwd=repo.project.root, **watched)
    assert len((tmp_path / "calls.txt").read_text().splitlines()) == 2
    assert repo.git("for-each-ref", "refs/tiles/queue") == ""
    assert Queue(repo.project).tasks() == []
