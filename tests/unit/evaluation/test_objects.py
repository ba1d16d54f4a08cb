from __future__ import annotations

import numpy as np

from tilecli.evaluation.objects import Found, match


def _mask(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((60, 60), np.uint8)
    for y, x, height, width in boxes:
        mask[y : y + height, x : x + width] = 1
    return mask


def test_found_from_the_wanted_overlap_on() -> None:
    truth = _mask((10, 10, 10, 10))
    half = _mask((10, 10, 10, 5))  # IoU 0.5
    assert match(truth, half, 0.5) == Found(1, 1, 1)
    assert match(truth, half, 0.51) == Found(1, 0, 1)


def test_missed_and_merely_touched() -> None:
    truth = _mask((10, 10, 10, 10), (40, 40, 10, 10))
    assert match(truth, _mask((19, 19, 20, 20)), 0.3) == Found(2, 0, 1)
    assert match(truth, _mask(), 0.3) == Found(2, 0, 0)
    assert match(_mask(), truth, 0.3) == Found(0, 0, 0)


def test_one_blob_over_two_defects_finds_one() -> None:
    truth = _mask((10, 10, 10, 10), (10, 21, 10, 10))
    blob = _mask((10, 10, 10, 21))
    assert match(truth, blob, 0.3) == Found(2, 1, 2)


def test_the_best_pair_goes_first() -> None:
    truth = _mask((10, 10, 10, 10))
    predicted = _mask((10, 10, 10, 8), (10, 19, 10, 1))
    assert match(truth, predicted, 0.3) == Found(1, 1, 1)


def test_residue_of_drawing_is_no_defect() -> None:
    truth = _mask((10, 10, 10, 10), (40, 40, 2, 2))
    assert match(truth, truth, 0.3) == Found(1, 1, 1)
    assert match(truth, truth, 0.3, least_px=1) == Found(2, 2, 2)


def test_the_whole_of_a_perfect_prediction_is_found() -> None:
    draw = np.random.default_rng(0)
    truth = (draw.random((80, 80)) < 0.3).astype(np.uint8)
    found = match(truth, truth, 1.0)
    assert found.defects == found.found == found.touched > 3
