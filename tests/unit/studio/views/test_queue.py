from pathlib import Path

from tests.unit.studio.projects import put_task, queueable
from tilecli import files
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.studio.views import queue


def test_an_empty_queue(tmp_path: Path):
    shown = queue.view(queueable(tmp_path).project, {})
    assert (shown["tasks"], shown["workers"], shown["counts"], shown["left"]) == ([], [], {}, 0)


def test_what_runs_comes_first_with_how_far_it_is(tmp_path: Path):
    repository = queueable(tmp_path)
    project, base = repository.project, repository.commit()
    put_task(project, base, "lost", "failed", "train.epochs=3")
    put_task(project, base, "next")
    tasks = Queue(project)
    with tasks.at_work("w1", {"started": 1.0, "jobs": 1}):
        running = tasks.claim("w1")
        assert running is not None
        facts = {"stage": "train", "epoch": 2, "epochs": 5, "valid_dice": 0.5, "until": 99.0}
        files.write_json(tasks.place(running) / "status.json", facts)
        shown = queue.view(project, {})
        tasks.stop(["next"])
        assert queue.view(project, {})["tasks"][0]["stopping"]
    assert [row["name"] for row in shown["tasks"]] == ["next", "lost"]
    assert shown["tasks"][0] | facts == shown["tasks"][0]
    assert shown["tasks"][1]["error"]["message"] == "the photos ran out"
    assert shown["tasks"][1]["settings"] == ["epochs=3"]
    assert shown["workers"] == [{"name": "w1", "started": 1.0, "jobs": 1}]
    # Its worker is gone without a word.
    assert queue.view(project, {"state": "failed"})["counts"] == {"failed": 2}


def test_folds_of_a_cross_validation_stand_together(tmp_path: Path):
    repository = queueable(tmp_path)
    project, base = repository.project, repository.commit()
    put_task(project, base, "odd-fold1", "queued")  # called like one, and none
    for number, state in enumerate(("done", "stopped", "queued")):
        fold = (f"split.fold={number}",) if number else ()  # 0 is what params.yaml has
        put_task(project, base, f"wide-fold{number + 1}", state, "train.epochs=3", "split.folds=3", *fold)
    put_task(project, base, "next")
    put_task(project, base, "lost", "failed")
    shown = queue.view(project, {"turned": "wide,other"})
    names = [row["name"] for row in shown["tasks"]]
    assert names == ["odd-fold1", "wide-fold1", "wide-fold2", "wide-fold3", "next", "lost"]
    assert [row["fold"] and row["fold"]["number"] for row in shown["tasks"]] == [None, 1, 2, 3, None, None]
    assert shown["groups"] == {
        "wide": {
            "folds": 3, "counts": {"queued": 1, "stopped": 1, "done": 1}, "settings": ["epochs=3"], "message": "",
        },
    }  # fmt: skip
    assert shown["turned"] == ["wide", "other"]
    only = queue.view(project, {"state": "stopped"})
    assert [row["name"] for row in only["tasks"]] == ["wide-fold2"]
    assert only["groups"] == shown["groups"]


def test_a_long_queue_is_shown_as_far_as_one_looks_at_it(tmp_path: Path):
    repository = queueable(tmp_path)
    base = repository.commit()
    ended = [Task(0, f"done-{number}", base, base, state="done") for number in range(queue._SHOWN + 2)]
    Queue(repository.project).add(ended)
    put_task(repository.project, base, "waits")
    shown = queue.view(repository.project, {})
    assert (len(shown["tasks"]), shown["left"], shown["tasks"][0]["name"]) == (queue._SHOWN, 3, "waits")
    assert len(queue.view(repository.project, {"all": "1"})["tasks"]) == queue._SHOWN + 3
    assert [row["name"] for row in queue.view(repository.project, {"state": "queued"})["tasks"]] == ["waits"]
