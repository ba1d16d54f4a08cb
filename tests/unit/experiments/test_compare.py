"""Which columns and which order the comparison has."""

import pytest

from tilecli.errors import UsageError
from tilecli.experiments import compare
from tilecli.experiments.store import Record


def record(name: str, params: dict[str, object] | None = None, **metrics: object) -> Record:
    return Record(name, f"{name}-sha", "base", 1.0, params or {}, metrics)


def test_metrics_sort_best_first_and_missing_last():
    records = [
        record("none"),
        record("low", dice_mean=0.1, false_alarm_rate=0.5),
        record("high", dice_mean=0.9, false_alarm_rate=0.7),
    ]
    assert [r.name for r in compare.sort_records(records, "dice_mean")] == ["high", "low", "none"]
    assert [r.name for r in compare.sort_records(records, "false_alarm_rate")] == ["low", "high", "none"]


def test_params_sort_upwards():
    records = [record("b", {"train.learning_rate": 0.1}), record("a", {"train.learning_rate": 0.01})]
    assert [r.name for r in compare.sort_records(records, "train.learning_rate")] == ["a", "b"]


def test_unknown_sort_key_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        compare.sort_records([record("a", dice_mean=0.5)], "dice_maen")
    assert "dice_mean" in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_only_params_that_differ_are_columns():
    records = [record("a", {"x": 1, "y": [1, 2]}), record("b", {"x": 1, "y": [1, 3]})]
    assert compare.changed_params(records) == ["y"]


@pytest.mark.parametrize(
    ("metric", "expected"), [("dice_mean", True), ("train.loss", False), ("false_alarm_rate", False), ("auroc", True)]
)
def test_direction_of_metrics(metric: str, expected: bool):
    assert compare.higher_is_better(metric) is expected


def test_best_value_follows_the_direction():
    records = [
        record("a", dice_mean=0.5, false_alarm_rate=0.1),
        record("b", dice_mean=0.6, false_alarm_rate=0.2),
        record("c"),
    ]
    assert compare.best(records, "dice_mean") == 0.6
    assert compare.best(records, "false_alarm_rate") == 0.1
    assert compare.best(records, "auroc") is None
