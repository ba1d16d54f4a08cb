"""`tiles exp reproduce`: the same figures or not, and no trace in the user's repository."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from tests.integration.conftest import Exp
from tests.integration.experiments import git, ran
from tilecli.layout import Project


def trace(project: Project) -> list[object]:
    """Everything of the user's that a reproduction must leave alone."""
    status = git(project.root, "status", "--porcelain", "--untracked-files=all")
    files = {str(file): file.read_bytes() for file in project.root.glob("[a-z]*/**/*") if file.is_file()}
    return [git(project.root, "for-each-ref"), status, git(project.root, "worktree", "list"), ran(project), files]


def clones(project: Project) -> list[str]:
    folder = project.scratch / "reproduce"
    return [place.name for place in folder.iterdir()] if folder.exists() else []


def test_the_same_figures_come_out_and_nothing_is_left(tried: Project, exp: Exp):
    before = trace(tried)
    seen = exp(tried, "reproduce", "high").output
    assert "the same figures came out" in seen
    assert "the same, bit for bit" in seen
    assert " ".join(next(line for line in seen.splitlines() if "dice_mean" in line).split()) == (
        "dice_mean 0.580000 0.580000 same"
    )
    assert trace(tried) == before
    assert clones(tried) == []
    assert "did you mean train?" in exp(tried, "reproduce", "high", "--from", "trian", code=1).output


def test_other_figures_give_code_3_and_the_reasons(tried: Project, exp: Exp, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DRIFT", "0.00002")
    monkeypatch.setenv("DEVICE", "cuda")
    done = json.loads(exp(tried, "reproduce", "low", "--json", "--keep-clone", code=3).stdout)
    assert done["same"] is False
    assert done["stages"] == ["train", "export", "evaluate"]
    by_name = {metric["name"]: metric for metric in done["metrics"]}
    assert by_name["dice_mean"]["now"] - by_name["dice_mean"]["before"] == pytest.approx(0.00002)
    assert by_name["epoch"]["same"] is True
    assert "seconds" not in by_name
    assert done["same_model"] is True
    assert "device: cpu then, cuda now" in done["reasons"]
    # Only what was asked for ran: the data came from the cache.
    copy = Project(tried.root.__class__(done["clone"]))
    assert ran(copy) == ["train", "export", "evaluate"]
    assert (copy.dataset / "images" / "2.txt").read_text() == "photo 2"


def test_ctrl_c_takes_the_clone_away(tried: Project):
    before = trace(tried)
    process = subprocess.Popen(
        [sys.executable, "-m", "tilecli", "exp", "reproduce", "high"],
        cwd=tried.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SLOW": "600"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 200
    while not list(tried.scratch.glob("reproduce/*/ran.log")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert clones(tried) == []
    assert trace(tried) == before


def test_a_clone_that_a_killed_process_left_is_cleared(tried: Project, exp: Exp):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tried.scratch / "reproduce" / f"low.{ended.pid}"
    left.mkdir(parents=True)
    mine = tried.scratch / "reproduce" / f"middle.{os.getppid()}"
    mine.mkdir()
    exp(tried, "reproduce", "low", "--from", "evaluate")
    assert clones(tried) == [mine.name]
