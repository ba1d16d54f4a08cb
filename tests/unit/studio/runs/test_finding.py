"""What a name stands for, whatever state it is in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.studied import Studied, epochs
from tilecli.errors import ProjectError
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.studio.runs import following
from tilecli.studio.runs.finding import find


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that leads a group of its own, as DVC does."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process.pid
    process.kill()
    process.wait()


def put(path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_names_and_hashes(studied: Studied) -> None:
    run = find(studied.project, "looked-at")
    assert (run.record.rev, run.record.state, run.at) == (studied.rev, "success", None)
    assert find(studied.project, studied.rev[:9]).record.name == "looked-at"
    assert find(studied.project, "main").record.kind == "commit"
    assert find(studied.project, "workspace").record.kind == "workspace"
    with pytest.raises(ProjectError, match="no experiment, task or commit 'loked-at'") as caught:
        find(studied.project, "loked-at")
    assert "looked-at" in (caught.value.hint or "")
    with pytest.raises(ProjectError):
        find(studied.project, "--output=x")


def test_the_workspace_runs_as_long_as_its_process(studied: Studied, busy: int) -> None:
    project = studied.project
    for name, value in (("valid/dice", 0.4), ("train/loss", 0.9)):
        put(project.training / "plots" / "metrics" / f"{name}.tsv", f"step\tx\n1\t{value}\n")
    put(project.metrics, json.dumps({"dice_mean": 0.9}))
    assert not find(project, "workspace").is_running
    began = time.time() + 5  # so that all of this is older
    said = {"pid": busy, "began": began, "stage": "train", "epoch": 2, "epochs": 8, "until": time.time() + 60}
    put(project.live / "status.json", json.dumps(said))
    put(project.live / "output.log", "one\ntwo\n")
    run = find(project, "workspace")
    assert (run.is_running, run.pid) == (True, busy)
    assert "dice_mean" not in run.record.metrics  # of an older model
    live = following.live(project, run)
    assert live["series"] == {}
    assert live["log"] == ["one", "two"]
    assert (live["progress"]["epoch"], live["progress"]["share"]) == (2, 0.25)
    assert 55 < live["progress"]["left"] <= 60
    os.utime(project.valid_dice, (began + 1, began + 1))
    live = following.live(project, run)
    assert live["series"] == {"valid.dice": ((1.0, 0.4),)}
    assert (live["epoch_s"], live["best"]) == (None, None)
    put(project.live / "status.json", json.dumps({**said, "ended": began}))
    assert not find(project, "workspace").is_running


def test_a_queued_task_is_a_run_from_its_first_moment(studied: Studied) -> None:
    project, base = studied.project, studied.repository.base
    queue = Queue(project)
    queue.add([Task(0, "next", base, base, ("train.epochs=7",), message="why not")])
    run = find(project, "next")
    assert (run.record.state, run.record.message, run.record.params["train.epochs"]) == ("queued", "why not", 7)
    with queue.at_work("w1", {}):
        task = queue.claim("w1")
        assert task is not None
        clone = queue.place(task) / "clone" / "vision"
        # As the clone has it from the commit: none of this is the task's own.
        put(clone / "training" / "plots" / "metrics" / "valid" / "dice.tsv", "step\tdice\n1\t0.8\n")
        assert following.live(project, find(project, "next"))["series"] == {}
        put(clone / "training" / "checkpoints" / "last.ckpt", "weights")
        put(clone / "training" / "metrics.json", json.dumps({"best": {"epoch": 1}, "epoch": 2, "seconds": 5.0}))
        for name, data in epochs(2).items():
            (clone / "training" / "pictures").mkdir(exist_ok=True)
            (clone / "training" / "pictures" / name).write_bytes(data)
        run = find(project, "next")
        live = following.live(project, run)
        assert run.is_running
        assert live["series"] == {"valid.dice": ((1.0, 0.8),)}
        assert (live["epoch_s"], live["best"]) == (2.5, 1.0)
        assert len(live["pictures"]["epochs"]) == 2
        assert following.picture(project, run, "00001.jpg") == clone / "training" / "pictures" / "00001.jpg"
        assert following.picture(project, run, "../metrics.json") is None
        queue.finish(task, "failed", error={"message": "the loss is nan", "where": "epoch 3", "hint": "a lower rate"})
    assert find(project, "next").record.state == "failed"


def test_what_the_queue_made_keeps_its_words(studied: Studied) -> None:
    queue, base = Queue(studied.project), studied.repository.base
    assert following.log(find(studied.project, "looked-at")) == []
    queue.add([Task(0, "looked-at", base, base)])
    task = queue.claim("w1")
    assert task is not None
    put(queue.place(task) / "output.log", "epoch 3/3\n")
    queue.finish(task, "done", rev=studied.rev)
    run = find(studied.project, "looked-at")
    assert following.log(run) == ["epoch 3/3"]
    assert not run.is_running


def test_the_last_lines_of_a_long_log(studied: Studied) -> None:
    put(studied.project.live / "output.log", "".join(f"line {number}\n" for number in range(20_000)))
    lines = following.log(find(studied.project, "workspace"))
    assert lines[-1] == "line 19999"
    assert len(lines) == 300
    assert lines[0] == "line 19700"
