"""Which stages are run again, and when two figures count as the same."""

import math

import pytest

from tilecli.errors import ProjectError
from tilecli.experiments.keep.reproduce import TOLERANCE, compare, plan

LOCK = """\
schema: '2.0'
stages:
  evaluate:
    deps: [{path: models/bundle, md5: c}, {path: data/split.csv, md5: s}]
    outs: [{path: evaluation/metrics.json, md5: d}]
  check_packages:
    outs: [{path: environment/requirements.txt, md5: e}]
  split:
    deps: [{path: data/dataset, md5: a.dir}]
    outs: [{path: data/split.csv, md5: s}]
  export:
    deps: [{path: training/checkpoints/best.ckpt, md5: b}]
    outs: [{path: models/bundle, md5: c}]
  train:
    deps: [{path: data/dataset/images, md5: f}, {path: environment/requirements.txt, md5: e}]
    outs: [{path: training/checkpoints, md5: b}]
"""


def test_a_stage_runs_with_all_that_follow_whatever_the_order_of_the_lock():
    assert plan(LOCK, "train") == (
        ["train", "export", "evaluate"],
        ["data/dataset/images", "environment/requirements.txt", "data/split.csv"],
    )
    assert plan(LOCK, "evaluate") == (["evaluate"], ["models/bundle", "data/split.csv"])
    assert plan(LOCK, "split")[0] == ["split", "evaluate"]


def test_an_unknown_stage_is_told_with_the_near_one():
    with pytest.raises(ProjectError, match="no stage 'trian'") as error:
        plan(LOCK, "trian")
    assert error.value.hint == "did you mean train?"


def test_figures_are_the_same_within_the_tolerance_and_times_do_not_count():
    before = {"dice": 0.5, "loss": 1.0, "auroc": math.nan, "gone": 1, "seconds": 10.0, "photos": 3, "ok": True}
    now = {
        "dice": 0.5 + 0.9 * TOLERANCE,
        "loss": 1 + 1.1 * TOLERANCE,
        "auroc": math.nan,
        "new": 2,
        "photos": 3,
        "ok": 1.5,
    }
    same = {metric.name: metric.same for metric in compare(before, now)}
    assert same == {
        "dice": True,
        "loss": False,
        "auroc": True,
        "gone": False,
        "photos": True,
        "ok": False,
        "new": False,
    }
