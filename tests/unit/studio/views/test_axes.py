import json
import math
from pathlib import Path

from tests.unit.experiments.history import Repository
from tests.unit.studio.compared import files, repository
from tilecli.studio.views import axes


def test_columns_are_what_differs_and_their_values_stand_in_the_order_of_the_runs(tmp_path: Path) -> None:
    made = repository(tmp_path)
    shown = axes.view(made.project, {})
    columns = {column["name"]: column for column in shown["columns"]}
    assert [run["name"] for run in shown["runs"]] == ["bare", "strong", "weak"]
    assert columns["train.learning_rate"]["values"] == [0.001, 0.01, 0.1]
    assert columns["dice_mean"]["values"] == [0.6, 0.8, 0.5]
    assert "train.batch_size" not in columns
    assert "false_alarm_rate" not in columns
    assert shown["axes"] == ["train.learning_rate", "dice_mean"]
    assert "too few" in shown["targets"]["dice_mean"]["cautions"][0]


def test_another_figure_is_weighed_where_it_is_asked_for(tmp_path: Path) -> None:
    made = repository(tmp_path)
    name = "per_defect.crack.dice"
    assert name not in axes.view(made.project, {})["targets"]
    found = axes.view(made.project, {"target": name})["targets"][name]
    assert found["runs"] == 3
    assert [row["name"] for row in found["rows"]] == ["train.learning_rate"]
    assert "nonsense" not in axes.view(made.project, {"target": "nonsense"})["targets"]


def test_nothing_tried_and_figures_that_are_no_numbers(tmp_path: Path) -> None:
    made = Repository.at(tmp_path)
    made.commit()
    assert axes.view(made.project, {})["runs"] == []
    made.experiment("one", files(0.1, 0.5))
    made.experiment("odd", files(0.2, math.nan))
    shown = axes.view(made.project, {})
    json.dumps(shown, allow_nan=False)
    assert len(shown["runs"]) == 2


def test_a_figure_that_has_the_name_of_a_setting_is_not_taken_for_it(tmp_path: Path) -> None:
    made = Repository.at(tmp_path)
    made.commit()
    for name, loss, value in (("one", "dice", 0.5), ("two", "bce", 0.6)):
        texts = {
            "params.yaml": f"train:\n  loss: {loss}\n",
            "training/metrics.json": json.dumps({"train": {"loss": value}}),
        }
        made.experiment(name, texts)
    shown = axes.view(made.project, {"target": "train.loss"})
    columns = {column["name"]: column["values"] for column in shown["columns"]}
    assert sorted(columns["params.train.loss"]) == ["bce", "dice"]
    assert sorted(columns["train.loss"]) == [0.5, 0.6]
    assert [row["name"] for row in shown["targets"]["train.loss"]["rows"]] == ["params.train.loss"]


def test_two_axes_are_shown_also_where_no_setting_and_one_figure_differs(tmp_path: Path) -> None:
    made = Repository.at(tmp_path)
    made.commit()
    for name, dice in (("one", 0.5), ("two", 0.6)):
        made.experiment(name, {"training/metrics.json": json.dumps({"valid": {"dice": dice, "loss": 1 - dice}})})
    shown = axes.view(made.project, {})
    assert shown["axes"] == ["valid.dice", "valid.loss"]
    assert list(shown["targets"]) == ["valid.dice"]
