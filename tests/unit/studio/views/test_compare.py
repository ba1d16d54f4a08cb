import json
import math
from pathlib import Path

import pytest

from tests.unit.experiments.history import Repository
from tests.unit.studio.compared import files, per_image, repository, rows
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.studio.views import compare


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return repository(tmp_path_factory.mktemp("compared"))


def test_runs_stand_side_by_side_in_the_order_of_the_query(made: Repository) -> None:
    shown = compare.view(made.project, {"runs": "weak,strong,bare"})
    assert [run["name"] for run in shown["runs"]] == ["weak", "strong", "bare"]
    assert shown["runs"][1]["message"] == "does a low rate pay?"
    assert shown["params"] == [{"name": "train.learning_rate", "values": [0.1, 0.01, 0.001]}]
    dice = next(metric for metric in shown["metrics"] if metric["name"] == "dice_mean")
    assert dice["values"] == [0.5, 0.8, 0.6]
    assert dice["intervals"][0] == pytest.approx((0.4, 0.6))
    alarms = next(metric for metric in shown["metrics"] if metric["name"] == "false_alarm_rate")
    assert (alarms["high"], alarms["share"]) == (False, True)
    assert "Dice of crack" in [metric["label"] for metric in shown["metrics"]]
    assert len({run["colour"] for run in shown["runs"]}) == 3


def test_every_series_that_was_written_is_there(made: Repository) -> None:
    curves = compare.view(made.project, {"runs": "weak,bare"})["curves"]
    assert curves["names"] == ["valid.dice", "lr"]
    assert curves["series"][0]["valid.dice"][-1] == (4.0, 0.5)
    assert curves["epoch_s"] == [10.0, 10.0]
    assert curves["best"] == [None, None]  # nothing says which epoch the model is of


def test_a_training_that_is_under_way_has_what_it_has_written(tmp_path: Path) -> None:
    made = repository(tmp_path)
    queue, base = Queue(made.project), made.experiment("done", files(0.1, 0.5))
    queue.add([Task(0, "new", base, base)])
    with queue.at_work("w1", {}):
        task = queue.claim("w1")
        assert task is not None
        written = queue.place(task) / "clone" / "training"
        for name, text in {"plots/metrics/train/loss.tsv": "step\tloss\n1\t0.5\n", "checkpoints/last.ckpt": ""}.items():
            (written / name).parent.mkdir(parents=True, exist_ok=True)
            (written / name).write_text(text)
        curves = compare.view(made.project, {"runs": "done,new"})["curves"]
    assert curves["series"][1] == {"train.loss": ((1.0, 0.5),)}
    assert curves["names"] == ["valid.dice", "lr", "train.loss"]


def test_code_that_differs_is_named_and_results_are_not(made: Repository) -> None:
    assert compare.view(made.project, {"runs": "weak,strong,bare"})["changes"] == [
        None,
        {"files": {"train.py": "changed"}, "data": "the same photos and masks"},
        {"files": {}, "data": "the same photos and masks"},
    ]


def test_verdicts_are_worked_out_when_they_are_asked_for_and_known_from_then_on(made: Repository) -> None:
    query = {"runs": "weak,strong,bare"}
    first = compare.view(made.project, query)
    assert first["verdicts"] == [None, None, None]
    assert not first["whole"]
    whole = compare.view(made.project, {**query, "whole": "1"})
    _, strong, bare = whole["verdicts"]
    assert strong["sentence"].startswith("strong is better than weak: dice_mean +0.")
    assert strong["figures"]["dice_mean"]["words"] == "▲ better"
    assert set(strong["types"]) == {"crack", "blowhole"}
    assert bare["sentence"] == "bare was not tested, so it cannot be compared"
    again = compare.view(made.project, {"runs": "weak,strong"})
    assert again["verdicts"][1] == strong
    assert again["whole"]


def test_photos_have_each_runs_dice_and_verdict(made: Repository) -> None:
    shown = compare.view(made.project, {"runs": "weak,bare,strong"})
    assert "not evaluated" in shown["runs"][1]["untested"]
    first = shown["photos"][0]
    assert (first["photo"], first["defect"], first["verdicts"]) == ("photo-00", "crack", ["defect", None, "defect"])
    assert first["dice"] == [pytest.approx(80 / 140), None, pytest.approx(160 / 180)]


def test_what_there_is_not_is_said(made: Repository) -> None:
    shown = compare.view(made.project, {"runs": "wek, weak,weak,"})
    assert [run["name"] for run in shown["runs"]] == ["weak"]
    assert shown["missing"][0]["name"] == "wek"
    assert "weak" in shown["missing"][0]["hint"]
    assert compare.view(made.project, {})["runs"] == []
    many = ",".join(f"run-{number}" for number in range(10))
    assert compare.view(made.project, {"runs": many})["left_out"] == ["run-8", "run-9"]


def test_broken_records_and_figures_that_are_no_numbers_break_nothing(tmp_path: Path) -> None:
    made = Repository.at(tmp_path / "parts")
    made.commit()
    good = per_image(tmp_path, rows({"crack": 50}))
    made.experiment("fine", files(0.1, 0.5, good))
    made.experiment("broken", files(0.2, math.nan, "photo,tile\nx"))
    shown = compare.view(made.project, {"runs": "broken,fine", "whole": "1"})
    json.dumps(shown, allow_nan=False)
    assert shown["runs"][0]["untested"]
    assert "cannot be compared" in shown["verdicts"][1]["sentence"]
