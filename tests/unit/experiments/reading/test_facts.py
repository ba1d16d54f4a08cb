"""What is read from the text of each of a project's files."""

import pytest
import yaml

from tilecli.experiments.reading import facts


def lock(**hashes: str) -> str:
    """A lock file; `train`, `export`: what the stage wrote; `export_read`, `evaluate_read`: what the next one read."""
    stages = {
        "train": {"outs": [{"path": "training/checkpoints/best.ckpt", "hash": "md5", "md5": hashes["train"]}]},
        "export": {
            "deps": [
                {"path": "data/split.csv", "hash": "md5", "md5": "5"},
                {"path": "training/checkpoints/best.ckpt", "hash": "md5", "md5": hashes["export_read"]},
            ],
            "outs": [{"path": "models/bundle", "hash": "md5", "md5": hashes["export"]}],
        },
        "evaluate": {"deps": [{"path": "models/bundle", "hash": "md5", "md5": hashes["evaluate_read"]}]},
    }
    return yaml.safe_dump({"schema": "2.0", "stages": stages})


def test_a_lock_whose_stages_follow_each_other():
    text = lock(train="a", export_read="a", export="b.dir", evaluate_read="b.dir")
    assert facts.parse("lock", text) == {"model": "b", "stale": []}


def test_training_alone_leaves_bundle_and_evaluation_behind():
    text = lock(train="new", export_read="a", export="b.dir", evaluate_read="b.dir")
    assert facts.parse("lock", text) == {"model": "b", "stale": ["bundle", "evaluation"]}


def test_an_export_alone_leaves_the_evaluation_behind():
    text = lock(train="a", export_read="a", export="new.dir", evaluate_read="b.dir")
    assert facts.parse("lock", text) == {"model": "new", "stale": ["evaluation"]}


def test_stages_that_have_not_run_make_nothing_stale():
    assert facts.parse("lock", "stages:\n  fetch: {cmd: x}\n") == {"model": "", "stale": []}
    assert facts.parse("lock", "") == {"model": "", "stale": []}


def test_intervals_stand_apart_from_the_figures():
    text = (
        '{"dice_mean": 0.5, "intervals": {"dice_mean": {"low": 0.4, "high": 0.6}, "auroc": {"low": null, "high": 1}}}'
    )
    expected = {"metrics": {"dice_mean": 0.5}, "intervals": {"dice_mean": [0.4, 0.6]}}
    assert facts.parse("evaluation", text) == expected


def test_params_are_read_as_params_yaml_is():
    assert facts.parse("params", "train:\n  lr: 1e-3\n  day: 2026-01-02\n") == {
        "train.lr": 0.001,
        "train.day": "2026-01-02",
    }


def test_the_series_is_the_last_column():
    assert facts.parse("series", "step\tdice\n1\t0.25\n2\t0.5\n") == [0.25, 0.5]
    assert facts.parse("series", "timestamp\tstep\tdice\n17\t1\t0.25\n") == [0.25]
    assert facts.parse("series", "step\tdice\n") == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("training", '{"train": '),
        ("training", "[1, 2]"),
        ("training", "[" * 100_000),
        ("evaluation", "3"),
        ("evaluation", '{"intervals": {"dice_mean": 3}}'),
        ("params", "a: [1"),
        ("params", "- a\n"),
        ("lock", "stages: [1]"),
        ("lock", "stages:\n  train: {outs: [{hash: md5}]}"),
        ("series", "step\tdice\n1\tnothing\n"),
    ],
)
def test_what_cannot_be_read_is_none(kind: str, text: str):
    assert facts.parse(kind, text) is None
