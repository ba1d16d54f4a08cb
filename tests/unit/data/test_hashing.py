"""Perceptual hashes: stable under exposure, different between textures, exact distances in bounded blocks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tilecli.data import hashing
from tilecli.errors import DataError


def texture(seed: int, height: int = 120, width: int = 170) -> npt.NDArray[np.uint8]:
    """A blotchy grey tile; another seed, another tile."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.asarray(110 + 60 * smooth / np.abs(smooth).max(), np.uint8)


def exposed(photo: npt.NDArray[np.uint8], gamma: float, gain: float) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip(255 * gain * (photo / 255) ** gamma, 0, 255), np.uint8)


def bits(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> int:
    return int(hashing.distances(hashing.difference_hash(a)[None], hashing.difference_hash(b)[None])[0, 0])


@pytest.mark.parametrize(("gamma", "gain"), [(0.7, 1.0), (1.4, 1.0), (1.0, 0.5), (1.0, 1.5), (0.8, 0.6)])
def test_exposure_changes_few_bits(gamma: float, gain: float) -> None:
    photo = texture(1)
    assert bits(photo, exposed(photo, gamma, gain)) < 150


def test_size_changes_few_bits() -> None:
    photo = texture(2)
    assert bits(photo, cv2.resize(photo, (204, 144), interpolation=cv2.INTER_AREA)) < 150


def test_different_textures_differ_in_about_half_of_the_bits() -> None:
    assert 400 < bits(texture(3), texture(4)) < 620


def test_bit_says_darker_than_the_right_neighbour() -> None:
    ramp = np.tile(np.arange(33, dtype=np.uint8) * 4, (32, 1))
    rising, falling, flat = ramp, ramp[:, ::-1].copy(), np.full((32, 33), 9, np.uint8)
    assert np.bitwise_count(hashing.difference_hash(rising)).sum() == 1024
    assert np.bitwise_count(hashing.difference_hash(falling)).sum() == 0
    assert np.bitwise_count(hashing.difference_hash(flat)).sum() == 0


def test_distances_count_differing_bits() -> None:
    rng = np.random.default_rng(5)
    rows, columns = (rng.integers(0, 2**63, (count, hashing.WORDS)).astype(np.uint64) for count in (5, 7))
    counted = hashing.distances(rows, columns)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            assert counted[i, j] == sum((int(a) ^ int(b)).bit_count() for a, b in zip(row, column, strict=True))


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (3, 0), (1, 10**9), (5000, 1000)])
def test_blocks_cover_every_row_once_and_stay_small(rows: int, columns: int) -> None:
    blocks = list(hashing.blocks(rows, columns))
    assert [row for block in blocks for row in range(block.start, block.stop)] == list(range(rows))
    assert all((block.stop - block.start) * columns <= max(columns, 2**21) for block in blocks)


def test_prints_name_file_contents(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        cv2.imwrite(str(path), texture(seed))
    prints = hashing.take_prints(paths)
    assert prints.hashes.shape == (3, hashing.WORDS)
    assert prints.contents[0] == prints.contents[1] != prints.contents[2]
    assert hashing.take_prints([]).hashes.shape == (0, hashing.WORDS)


def test_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read") as caught:
        hashing.take_prints([tmp_path / "gone.jpg"])
    assert caught.value.where == str(tmp_path / "gone.jpg")
    assert caught.value.hint == "tiles fetch"
