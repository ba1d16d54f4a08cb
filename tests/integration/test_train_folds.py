"""`tiles train --folds` with real workers and real DVC, on a pipeline that takes no time of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Exp
from tests.integration.experiments import experiment_refs, git, put_under_git_and_dvc
from tilecli import paramfile
from tilecli.experiments.queue import folds as library
from tilecli.experiments.queue.tasks import Queue
from tilecli.layout import Project, shipped

# Photos, split and evaluation in tiles' own formats; a training is a pause whose length and end the environment says.
STAGE = """\
import os, sys, time
from pathlib import Path
from tilecli import files, paramfile
from tilecli.layout import Project

project, split = Project(Path.cwd()), paramfile.load(Path("params.yaml")).split
photos = {f"p{n:02}": ("crack" if n % 2 else "good", str(n // 2 % max(1, split.folds))) for n in range(24)}
tested = [name for name, (_, fold) in photos.items() if fold == str(split.fold)]
stage = sys.argv[1]
if stage == "fetch":
    files.write_text(project.index, "photo\\n")
elif stage == "train":
    last = project.checkpoints / "last.ckpt"
    with open(os.environ["STARTS"], "a") as log:
        log.write(f"{split.fold} resume={os.environ.get('TILES_RESUME', '0')} last={last.exists()}\\n")
    files.write_text(last, "epoch 1")
    if os.environ.get("FAILS") == str(split.fold):
        raise SystemExit("a fold that fails")
    time.sleep(float(os.environ.get("SLOW", "0")))
    files.write_text(project.checkpoints / "best.ckpt", f"fold {split.fold}")
elif stage == "evaluate":
    import numpy as np
    from tilecli import histogram
    from tilecli.data.manifest import Assigned, write_manifest
    from tilecli.evaluation import metrics
    from tilecli.evaluation.pixels import write_counts
    from tilecli.evaluation.records import Record, write_records

    subset = {name: "test" if name in tested else "train" for name in photos}
    rows = [Assigned(name, name, kind, subset[name], "", fold) for name, (kind, fold) in photos.items()]
    write_manifest(project.split, rows)
    bad = [photos[name][0] != "good" for name in tested]
    records = [
        Record(name, name, photos[name][0], 80 * b, 90 * b, 100 * b, 1000, 0.2 + 0.7 * b, "defect" if b else "good",
               int(b), int(b), int(b), 1.0)
        for name, b in zip(tested, bad)
    ]
    write_records(project.per_image, records)
    counts = np.zeros((2, histogram.BINS), np.int64)
    counts[0, 1000], counts[1, 3000] = 1000 * len(tested) - 100 * sum(bad), 100 * sum(bad)
    write_counts(project.histogram, counts)
    files.write_json(project.metrics, metrics.figures(records))
"""
PIPELINE = """\
stages:
  fetch:
    cmd: PYTHON stage.py fetch
    params: [data]
    outs: [data/dataset]
  train:
    cmd: PYTHON stage.py train
    deps: [data/dataset]
    params: [split, train]
    outs:
      - training/checkpoints/best.ckpt: {persist: true}
  evaluate:
    cmd: PYTHON stage.py evaluate
    deps: [training/checkpoints/best.ckpt]
    params: [evaluate, split]
    outs:
      - data/split.csv: {cache: false}
      - evaluation/per_image.csv: {cache: false}
      - evaluation/histogram.csv: {cache: false}
    metrics:
      - evaluation/metrics.json: {cache: false}
"""
DEADLINE_S = 90


class Factory:
    """A project nobody has run anything in yet."""

    def __init__(self, folder: Path) -> None:
        root = put_under_git_and_dvc(folder / "my project")
        text = shipped("params.yaml").read_text()
        (root / "params.yaml").write_text(paramfile.edit(text, {"evaluate.bootstrap": 50}))
        (root / "stage.py").write_text(STAGE)
        (root / "dvc.yaml").write_text(PIPELINE.replace("PYTHON", f"env {shlex.quote(sys.executable)}"))
        (root / ".gitignore").write_text("last.ckpt\n")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "-m", "Set up")
        self.project, self.queue = Project(root), Queue(Project(root))
        self.starts = folder / "starts.txt"

    def started(self) -> list[str]:
        """A line for each start of a training, by fold."""
        return sorted(self.starts.read_text().splitlines()) if self.starts.exists() else []

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tilecli", *arguments],
            cwd=self.project.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def states(self) -> dict[str, str]:
        return {task.name: task.state for task in self.queue.tasks()}


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Factory]:
    factory = Factory(tmp_path)
    monkeypatch.setenv("STARTS", str(factory.starts))
    yield factory
    for worker in factory.queue.workers():
        os.kill(int(worker["pid"]), signal.SIGTERM)
    wait_for(lambda: not factory.queue.workers())


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def test_folds_are_run_and_pooled_and_the_same_command_again_runs_nothing(factory: Factory, exp: Exp) -> None:
    before = factory.project.params.read_text()
    run = ("run", "--folds", "3", "--name", "base", "--jobs", "2", "--lr", "0.01")
    done = exp(factory.project, *run)
    assert "base, 3 folds: 3 queued" in done.stderr
    assert done.stdout.startswith("base: Dice 0.842")  # 2·80 / (90 + 100)
    assert "pooled over 24 photos of 24 tiles in 3 folds" in done.stdout
    assert set(experiment_refs(factory.project)) == {"base-fold1", "base-fold2", "base-fold3"}
    assert factory.started() == [f"{fold} resume=0 last=False" for fold in range(3)]
    # The photos were fetched once, into the workspace; nothing else there has changed.
    assert factory.project.index.is_file()
    assert factory.project.params.read_text() == before
    assert not factory.project.evaluation.exists()
    params = {
        name: paramfile.parse_yaml(git(factory.project.root, "show", f"{rev}:params.yaml"), name)
        for name, rev in experiment_refs(factory.project).items()
    }
    assert [params[f"base-fold{n}"]["split"]["fold"] for n in (1, 2, 3)] == [0, 1, 2]
    assert {(p["split"]["folds"], p["train"]["learning_rate"]) for p in params.values()} == {(3, 0.01)}

    again = exp(factory.project, *run, "--json")
    assert "base, 3 folds: 3 done already" in again.stderr
    assert json.loads(again.stdout)["figures"]["photos"] == 24
    assert len(factory.started()) == 3
    said = exp(factory.project, *run[:-1], "0.5", code=1).stderr
    assert "base-fold1 is done with other settings: train.learning_rate 0.01 instead of 0.5" in said
    said = exp(factory.project, "run", "--folds", "2", "--name", "base", "--lr", "0.01", code=1).stderr
    assert "split.folds 3 instead of 2" in said


def test_a_fold_that_fails_is_named_with_its_log_and_alone_runs_again(
    factory: Factory, exp: Exp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", "1")
    said = exp(factory.project, "run", "--folds", "2", "-n", "base", code=1).stderr
    task = factory.queue.find("base-fold2")
    log = factory.queue.place(task) / "output.log"
    assert "✘ base-fold2: " in said
    assert str(log) in "".join(said.split("\n"))
    assert "a fold that fails" in log.read_text()
    assert "Go on with: " in said
    assert factory.states() == {"base-fold1": "done", "base-fold2": "failed"}
    monkeypatch.delenv("FAILS")
    done = exp(factory.project, "run", "--folds", "2", "-n", "base")
    assert "1 done already, 1 going on from the last epoch" in done.stderr
    assert "pooled over 24 photos" in done.stdout
    assert factory.started() == ["0 resume=0 last=False", "1 resume=0 last=False", "1 resume=1 last=True"]


def test_ctrl_c_stops_the_folds_in_order_and_says_how_to_go_on(
    factory: Factory, exp: Exp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "600")
    command = factory.command("train", "--folds", "3", "-n", "base", "--jobs", "2")
    wait_for(lambda: len(factory.started()) == 2)
    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=DEADLINE_S)
    assert command.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Go on with: tiles train --folds 3 -n base --jobs 2" in errors
    assert set(factory.states().values()) == {"stopped"}
    wait_for(lambda: not factory.queue.workers())
    monkeypatch.setenv("SLOW", "0")
    done = exp(factory.project, "run", "--folds", "3", "-n", "base", "--jobs", "2")
    assert "3 going on from the last epoch" in done.stderr
    assert "pooled over 24 photos" in done.stdout
    assert [line for line in factory.started() if "resume=1" in line] == [
        "0 resume=1 last=True",
        "1 resume=1 last=True",
    ]


def test_after_kill_9_of_the_command_the_folds_go_on_and_the_same_command_waits_for_them(
    factory: Factory, exp: Exp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "2")
    command = factory.command("train", "--folds", "2", "-n", "base")
    wait_for(lambda: len(factory.started()) == 1)
    command.kill()
    command.communicate(timeout=DEADLINE_S)
    done = exp(factory.project, "run", "--folds", "2", "-n", "base")
    assert "base, 2 folds: 2 under way" in done.stderr
    assert "pooled over 24 photos" in done.stdout
    assert factory.started() == ["0 resume=0 last=False", "1 resume=0 last=False"]


def test_queue_only_queues(factory: Factory, exp: Exp) -> None:
    done = exp(factory.project, "run", "--folds", "2", "-n", "later", "--queue", "--json", "-m", "is one noisy?")
    listed = json.loads(done.stdout)
    assert [(task["name"], task["state"], task["message"]) for task in listed] == [
        ("later-fold1", "queued", "is one noisy?"),
        ("later-fold2", "queued", "is one noisy?"),
    ]
    assert listed[1]["overrides"] == ["split.folds=2", "split.fold=1"]
    assert factory.queue.workers() == []
    assert "2 under way" in exp(factory.project, "run", "--folds", "2", "-n", "later", "--queue").stderr
    assert len(factory.queue.tasks()) == 2
    said = exp(factory.project, "run", "--folds", "2", "-n", "later", "--queue", "--epochs", "3", code=1).stderr
    assert "later-fold1 is queued with other settings: train.epochs 40 instead of 3" in said


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["--jobs", "2"], "--jobs is for --folds", 2),
        (["--folds", "1"], "--folds", 2),
        (["--folds", "2", "--only"], "--only leaves out", 2),
        (["--folds", "2", "--resume"], "goes on by itself", 2),
        (["--folds", "2", "-S", "split.fold=1"], "sets split.folds and split.fold", 2),
        (["--folds", "2", "-S", "data.sources=[sample]"], "tiles fetch -S data.sources=['sample']", 2),
        (["--folds", "2", "--name", "a/b"], "cannot be an experiment's name", 1),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(
    factory: Factory, exp: Exp, arguments: list[str], says: str, code: int
) -> None:
    said = exp(factory.project, "run", *arguments, code=code).output
    assert says in said
    assert factory.queue.tasks() == []
    assert not factory.project.dataset.exists()


def test_a_name_that_an_experiment_has_is_refused_and_a_free_one_is_no_groups(
    factory: Factory, exp: Exp, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(factory.project.root, "rev-parse", "HEAD")
    for name in ("base", "calm-arc-fold7"):
        git(factory.project.root, "update-ref", f"refs/exps/{head[:2]}/{head[2:]}/{name}", head)
    said = exp(factory.project, "run", "--folds", "2", "--name", "base", code=1).stderr
    assert "there is an experiment 'base' already" in said
    names = iter(["calm-arc", "calm-edge"])
    monkeypatch.setattr(library, "experiment_name", lambda *_: next(names))
    assert library.free_name(factory.project) == "calm-edge"
