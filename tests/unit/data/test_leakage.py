"""What copying training masks would score, on masks small enough to count by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from tilecli.data.hashing import WORDS
from tilecli.data.leakage import GRID, Evidence, average, copied_dice, measure, pack_mask

NAN = float("nan")


def band(start: int, stop: int) -> npt.NDArray[np.uint8]:
    """Packed mask whose rows start…stop of 224 are defect."""
    mask = np.zeros((GRID, GRID), np.uint8)
    mask[start:stop] = 1
    return pack_mask(mask)


def evidence(
    tiles: Sequence[str], masks: dict[int, npt.NDArray[np.uint8]], numbers: Sequence[float], set_bits: Sequence[int]
) -> Evidence:
    hashes = np.zeros((len(tiles), WORDS * 64), np.uint8)
    for row, count in zip(hashes, set_bits, strict=True):
        row[:count] = 1
    defects = ["crack" if index in masks else "good" for index in range(len(tiles))]
    return Evidence(tiles, defects, np.array(numbers), np.packbits(hashes, axis=1).view(np.uint64), masks)


def test_pooled_dice_by_hand() -> None:
    masks = {0: band(0, 100), 1: band(50, 150), 2: band(0, 10)}
    assert copied_dice(masks, [(0, 1)]) == pytest.approx(2 * 50 / 200)
    assert copied_dice(masks, [(0, 0)]) == 1.0
    # Pooled over photos, not averaged: 2·(50 + 0) / (200 + 10).
    assert copied_dice(masks, [(0, 1), (2, None)]) == pytest.approx(100 / 210)
    assert copied_dice(masks, [(0, 7)]) == 0.0  # copied from a good photo
    assert copied_dice(masks, []) is None
    assert copied_dice({0: band(0, 0)}, [(0, None)]) is None


def test_masks_of_any_size_meet_on_one_grid_and_thin_defects_stay() -> None:
    mask = np.zeros((2240, 1120), np.uint8)
    mask[:, 7] = 1  # one pixel wide, a fifth of a column of the grid
    assert np.bitwise_count(pack_mask(mask)).sum() == GRID
    small = np.zeros((28, 56), np.uint8)
    small[:14] = 1
    assert np.bitwise_count(pack_mask(small)).sum() == pytest.approx(GRID * GRID / 2, rel=0.05)


def test_sibling_in_training_leaks() -> None:
    #          test   siblings           stranger that looks alike too
    seen = evidence(
        ["a", "a", "a", "b", "c"],
        {0: band(0, 100), 1: band(50, 150), 2: band(0, 90), 3: band(0, 100)},
        [1000, 1100, 1020, 5000, NAN],
        [0, 10, 40, 5, 900],
    )
    figures = measure(seen, ["test", "train", "train", "train", "test"])
    assert figures["leaked_share"] == 0.5  # the good test photo has no near-copy
    # The sibling with the nearest number is copied, though another has a nearer hash.
    assert figures["copy_sibling_dice"] == pytest.approx(2 * 90 / 190)
    # By hash alone the stranger is nearest.
    assert figures["copy_nearest_dice"] == 1.0


def test_without_numbers_the_nearest_hash_is_copied() -> None:
    seen = evidence(["a"] * 3, {0: band(0, 100), 1: band(0, 100), 2: band(0, 50)}, [NAN] * 3, [0, 10, 40])
    assert measure(seen, ["test", "train", "train"])["copy_sibling_dice"] == 1.0


def test_no_sibling_in_training_scores_nothing() -> None:
    seen = evidence(["a", "a", "b"], {0: band(0, 9), 1: band(0, 9), 2: band(9, 18)}, [1, 2, 3], [0, 1, 2])
    figures = measure(seen, ["test", "valid", "train"])
    assert figures == {"leaked_share": 0.0, "copy_sibling_dice": 0.0, "copy_nearest_dice": 0.0}


def test_nothing_to_measure() -> None:
    seen = evidence(["a", "b"], {}, [NAN, NAN], [0, 500])
    assert measure(seen, ["train", None]) == {
        "leaked_share": None,
        "copy_sibling_dice": None,
        "copy_nearest_dice": None,
    }
    assert measure(seen, ["test", "valid"])["leaked_share"] == 0.0


def test_average_leaves_out_what_was_not_measured() -> None:
    some = {"leaked_share": 0.5, "copy_sibling_dice": None, "copy_nearest_dice": 0.2}
    more = {"leaked_share": 1.0, "copy_sibling_dice": None, "copy_nearest_dice": None}
    assert average([some, more]) == {"leaked_share": 0.75, "copy_sibling_dice": None, "copy_nearest_dice": 0.2}
    assert set(average([]).values()) == {None}
