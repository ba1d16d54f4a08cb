"""What the page of a run shows of runs that went well, that failed, that are broken, and of an empty project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.experiment_repo import Repository
from tests.studied import Studied
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.studio.views.run import view


def test_a_run_says_everything_about_itself(studied: Studied) -> None:
    shown = view(studied.project, {"name": "looked-at"})
    json.dumps(shown, allow_nan=False)
    assert shown["head"]["base"] == {"rev": studied.repository.base, "subject": "Set up"}
    assert (shown["head"]["model"], shown["head"]["commit"]) == (studied.bundle.removesuffix(".dir"), studied.rev)
    assert shown["head"]["seconds"] == 62.0
    dice = next(figure for figure in shown["figures"] if figure["name"] == "dice_mean")
    assert dice["interval"][0] < dice["value"] < dice["interval"][1]
    assert {figure["name"] for figure in shown["figures"] if figure["share"]} == {"defect_recall", "false_alarm_rate"}
    assert shown["params"][0] == {"name": "train.learning_rate", "value": 0.05, "was": 0.002, "changed": True}
    assert not any(param["changed"] for param in shown["params"][1:])
    assert shown["commands"][0]["command"] == "tiles exp reproduce looked-at"
    assert {row["photo"]: row["outcome"] for row in shown["photos"]["rows"]} == {
        "found": "found", "missed": "missed", "alarm": "false alarm", "fine": "rightly good",
    }  # fmt: skip
    assert shown["warnings"] == []


def test_a_failed_task_says_why_and_what_to_type(studied: Studied) -> None:
    queue, base = Queue(studied.project), studied.repository.base
    queue.add([Task(0, "broke", base, base)])
    task = queue.claim("w1")
    assert task is not None
    queue.finish(task, "failed", error={"message": "the training diverged", "where": "epoch 3", "hint": "-S x=1"})
    shown = view(studied.project, {"name": "broke"})
    assert shown["warnings"] == [{"title": "the training diverged (epoch 3)", "hint": "-S x=1"}]
    assert (shown["figures"], shown["photos"]["rows"]) == ([], [])
    assert shown["live"]["state"] == "failed"


def test_broken_records_are_said_and_no_error(studied: Studied) -> None:
    files = {
        "training/metrics.json": "{",
        "evaluation/metrics.json": "[",
        "evaluation/per_image.csv": "photo,tile\n1\n",
    }
    studied.repository.experiment("odd", files)
    shown = view(studied.project, {"name": "odd"})
    assert [one["title"] for one in shown["warnings"]] == [
        "training/metrics.json cannot be read", "evaluation/metrics.json cannot be read",
    ]  # fmt: skip
    assert shown["photos"]["problem"]


@pytest.mark.parametrize("name", ["workspace", ""])
def test_an_empty_project_says_what_to_type(tmp_path: Path, name: str) -> None:
    shown = view(Repository(tmp_path / "new").project, {"name": name} if name else {})
    assert shown["photos"]["hint"] == "tiles eval"
    assert shown["commands"] == [{"does": "run what has changed since", "command": "tiles train"}]
    assert (shown["figures"], shown["live"]["series"]) == ([], {})


def test_a_name_that_nobody_has_is_no_exception(studied: Studied) -> None:
    shown = view(studied.project, {"name": "looked-it"})
    assert shown["problem"]["title"] == "there is no experiment, task or commit 'looked-it'"
    assert "looked-at" in shown["problem"]["hint"]
