from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tilecli.inference.regions import find_regions, score_of, verdict_of


def test_regions_have_box_area_and_mean() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:4, 5:8] = 1
    mask[10:15, 20:30] = 1
    probability = np.where(mask, 0.75, 0.1).astype(np.float32)
    probability[2, 5] = 1.0
    large, small = find_regions(mask, probability)
    assert (large.box, large.area_px) == ((20, 10, 10, 5), 50)
    assert (small.box, small.area_px) == ((5, 2, 3, 2), 6)
    assert abs(small.mean_probability - (5 * 0.75 + 1.0) / 6) < 1e-6


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    assert len(find_regions(np.eye(6, dtype=np.uint8), np.ones((6, 6), np.float32))) == 1


def test_the_verdict_needs_enough_pixels_that_are_sure_enough() -> None:
    probability = np.zeros((20, 20), np.float32)
    probability[0:4, 0:5] = 0.7
    assert verdict_of(score_of(probability, 20), 0.7) == "defect"
    assert verdict_of(score_of(probability, 20), 0.71) == "good"
    assert verdict_of(score_of(probability, 21), 0.7) == "good"


def test_an_empty_mask_has_no_region() -> None:
    assert find_regions(np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.float32)) == []


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(0, 1, width=32)),
    st.integers(1, 200),
)
def test_the_score_is_the_nth_largest_probability(probability: np.ndarray, rank: int) -> None:
    ordered = np.sort(probability.ravel())[::-1]
    score = score_of(probability, rank)
    assert score == ordered[min(rank, ordered.size) - 1]
    # The highest threshold that still marks that many pixels.
    assert np.count_nonzero(probability >= np.float32(score)) >= min(rank, probability.size)
