from __future__ import annotations

import numpy as np
import pytest

from tilecli.data.registration import Shift, mean_over, register


def _surface(seed: int, height: int = 260, width: int = 300) -> np.ndarray:
    """A brushed surface with blots, float, as a camera would see it whole."""
    draw = np.random.default_rng(seed)
    surface = 120 + 12 * draw.standard_normal((1, width)).repeat(height, 0) + 6 * draw.standard_normal((height, width))
    for _ in range(12):
        y, x, radius = draw.integers(0, height), draw.integers(0, width), draw.integers(4, 12)
        rows, columns = np.ogrid[:height, :width]
        surface[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] -= 45
    return surface


def _exposed(surface: np.ndarray, gain: float, lift: float, seed: int, channels: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4, surface.shape)
    grey = np.clip(surface * gain + lift + noise, 0, 255).astype(np.uint8)[:, :, None]
    return np.repeat(grey, channels, axis=2)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (7, -4), (-12, 9)])
def test_finds_how_two_exposures_cropped_apart_lie(dx: int, dy: int, channels: int) -> None:
    surface = _surface(3)
    first = _exposed(surface[20:220, 20:250], 1.0, 0, 1, channels)
    other = _exposed(surface[20 - dy : 214 - dy, 20 - dx : 238 - dx], 0.55, 60, 2, channels)  # darker, flatter, smaller
    found = register(first, other)
    assert (found.dx, found.dy) == (dx, dy)
    assert found.is_sure


def test_strangers_do_not_lie_over_each_other() -> None:
    photos = [_exposed(_surface(seed), 1.0, 0, seed) for seed in range(4)]
    likeness = [register(photos[0], other).likeness for other in photos[1:]]
    assert max(likeness) < 0.2
    assert not register(photos[0], photos[1]).is_sure
    assert not register(np.zeros((60, 60, 1), np.uint8), photos[0]).is_sure  # nothing to go by


def test_means_are_taken_where_photos_overlap() -> None:
    first, other = np.full((4, 5), 1.0, np.float32), np.full((3, 6), 3.0, np.float32)
    # (0, 0) of the first is (2, -1) of the other: the other begins 2 px further left and 1 px further down.
    (mine, theirs), whole = mean_over([first, other], [Shift(0, 0, 1), Shift(2, -1, 1)])
    assert whole.shape == (4, 7)
    np.testing.assert_array_equal(mine, [[1] * 5] + [[2, 2, 2, 2, 1]] * 3)
    np.testing.assert_array_equal(theirs, [[3, 3, 2, 2, 2, 2]] * 3)
    assert np.isneginf(whole[0, :2]).all()
    assert np.isneginf(whole).sum() == 2


def test_one_photo_is_its_own_mean() -> None:
    values = np.random.default_rng(0).random((5, 7)).astype(np.float32)
    (found,), whole = mean_over([values], [Shift(0, 0, 1)])
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(whole, values)
