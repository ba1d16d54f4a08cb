"""Which columns and which order the comparison has."""

import math

import pytest

from tilecli.errors import UsageError
from tilecli.experiments import compare
from tilecli.experiments.store import Group, History, Record


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


def group(name: str, *tried: Record, **metrics: object) -> Group:
    return Group(Record(name, f"{name}-sha", "", 1.0, {"lr": 1}, metrics), tried)


def shape(rows: list[compare.Row]) -> list[str]:
    return [row.record.name for row in rows]


HISTORY = History(
    Record("workspace", "", "", 0.0, {"lr": 1}),
    (
        group(
            "head",
            record("a", {"lr": 1, "size": 8}, dice_mean=0.6, **{"train.loss": 0.2}),
            record("b", {"lr": 2, "size": 16}, dice_mean=0.8, **{"train.loss": 0.4}),
            record("c", {"lr": 3}, **{"train.loss": math.nan}),
            dice_mean=0.7,
        ),
        group("old", record("d", {"lr": 4}, dice_mean=0.9, **{"train.loss": 0.1}), dice_mean=0.9),
        group("bare"),
    ),
)


def test_rows_are_the_workspace_and_each_commit_with_its_experiments():
    rows = compare.rows(HISTORY)
    assert shape(rows) == ["workspace", "head", "a", "b", "c", "old", "d", "bare"]
    assert [row.last for row in rows] == [False, False, False, False, True, False, True, False]
    assert [row.baseline.name if row.baseline else None for row in rows[2:5]] == ["head"] * 3


def test_sorting_keeps_experiments_below_their_commit_and_the_best_group_first():
    assert shape(compare.rows(HISTORY, sort="dice_mean")) == ["workspace", "old", "d", "head", "b", "a", "c", "bare"]
    # Low is good for a loss; what is undefined comes last.
    assert shape(compare.rows(HISTORY, sort="train.loss")) == ["workspace", "old", "d", "head", "a", "b", "c", "bare"]
    assert shape(compare.rows(HISTORY, sort="loss"))[2] == "d"


def test_top_counts_experiments_over_all_commits():
    assert shape(compare.rows(HISTORY, sort="dice_mean", top=2)) == ["workspace", "old", "d", "head", "b", "bare"]
    assert shape(compare.rows(HISTORY, top=1)) == ["workspace", "head", "a", "bare"]


def test_a_filter_leaves_out_experiments_and_the_commits_that_have_none_left():
    assert shape(compare.rows(HISTORY, filtered="lr >= 2 and dice_mean < 0.85")) == ["workspace", "head", "b"]
    assert shape(compare.rows(HISTORY, filtered="name == 'nobody'")) == ["workspace"]
    assert shape(compare.rows(HISTORY, filtered="name == 'old'")) == ["workspace", "old"]
    with pytest.raises(UsageError) as caught:
        compare.rows(HISTORY, filtered="dice_maen > 0")
    assert "dice_mean" in (caught.value.hint or "")


def test_a_name_only_the_workspace_knows_can_be_sorted_by():
    history = History(Record("workspace", "", "", 0.0, {}, {"new": 1}), HISTORY.groups)
    assert shape(compare.rows(history, sort="new"))[0] == "workspace"


def test_a_name_that_ends_several_is_refused_with_all_of_them():
    with pytest.raises(UsageError) as caught:
        compare.sort_records([record("a", {"train.precision": 1, "export.precision": 2})], "precision")
    assert caught.value.hint == "one of train.precision, export.precision"


def test_delta_is_to_the_commit_the_experiment_started_from():
    rows = {row.record.name: row for row in compare.rows(HISTORY)}
    assert compare.delta(rows["b"], "dice_mean") == pytest.approx(0.1)
    assert compare.delta(rows["c"], "dice_mean") is None
    assert compare.delta(rows["head"], "dice_mean") is None


def test_records_without_params_change_nothing():
    records = [record("a", {"x": 1, "y": True}), record("torn", {}), record("b", {"x": 2, "y": True})]
    assert compare.changed_params(records) == ["x"]


def test_undefined_figures_are_never_the_best():
    assert compare.best([record("a", auroc=math.nan), record("b", auroc=0.2)], "auroc") == 0.2
