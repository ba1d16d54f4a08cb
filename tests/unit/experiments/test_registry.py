from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tilecli.experiments.registry import events
from tilecli.layout import Project


@pytest.mark.parametrize("order", [1, -1])
def test_what_happens_within_a_second_has_an_order(tmp_path: Path, order: int) -> None:
    moment = "2026-11-28T12:00:00+0000"
    named = {"GIT_AUTHOR_NAME": "E", "GIT_AUTHOR_EMAIL": "e@e", "GIT_COMMITTER_NAME": "E", "GIT_COMMITTER_EMAIL": "e@e"}
    environment = {**os.environ, **named, "GIT_COMMITTER_DATE": moment}

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, env=environment, check=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    happened = ["model@v1.0.0", "model#dev#1", "model#prod#2", "model#dev!#3", "model#prod!#4", "model@v1.0.0!"]
    for tag in happened[::order]:
        git("tag", "-a", "-m", "said", tag)
    assert [event.tag for event in events(Project(tmp_path))] == happened
