"""Masks as runs and polygons come back pixel for pixel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tilecli.data.formats.shapes import fill, from_runs, to_polygons, to_runs
from tilecli.errors import DataError

Uint8 = npt.NDArray[np.uint8]


def masks() -> list[Uint8]:
    """Noise at every density, blobs, single pixels, rings in rings, lines one pixel wide, full and empty ones."""
    rng = np.random.default_rng(0)
    found = [np.asarray(rng.random((23, 31)) < share, np.uint8) for share in (0.05, 0.3, 0.5, 0.6, 0.8, 0.97)]
    found += [np.asarray(cv2.GaussianBlur(rng.normal(size=(60, 45)), (0, 0), 2) > 0, np.uint8) for _ in range(6)]
    rings = np.zeros((40, 50), np.uint8)
    for radius in (18, 13, 8, 3):
        cv2.circle(rings, (25, 20), radius, 1, 2)
    lines = np.zeros((20, 20), np.uint8)
    cv2.line(lines, (1, 2), (17, 11), 1)
    lines[0, 0] = lines[19, 19] = 1
    return [*found, rings, lines, np.zeros((5, 7), np.uint8), np.ones((5, 7), np.uint8), np.ones((1, 1), np.uint8)]


@pytest.mark.parametrize("mask", masks())
def test_there_and_back(mask: Uint8) -> None:
    assert np.array_equal(from_runs(to_runs(mask), *mask.shape), mask)
    assert np.array_equal(fill(to_polygons(mask), *mask.shape), mask)


def test_runs_go_down_the_columns_and_begin_with_zeros() -> None:
    mask = np.array([[1, 0, 0], [1, 1, 0]], np.uint8)
    assert to_runs(mask) == [0, 2, 1, 1, 2]


def test_compressed_runs_as_pycocotools_writes_them() -> None:
    # pycocotools.mask.encode of a 9×10 mask whose rows 2–6, columns 3–7 are set.
    mask = np.zeros((9, 10), np.uint8)
    mask[2:7, 3:8] = 1
    assert to_runs(mask) == [29, 5, 4, 5, 4, 5, 4, 5, 4, 5, 20]
    assert np.array_equal(from_runs("m0540000000`0", 9, 10), mask)


@pytest.mark.parametrize("runs", [[3, 2], [5, -1, 2], [0]])
def test_runs_of_another_size(runs: list[int]) -> None:
    with pytest.raises(DataError, match="RLE"):
        from_runs(runs, 2, 3)
