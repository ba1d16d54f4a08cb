from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli import histogram
from tilecli.evaluation import metrics
from tilecli.evaluation.records import Record

masks = st.tuples(st.integers(0, 2**36 - 1), st.integers(0, 2**36 - 1))


def _counted(truth: int, prediction: int) -> Record:
    """A record for two masks of 36 pixels, given as bits."""
    return Record(
        photo="p",
        tile="t",
        defect="crack",
        intersection_px=(truth & prediction).bit_count(),
        predicted_px=prediction.bit_count(),
        true_px=truth.bit_count(),
        pixels=36,
        score=0.5,
        verdict="defect" if prediction else "good",
        defects=0,
        found=0,
        touched=0,
        ms=1.0,
    )


@given(masks)
def test_dice_is_bounded_symmetric_and_1_only_for_equals(pair: tuple[int, int]) -> None:
    truth, prediction = pair
    dice = _counted(truth, prediction).dice
    assert 0.0 <= dice <= 1.0
    assert dice == _counted(prediction, truth).dice
    assert (dice == 1.0) == (truth == prediction)


@given(masks)
def test_dice_and_jaccard_are_one_another(pair: tuple[int, int]) -> None:
    figures = metrics.figures([_counted(*pair)])
    if figures["dice_mean"] is None:
        assert pair == (0, 0)
        assert figures["jacc_mean"] is None
    else:
        assert figures["jacc_mean"] == pytest.approx(figures["dice_mean"] / (2 - figures["dice_mean"]))


@given(masks)
def test_accuracy_is_the_share_of_pixels_that_agree(pair: tuple[int, int]) -> None:
    assert _counted(*pair).accuracy == pytest.approx(1 - (pair[0] ^ pair[1]).bit_count() / 36)


def test_the_empty_mask_rule(record) -> None:
    assert record(true_px=0, predicted_px=0).dice == 1.0
    assert record(true_px=5, predicted_px=0).dice == 0.0
    assert record(true_px=0, predicted_px=5).dice == 0.0


def test_pooled_and_mean_figures_by_hand(record) -> None:
    rows = [
        record(intersection_px=80, predicted_px=100, true_px=90, verdict="defect", defects=2, found=1, touched=2),
        record(intersection_px=0, predicted_px=0, true_px=10, defects=1),
        record(defect="good", predicted_px=30, verdict="defect"),
        record(defect="good"),
    ]
    figures = metrics.figures(rows)
    assert figures["dice_mean"] == pytest.approx(2 * 80 / (130 + 100))
    assert figures["jacc_mean"] == pytest.approx(80 / (130 + 100 - 80))
    assert figures["dice_defects"] == pytest.approx(2 * 80 / (100 + 100))
    assert figures["dice_photo"] == pytest.approx((160 / 190 + 0) / 2)
    assert figures["foreground_acc"] == pytest.approx(0.8)
    assert figures["acc_mean"] == pytest.approx(np.mean([0.97, 0.99, 0.97, 1.0]))
    assert figures["false_alarm_rate"] == 0.5
    assert figures["flagged_rate"] == 0.5
    assert figures["defect_recall"] == pytest.approx(1 / 3)
    assert figures["defect_touched"] == pytest.approx(2 / 3)


def test_uncertain_photos_are_neither_false_alarms_nor_misses(record) -> None:
    rows = [record(verdict=verdict) for verdict in ("defect", "defect", "uncertain", "good")]
    rows += [record(defect="good", verdict=verdict) for verdict in ("defect", "uncertain", "uncertain", "good", "good")]
    figures = metrics.figures(rows)
    assert (figures["flagged_rate"], figures["miss_rate"], figures["uncertain_defect_rate"]) == (0.5, 0.25, 0.25)
    assert (figures["false_alarm_rate"], figures["uncertain_good_rate"]) == (0.2, 0.4)


def test_what_is_undefined_is_null_in_json(record) -> None:
    empty = np.zeros((2, histogram.BINS), np.int64)
    for rows in ([record(defect="good")], [record(true_px=5)]):
        text = json.dumps(metrics.summary(rows, empty), allow_nan=False)
        assert json.loads(text)["auroc"] is None
    assert metrics.summary([record(true_px=5)], empty)["false_alarm_rate"] is None
    assert metrics.summary([record(defect="good")], empty)["dice_photo"] is None


def test_a_defect_photo_with_an_empty_mask_is_no_good_photo(record) -> None:
    figures = metrics.figures([record(defect="uneven", true_px=0), record(defect="good")])
    assert figures["dice_photo"] == 1.0
    assert figures["false_alarm_rate"] == 0.0
    assert figures["dice_mean"] is None


scores = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25)


@given(scores)
def test_auroc_counts_pairs(rows: list[tuple[int, bool, int]]) -> None:
    values, positive, weights = zip(*rows, strict=True)
    pairs = [
        (wa * wb, 1.0 if a > b else 0.5 if a == b else 0.0)
        for a, is_a, wa in rows
        for b, is_b, wb in rows
        if is_a and not is_b
    ]
    total = sum(weight for weight, _ in pairs)
    found = metrics.auroc(values, positive, weights)
    if total == 0:
        assert found is None
    else:
        assert found == pytest.approx(sum(weight * win for weight, win in pairs) / total)


def test_auroc_at_its_ends() -> None:
    assert metrics.auroc([0.1, 0.9], [False, True]) == 1.0
    assert metrics.auroc([0.9, 0.1], [False, True]) == 0.0
    assert metrics.auroc([0.5, 0.5], [False, True]) == 0.5
    assert metrics.auroc([0.5, 0.6], [True, True]) is None


def test_per_defect_has_every_type_and_good_last(record) -> None:
    rows = [
        record(defect="good", score=0.1),
        record(defect="fray", intersection_px=5, predicted_px=5, true_px=5, score=0.9, defects=1, found=1, touched=1),
        record(defect="break", true_px=5, score=0.05, defects=1),
    ]
    table = metrics.per_defect(rows)
    assert list(table) == ["break", "fray", "good"]
    assert {"dice", "recall", "photos"} <= set(table["fray"])
    assert (table["fray"]["dice"], table["fray"]["recall"], table["fray"]["auroc"]) == (1.0, 1.0, 1.0)
    assert (table["break"]["dice"], table["break"]["recall"], table["break"]["auroc"]) == (0.0, 0.0, 0.0)
    assert table["good"]["false_alarm_rate"] == 0.0
