"""A training by the clock: the clock itself, and whole runs that end on time, are cut short, and are resumed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.trainings import change, run
from tilecli import progress
from tilecli.config import Params
from tilecli.layout import Project
from tilecli.learning.budget import STATE, Budget, budget_of
from tilecli.learning.fit import train

Make = Callable[[str], Project]


def rates(project: Project) -> list[float]:
    rows = (project.training / "plots" / "metrics" / "lr.tsv").read_text().splitlines()[1:]
    return [float(row.split("\t")[1]) for row in rows]


def test_the_share_grows_with_the_clock_and_never_falls() -> None:
    budget = Budget(100.0, spent=40.0)
    assert budget.share() == pytest.approx(0.4, abs=0.01)
    budget.reserve = 20.0
    assert budget.share() == pytest.approx(0.5, abs=0.01)
    budget.reserve = 0.0
    assert budget.share() == pytest.approx(0.5, abs=0.01)
    assert budget.left == pytest.approx(60.0, abs=1)
    place, total = budget.place()
    assert place / total == pytest.approx(0.5, abs=0.01)
    assert not budget.is_over()


def test_a_clock_that_has_run_out_gives_the_last_step() -> None:
    budget = Budget(1.0, spent=2.0)
    assert budget.is_over()
    assert budget.left == 0
    place, total = budget.place()
    assert place == total - 1


def test_the_schedule_of_the_steps_starts_after_pretraining() -> None:
    budget = Budget(100.0, spent=40.0)
    budget.begin_steps()
    assert budget.share() == pytest.approx(0.0, abs=0.01)
    assert budget.left == pytest.approx(60.0, abs=1)
    resumed = Budget(100.0, spent=70.0, before_steps=budget.before_steps)
    assert resumed.share() == pytest.approx(0.5, abs=0.01)


def test_a_run_that_ended_a_moment_early_is_over_unless_it_gets_more_time(tiny: Params) -> None:
    state = {STATE: {"seconds": 10.0, "spent": 9.5, "before_steps": 0.0, "share": 1.0}}
    same, more = (budget_of(change(tiny, time_budget=time).train, state) for time in (10.0, 20.0))
    assert same is not None
    assert same.is_over()
    assert more is not None
    assert more.share() == pytest.approx(0.475, abs=0.01)


def test_a_run_ends_on_time_with_the_rate_at_its_lowest(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    began = time.monotonic()
    events = run(project, change(tiny, epochs=1, time_budget=5, warmup=0.1))
    assert 4.5 < time.monotonic() - began < 60  # a busy machine may take its time to stop
    epochs = [event for event in events if event.kind == "epoch"]
    assert len(epochs) > 1  # whatever train.epochs says
    assert epochs[-1].done == epochs[-1].total
    assert epochs[-1].data["seconds_left"] == 0
    assert rates(project)[-1] < 0.02 * tiny.train.learning_rate
    facts = json.loads((project.training / "run.json").read_text())
    assert facts["train"]["time_budget"] == 5
    assert facts["reproducible"] is False
    assert any("does not repeat" in event.text for event in events if event.kind == "note")


def test_an_epoch_that_is_longer_than_the_time_is_cut_short_and_validated(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    began = time.monotonic()
    run(project, change(tiny, steps_per_epoch=100_000, time_budget=3, valid_every=7))
    assert time.monotonic() - began < 60
    metrics = json.loads(project.training_metrics.read_text())
    assert metrics["epoch"] == 1
    assert 0 <= metrics["valid"]["dice"] <= 1
    assert metrics["photos_per_s"] < 100_000
    assert (project.checkpoints / "best.ckpt").is_file()


def test_a_resumed_run_goes_on_with_the_time_that_is_left(make_project: Make, tiny: Params) -> None:
    project = make_project("one")
    params, left = change(tiny, time_budget=6), []

    def press_ctrl_c(event: progress.Event) -> None:
        if event.kind == "epoch":
            left.append(event.data["seconds_left"])
            if left[-1] < 4:
                os.kill(os.getpid(), signal.SIGINT)

    with progress.listen(press_ctrl_c), pytest.raises(KeyboardInterrupt):
        train(project, params, resume=False)
    before = json.loads(project.training_metrics.read_text())["epoch"]
    events = run(project, params, resume=True)
    assert json.loads(project.training_metrics.read_text())["epoch"] > before
    first = next(event for event in events if event.kind == "step" and event.task == "train")
    assert first.total == 6
    assert first.done == pytest.approx(6 - left[before - 1], abs=0.5)  # what the last whole epoch had used
    events = run(project, params, resume=True)
    assert any("the time budget is used up" in event.text for event in events)
