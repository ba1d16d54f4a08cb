from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli import histogram


def _exact(values: np.ndarray, truth: np.ndarray) -> float:
    """Average precision from sorted values, ties taken together."""
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    last_of_tie = np.append(np.diff(values) != 0, True)
    right = np.cumsum(truth)[last_of_tie]
    precision = right / (np.flatnonzero(last_of_tie) + 1)
    recall = right / truth.sum()
    return float(np.sum(np.diff(np.append(0.0, recall)) * precision))


@given(st.lists(st.tuples(st.integers(0, histogram.BINS - 1), st.booleans()), min_size=2, max_size=60))
def test_average_precision_is_exact_for_values_in_different_bins(rows: list[tuple[int, bool]]) -> None:
    bins, labels = (np.asarray(column) for column in zip(*rows, strict=True))
    counts = np.zeros((2, histogram.BINS), np.int64)
    np.add.at(counts, (labels.astype(int), bins), 1)
    found = histogram.average_precision(counts)
    if labels.all() or not labels.any():
        assert found is None
    else:
        assert found == pytest.approx(_exact(bins.astype(float), labels.astype(float)))


def test_average_precision_of_a_rare_class_is_close_to_exact() -> None:
    draw = np.random.default_rng(0)
    truth = (draw.random(50_000) < 0.01).astype(np.uint8)
    logits = draw.normal(-6, 2, truth.shape) + 7 * truth
    probability = (1 / (1 + np.exp(-logits))).astype(np.float32)
    counts = histogram.count(probability[None], truth[None])
    assert histogram.average_precision(counts) == pytest.approx(_exact(probability, truth), abs=2e-3)


def test_counts_every_pixel_at_any_probability() -> None:
    values = np.asarray([[0.0, 1e-30, 1e-7, 0.5, 1 - 1e-7, 1.0]], np.float32)
    counts = histogram.count(values, np.ones_like(values, np.uint8))
    assert counts.sum() == 6
    assert counts[0].sum() == 0
    assert counts[1, 0] == 3  # all below the lowest edge, logit −16
    assert counts[1, -1] >= 1
    assert counts[1, histogram.BINS // 2] == 1


def test_thresholds_rise_and_divide_the_bins() -> None:
    grid = histogram.thresholds()
    assert (np.diff(grid) > 0).all()
    assert np.diff(grid).max() < 0.0021
    middle = (grid[:-1] + grid[1:]) / 2
    inner = slice(500, 3500)
    counts = histogram.count(middle[None, inner].astype(np.float32), np.zeros((1, 3000), np.uint8))
    np.testing.assert_array_equal(np.flatnonzero(counts[0]), np.arange(500, 3500))


def test_dice_curve_matches_masks() -> None:
    draw = np.random.default_rng(4)
    probability = draw.random((60, 60)).astype(np.float32)
    truth = (draw.random((60, 60)) < probability).astype(np.uint8)
    counts = histogram.count(probability, truth)
    dice, grid = histogram.dice_curve(counts), histogram.thresholds()
    for index in (1900, 2048, 2200):
        mask = probability >= grid[index]
        wanted = 2 * np.count_nonzero(mask & (truth > 0)) / (np.count_nonzero(mask) + truth.sum())
        assert dice[index] == pytest.approx(wanted, abs=1e-3)


def test_photos_add_up() -> None:
    draw = np.random.default_rng(5)
    values = draw.random((4, 50)).astype(np.float32)
    truth = (draw.random((4, 50)) < 0.3).astype(np.uint8)
    parts = histogram.count(values[:2], truth[:2]) + histogram.count(values[2:], truth[2:])
    np.testing.assert_array_equal(parts, histogram.count(values, truth))


def test_nothing_to_find_is_undefined() -> None:
    counts = histogram.count(np.full((2, 2), 0.3, np.float32), np.zeros((2, 2), np.uint8))
    assert histogram.average_precision(counts) is None
    assert np.isnan(histogram.precision_recall(counts)[1]).all()
    assert (histogram.dice_curve(counts) == 0).all()


def test_the_best_dice_is_that_of_the_best_of_all_thresholds() -> None:
    draw = np.random.default_rng(1)
    truth = (draw.random((50, 60)) < 0.1).astype(np.uint8)
    probability = (1 / (1 + np.exp(-draw.normal(-3, 1, truth.shape) - 3 * truth))).astype(np.float32)
    dice, threshold = histogram.best_dice(histogram.count(probability, truth))

    def at(value: float) -> float:
        marked = probability >= value
        return float(2 * (marked & (truth > 0)).sum() / (marked.sum() + truth.sum()))

    assert dice == pytest.approx(at(threshold), abs=1e-3)
    assert dice >= max(at(value) for value in np.linspace(0.01, 0.99, 99)) - 1e-3
    assert dice > at(0.9) + 0.1


def test_without_a_defect_the_best_dice_is_0() -> None:
    assert histogram.best_dice(histogram.count(np.full((4, 4), 0.3, np.float32), np.zeros((4, 4), np.uint8)))[0] == 0


def test_cross_entropy_is_the_mean_over_pixels() -> None:
    truth = np.asarray([[1, 0], [0, 1]], np.uint8)
    probability = np.asarray([[0.9, 0.1], [0.5, 0.25]], np.float32)
    wanted = -np.log([0.9, 0.9, 0.5, 0.25]).mean()
    assert histogram.cross_entropy(probability, truth) == pytest.approx(wanted, rel=1e-6)


def test_cross_entropy_of_a_certain_answer_is_finite() -> None:
    truth = np.asarray([[1, 0, 1, 0]], np.uint8)
    assert histogram.cross_entropy(np.asarray([[1.0, 0.0, 1.0, 0.0]], np.float32), truth) == pytest.approx(0, abs=1e-6)
    assert histogram.cross_entropy(np.asarray([[0.0, 1.0, 0.0, 1.0]], np.float32), truth) == pytest.approx(16, abs=1e-5)


@given(st.integers(0, 1000))
def test_cross_entropy_can_be_read_off_the_histogram(seed: int) -> None:
    draw = np.random.default_rng(seed)
    probability = draw.uniform(0.001, 0.999, (20, 20)).astype(np.float32)
    truth = draw.integers(0, 2, (20, 20)).astype(np.uint8)
    counts = histogram.count(probability, truth)
    edges = histogram.edges()
    bound = (counts[0] * np.logaddexp(0, edges)).sum() + (counts[1] * np.logaddexp(0, -edges)).sum()
    # A bin is 1/128 wide in the logit, and no slope is steeper than 1.
    assert histogram.cross_entropy(probability, truth) == pytest.approx(bound / truth.size, abs=1 / 128)


def test_edges_are_the_thresholds_as_logits() -> None:
    edges = histogram.edges()
    assert (edges[0], edges[-1], len(edges)) == (-16.0, 16 - 1 / 128, histogram.BINS)
    assert np.allclose(histogram.thresholds(), 1 / (1 + np.exp(-edges)))
