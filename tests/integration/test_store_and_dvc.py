"""What the store reads is what `dvc exp show` says, value for value, whatever state an experiment is in."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Tiles, bare_environment
from tilecli.experiments import store
from tilecli.experiments.store import Commits, Record
from tilecli.layout import Project
from tilecli.paramfile import flatten

PIPELINE = """
stages:
  train:
    cmd: python stage.py train
    deps: [stage.py]
    params: [train]
    outs:
      - training/checkpoints/best.ckpt: {persist: true}
    metrics:
      - training/metrics.json: {cache: false, persist: true}
    plots:
      - training/plots/metrics: {cache: false, persist: true, x: step}
  export:
    cmd: python stage.py export
    deps: [training/checkpoints/best.ckpt]
    outs:
      - models/bundle
  evaluate:
    cmd: python stage.py evaluate
    deps: [models/bundle]
    metrics:
      - evaluation/metrics.json: {cache: false}
"""
STAGE = """
import json, os, sys, time
from pathlib import Path

def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)

text = Path("params.yaml").read_text()
rate = float(text.split("learning_rate: ")[1].split()[0])
outcome = text.split("outcome: ")[1].split()[0]
if sys.argv[1] == "train":
    write("training/plots/metrics/valid/dice.tsv", f"step\\tdice\\n1\\t{rate / 2}\\n2\\t{rate}\\n")
    write("training/metrics.json", json.dumps({"train": {"loss": 1 - rate}, "valid": {"dice": rate}, "epoch": 2}))
    if outcome == "wait":
        while Path(os.environ["HOLD"]).exists():  # DVC kills its own process, and not this one
            time.sleep(0.2)
    if outcome == "fail":
        sys.exit(1)
    write("training/checkpoints/best.ckpt", str(rate))
elif sys.argv[1] == "export":
    write("models/bundle/model.onnx", Path("training/checkpoints/best.ckpt").read_text())
else:
    dice = float(Path("models/bundle/model.onnx").read_text())
    ends = {"dice_mean": {"low": dice - 0.1, "high": dice + 0.1}}
    write("evaluation/metrics.json", json.dumps({"dice_mean": dice, "auroc": None, "intervals": ends}))
"""
PARAMS = "train:\n  learning_rate: 0.25\n  widths: [8, 16]\n  outcome: ok\n  small: 1e-3\n"
WAIT_S = 240


def wait_for(what: Callable[[], bool], said: Callable[[], str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < deadline, said()
        time.sleep(0.3)


class Session:
    """A repository, and the commands that are run in it."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.project = Project(root)
        scripts = Path(sys.executable).parent
        bare = bare_environment(home)
        self.environment = {**bare, "PATH": f"{scripts}{os.pathsep}{bare['PATH']}", "DVC_NO_ANALYTICS": "1"}
        self.hold = home / "hold"
        self.environment["HOLD"] = str(self.hold)
        home.mkdir()
        self.hold.touch()
        root.mkdir()

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def dvc(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments)

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def states(self) -> dict[str, str]:
        return {record.name: record.state for record in store.history(self.project, Commits(every=True)).experiments}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Two commits, a branch, a tag; finished, failed, running and waiting experiments; one trained, not evaluated."""
    folder = tmp_path_factory.mktemp("store")
    made = Session(folder / "project", folder / "home")
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "user.name", "test")
    made.git("config", "user.email", "test@localhost")
    made.dvc("init", "--quiet")
    made.dvc("config", "core.check_update", "false")
    for path, text in (("dvc.yaml", PIPELINE), ("stage.py", STAGE), ("params.yaml", PARAMS)):
        (made.root / path).write_text(text)
    made.commit("Base")
    made.dvc("exp", "run", "--quiet", "--name", "one", "--set-param", "train.learning_rate=0.5")
    made.commit("Second")
    made.git("branch", "side")
    made.git("tag", "--annotate", "v1", "--message", "first release")
    made.dvc("exp", "run", "--quiet", "--name", "two", "--set-param", "train.learning_rate=0.75", "--message", "Faster")
    made.dvc("exp", "run", "--quiet", "--name", "only", "--set-param", "train.learning_rate=0.875", "train")
    made.git("checkout", "--quiet", "--force", "side")
    for name, outcome in (("bad", "fail"), ("slow", "wait")):
        made.dvc(
            "exp",
            "run",
            "--queue",
            "--name",
            name,
            "--set-param",
            f"train.outcome={outcome}",
            "--set-param",
            "train.learning_rate=0.125",
        )
    # Its output goes nowhere: the worker keeps it open, and whoever reads it would wait for the worker's end.
    start = [sys.executable, "-m", "dvc", "queue", "start"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(start, cwd=made.root, env=made.environment, check=True, timeout=WAIT_S, **quiet)
    try:
        wait_for(lambda: made.states().get("bad") == "failed", lambda: str(made.states()))

        def slow() -> list[float]:
            # Between the queue and its first file it is nowhere.
            found = store.history(made.project).experiments
            return [record.metrics.get("valid.dice") for record in found if record.name == "slow"]

        wait_for(lambda: slow() == [0.125], lambda: str(slow()))
        made.dvc("exp", "run", "--queue", "--name", "later", "--set-param", "train.learning_rate=0.0625")
        yield made
    finally:
        made.dvc("queue", "stop", "--kill")
        made.hold.unlink()


@pytest.fixture(scope="module")
def shown(session: Session) -> dict[str, Any]:
    """`dvc exp show` of every commit, by commit."""
    states = json.loads(session.dvc("exp", "show", "--json", "--all-commits"))
    return {state["rev"]: state for state in states}


def figures(record: Record) -> dict[str, Any]:
    """The metrics as they lie in their files."""
    ends = {
        f"intervals.{name}.{end}": value
        for name, pair in record.intervals.items()
        for end, value in zip(("low", "high"), pair, strict=True)
    }
    return {name: value for name, value in (record.metrics | ends).items() if value is not None}


def told(state: dict[str, Any], part: str) -> dict[str, Any]:
    """What DVC says of params or metrics."""
    merged: dict[str, Any] = {}
    for file in state["data"][part].values():
        merged |= flatten(file.get("data", {}))
    return merged


def moment(state: dict[str, Any]) -> float:
    return datetime.fromisoformat(state["data"]["timestamp"]).timestamp()


def test_commits_and_workspace_are_the_same(session: Session, shown: dict[str, Any]):
    history = store.history(session.project, Commits(every=True))
    assert {"workspace", *(group.baseline.rev for group in history.groups)} == shown.keys()
    assert len(history.groups) == 2
    for record in (history.workspace, *(group.baseline for group in history.groups)):
        state = shown[record.rev or "workspace"]
        assert record.params == told(state, "params")
        assert figures(record) == told(state, "metrics")
        if record.rev:
            assert record.created == moment(state)
    assert history.workspace.metrics["dice_mean"] == 0.5
    assert history.groups[0].baseline.name == "side"


def test_experiments_are_the_same_in_every_state(session: Session, shown: dict[str, Any]):
    seen = {}
    for group in store.history(session.project, Commits(every=True)).groups:
        theirs = {entry["name"]: entry for entry in shown[group.baseline.rev]["experiments"] or []}
        assert {record.name for record in group.experiments} == theirs.keys()
        for record in group.experiments:
            (state,) = theirs[record.name]["revs"]
            executor = theirs[record.name]["executor"]
            assert record.state == (executor["state"] if executor else "success")
            assert record.rev == state["rev"]
            assert record.baseline == group.baseline.rev
            assert record.params == told(state, "params")
            if record.state != "running":  # of which DVC knows no time
                assert record.created == moment(state)
            seen[record.name] = (record, told(state, "metrics"))
    assert {name: record.state for name, (record, _) in seen.items()} == {
        "one": "success",
        "two": "success",
        "only": "success",
        "bad": "failed",
        "slow": "running",
        "later": "queued",
    }
    for name in ("one", "two"):
        record, metrics = seen[name]
        assert figures(record) == metrics
        assert record.metrics["dice_mean"] in (0.5, 0.75)
    assert seen["later"][0].metrics == {}
    assert seen["two"][0].message == "Faster"


def test_what_dvc_shows_of_an_older_model_is_left_out(session: Session, shown: dict[str, Any]):
    """The evaluation beside a model that was trained since, and the commit's own figures beside a run that began."""
    records = {record.name: record for record in store.history(session.project).experiments}
    states = {entry["name"]: entry["revs"][0] for state in shown.values() for entry in state["experiments"] or []}
    only = records["only"]
    assert told(states["only"], "metrics")["dice_mean"] == 0.75  # of the experiment before
    assert only.stale == ("bundle", "evaluation")
    assert figures(only) == {"train.loss": 0.125, "valid.dice": 0.875, "epoch": 2}
    slow = records["slow"]
    assert told(states["slow"], "metrics")["dice_mean"] == 0.5  # of the commit it started from
    assert figures(slow) == {"train.loss": 0.875, "valid.dice": 0.125, "epoch": 2}
    assert slow.valid_dice == (0.0625, 0.125)
    assert records["bad"].metrics == {}


def test_the_models_hash_is_what_dvc_calls_it(session: Session, shown: dict[str, Any]):
    states = {entry["name"]: entry["revs"][0] for state in shown.values() for entry in state["experiments"] or []}
    for record in store.experiments(session.project):
        assert f"{record.model}.dir" == states[record.name]["data"]["outs"]["models/bundle"]["hash"]


def test_the_table_says_it_all(session: Session, tiles: Tiles):
    table = tiles("exp", "compare", "--all-commits", "--sort", "valid.dice", cwd=session.root)
    rows = {line.lstrip("├└─ ").split()[0]: line for line in table.stdout.splitlines() if line.strip("─ ")}
    assert {"workspace", "side", "one", "two", "only", "bad", "slow", "later"} <= rows.keys()
    for name, state in (("bad", "failed"), ("slow", "running"), ("later", "queued")):
        assert state in rows[name]
    assert "only" in table.stderr
    assert "older model" in table.stderr
    told = json.loads(
        tiles("exp", "compare", "--filter", "state == 'success' and dice_mean > 0.6", "--json", cwd=session.root).stdout
    )
    assert [record["name"] for record in told if record["kind"] == "experiment"] == ["two"]
