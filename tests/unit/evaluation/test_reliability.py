from __future__ import annotations

import numpy as np
import pytest

from tilecli import histogram
from tilecli.evaluation.reliability import GROUPS, calibration_error, reliability


def _counts(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return histogram.count(probability.astype(np.float32), truth.astype(np.uint8))


def test_probabilities_that_come_true_have_no_error() -> None:
    draw = np.random.default_rng(0)
    probability = draw.random(400_000)
    truth = draw.random(probability.size) < probability
    counts = _counts(probability, truth)
    mean, share, pixels = reliability(counts)
    assert len(mean) == GROUPS
    assert pixels.sum() == probability.size
    np.testing.assert_allclose(mean, share, atol=0.01)
    assert calibration_error(counts) < 0.005


def test_the_error_is_counted_by_hand() -> None:
    # 100 pixels at 0.9 of which 60 are defect, 300 at 0.1 of which none is: (100·0.3 + 300·0.1) / 400.
    probability = np.concatenate([np.full(100, 0.9), np.full(300, 0.1)])
    truth = np.arange(400) < 60
    counts = _counts(probability, truth)
    mean, share, pixels = reliability(counts)
    np.testing.assert_allclose(mean, [0.1, 0.9], atol=0.001)
    np.testing.assert_allclose(share, [0.0, 0.6])
    assert pixels.tolist() == [300, 100]
    assert calibration_error(counts) == pytest.approx(60 / 400, abs=0.001)


def test_other_probabilities_may_stand_for_the_bins() -> None:
    counts = _counts(np.full(200, 0.9), np.arange(200) < 60)
    assert calibration_error(counts, np.full(histogram.BINS, 0.3)) == pytest.approx(0.0, abs=1e-9)


def test_no_pixel_no_error() -> None:
    assert calibration_error(np.zeros((2, histogram.BINS), np.int64)) is None
