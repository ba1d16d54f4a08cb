"""What the table of experiments is given."""

import json
from pathlib import Path

import pytest

from tests.experiment_repo import Repository, run_files
from tilecli.experiments import remarks
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.studio.views.experiments import view

FIGURES = {"dice_mean": 0.8, "auroc": float("nan"), "intervals": {"dice_mean": {"low": 0.7, "high": 0.9}}}


def files(rate: float, **figures: float) -> dict[str, str]:
    made = run_files(params={"train.learning_rate": rate}, curve=[0.1, float("nan"), 0.5])
    return made | {"evaluation/metrics.json": json.dumps({**FIGURES, **figures})}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = Repository(tmp_path_factory.mktemp("studio") / "repository")
    repository.experiment("low", files(0.001))
    repository.experiment("high", files(0.1, dice_mean=0.9))
    return repository


@pytest.fixture
def repository(made: Repository, tmp_path: Path) -> Repository:
    return made.copy(tmp_path / "copy")


def cells(shown: dict, name: str) -> dict[str, object]:
    varying = [column["id"] for column in shown["columns"] if "same" not in column]
    row = next(row for row in shown["rows"] if row["name"] == name)
    return dict(zip(varying, row["cells"], strict=True))


def test_rows_as_they_hang_together_with_all_they_show(repository: Repository):
    shown = view(repository.project, {})
    assert [row["name"] for row in shown["rows"]] == ["workspace", "main", "high", "low"]
    assert shown["tried"] == 2 and shown["problem"] == ""
    low = shown["rows"][3]
    assert low["base"] == shown["rows"][1]["rev"] == repository.base
    assert low["trend"] == [0.1, None, 0.5]
    assert low["intervals"] == {"dice_mean": [0.7, 0.9]}
    assert cells(shown, "low")["dice_mean"] == 0.8 and cells(shown, "low")["auroc"] is None
    json.dumps(shown, allow_nan=False)


def test_columns_say_which_matter_and_what_is_the_same_everywhere(repository: Repository):
    columns = {column["id"]: column for column in view(repository.project, {})["columns"]}
    assert columns["dice_mean"] == {
        "id": "dice_mean",
        "name": "dice_mean",
        "kind": "metric",
        "high": True,
        "shown": True,
    }
    assert columns["train.learning_rate"]["shown"] and "same" not in columns["train.learning_rate"]
    assert columns["train.batch_size"]["same"] == 24 and not columns["train.batch_size"]["shown"]
    assert columns["train.widths"]["same"] == "[]" or isinstance(columns["train.widths"]["same"], (str, type(None)))


def test_a_figure_and_a_param_of_one_name_are_two_columns(repository: Repository):
    made = files(0.2) | {"training/metrics.json": json.dumps({"train": {"loss": 0.25}})}
    repository.experiment("both", made)
    shown = view(repository.project, {})
    columns = {column["id"]: column for column in shown["columns"]}
    assert (columns["train.loss"]["kind"], columns["params.train.loss"]["kind"]) == ("metric", "param")
    assert cells(shown, "both")["train.loss"] == 0.25
    assert isinstance(columns["params.train.loss"]["same"], str)


def test_the_filter_is_that_of_exp_compare_and_its_error_comes_in_words(repository: Repository):
    shown = view(repository.project, {"filter": "dice_mean > 0.85"})
    assert [row["name"] for row in shown["rows"]] == ["workspace", "main", "high"]
    assert len(shown["columns"]) == len(view(repository.project, {})["columns"])
    wrong = view(repository.project, {"filter": "dice_men > 0.85"})
    assert "did you mean dice_mean" in wrong["problem"] and "--filter" not in wrong["problem"]
    assert len(wrong["rows"]) == 4


def test_what_has_changed_is_seen_and_nothing_else_is_read_again(repository: Repository):
    first = view(repository.project, {})
    again = view(repository.project, {})
    assert all(one is other for one, other in zip(first["rows"], again["rows"], strict=True))
    rev = repository.experiment("third", files(0.3))
    remarks.change(repository.project, rev, star=True, note="promising")
    row = view(repository.project, {})["rows"][2]
    assert (row["name"], row["star"], row["note"]) == ("third", True, "promising")


def test_what_waits_and_what_fails_is_there_with_its_settings(repository: Repository):
    project = repository.project
    (project.root / ".dvc").mkdir()
    task = Task(0, "waits", repository.base, repository.base, overrides=("train.learning_rate=0.5",))
    Queue(project).add([task])
    shown = view(project, {})
    assert (shown["rows"][2]["name"], shown["rows"][2]["state"]) == ("waits", "queued")
    assert cells(shown, "waits")["train.learning_rate"] == 0.5


def test_how_far_a_running_one_is(repository: Repository):
    queue = Queue(repository.project)
    with queue.at_work("w1", {}):
        (task,) = queue.add([Task(0, "runs", repository.base, repository.base)])
        queue.claim("w1")
        status = {"stage": "train", "epoch": 3, "epochs": 20, "until": 2e9}
        (queue.place(task) / "status.json").write_text(json.dumps(status))
        rows = view(repository.project, {})["rows"]
    (row,) = [row for row in rows if row["state"] == "running"]
    assert row["epochs"] == {"stage": "train", "done": 3, "all": 20, "until": 2e9}


def test_files_that_cannot_be_read_and_a_project_without_anything(repository: Repository, tmp_path: Path):
    repository.experiment("torn", {"evaluation/metrics.json": "{", "params.yaml": "a: [", "dvc.lock": "\0"})
    row = next(row for row in view(repository.project, {})["rows"] if row["name"] == "torn")
    assert set(row["broken"]) == {"evaluation/metrics.json", "params.yaml", "dvc.lock"} and row["bare"]
    empty = Repository(tmp_path / "empty")
    (empty.project.root / "params.yaml").unlink()
    shown = view(empty.project, {})
    assert shown["tried"] == 0 and [row["kind"] for row in shown["rows"]] == ["workspace", "commit"]
