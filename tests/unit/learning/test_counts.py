from __future__ import annotations

import numpy as np
import pytest

from tilecli.learning.counts import PixelCounts


def mask(*rows: str) -> np.ndarray:
    return np.asarray([[int(value) for value in row] for row in rows], np.uint8)


def sure(*rows: str) -> np.ndarray:
    return mask(*rows).astype(np.float32)


def test_counts_and_figures_of_one_photo() -> None:
    counts = PixelCounts()
    counts.add(sure("1100", "1000"), mask("1000", "1010"))
    assert (counts.tp, counts.fp, counts.fn, counts.tn) == (2, 1, 1, 4)
    assert counts.dice == pytest.approx(4 / 6)
    assert counts.jaccard == pytest.approx(2 / 4)
    assert counts.foreground_acc == pytest.approx(2 / 3)
    assert counts.accuracy == pytest.approx(6 / 8)


def test_photos_are_pooled_not_averaged() -> None:
    counts = PixelCounts()
    counts.add(sure("1111"), mask("1111"))
    counts.add(sure("0"), mask("1"))
    assert counts.dice == pytest.approx(8 / 9)


def test_nothing_to_find_and_nothing_found_is_perfect() -> None:
    counts = PixelCounts()
    counts.add(sure("00"), mask("00"))
    assert (counts.dice, counts.jaccard, counts.foreground_acc, counts.accuracy) == (1, 1, 1, 1)
    assert counts.best == (1, 0.5)
    counts.add(sure("10"), mask("00"))
    assert counts.dice == 0
    assert counts.best == (0, 0.5)


def test_the_best_threshold_is_where_dice_is_highest() -> None:
    counts = PixelCounts()
    counts.add(np.asarray([[0.1, 0.2, 0.3, 0.4]], np.float32), mask("0001"))
    counts.add(np.asarray([[0.05, 0.1, 0.25, 0.15]], np.float32), mask("0010"))
    assert counts.dice == 0
    dice, threshold = counts.best
    assert dice == pytest.approx(4 / 5)
    assert 0.2 < threshold <= 0.25
