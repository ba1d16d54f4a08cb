from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tilecli.config import TrainParams
from tilecli.data.augment import Augment
from tilecli.data.crops import Crop
from tilecli.data.datamodule import CropDataset
from tilecli.data.photos import Held
from tilecli.data.preprocess import InputContract
from tilecli.data.siblings import Sibling, Siblings, find_siblings

SIZE = 64
CONTRACT = InputContract(0, 32, (0.4,), (0.2,), 1)
SPOT = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, (200, 220)).astype(np.float32), (0, 0), 1.5) + 90
OTHER = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 60, (200, 220)).astype(np.float32), (0, 0), 1.5) + 90


def exposure(name: str, y: int, x: int, gain: float = 1.0, *, spot: np.ndarray = SPOT, tile: str = "t") -> Held:
    """120×140 px of the spot from its row y and column x, under some exposure, with noise of its own; 1 defect."""
    noise = np.random.default_rng(len(name)).normal(0, 3, (120, 140))
    photo = (spot[y : y + 120, x : x + 140] * gain + noise).clip(0, 255).astype(np.uint8)[:, :, None]
    mask = np.zeros((200, 220), np.uint8)
    mask[70:85, 80:95] = 1
    mask = mask[y : y + 120, x : x + 140]
    return Held(name, tile, "hole", photo, mask, mask)


PHOTOS = [
    exposure("a", 20, 30),
    exposure("bb", 27, 22, 1.3),
    exposure("ccc", 14, 33, 0.6),
    exposure("alone", 0, 0, tile="u"),
]


def test_exposures_of_a_spot_are_found_with_their_shifts() -> None:
    found = find_siblings(PHOTOS)
    assert found[0] == [Sibling(1, -7, 8), Sibling(2, 6, -3)]
    assert found[1] == [Sibling(0, 7, -8), Sibling(2, 13, -11)]
    assert found[3] == []


def test_photos_of_a_tile_that_do_not_register_are_left_out_and_may_be_siblings_of_each_other() -> None:
    strangers = [exposure("x", 10, 10, spot=OTHER), exposure("yy", 13, 12, 0.8, spot=OTHER)]
    found = find_siblings([PHOTOS[0], strangers[0], PHOTOS[1], strangers[1]])
    assert found[0] == [Sibling(2, -7, 8)]
    assert found[1] == [Sibling(3, -3, -2)]


def test_a_photo_of_one_grey_has_no_sibling() -> None:
    flat = Held("flat", "t", "good", np.full((120, 140, 1), 80, np.uint8), *(np.zeros((120, 140), np.uint8),) * 2)
    assert find_siblings([flat, PHOTOS[0], flat]) == [[], [], []]


@pytest.mark.parametrize("start", [(0, 0), (56, 76), (30, 40), (56, 0)])
def test_a_pair_of_crops_shows_one_place(start: tuple[int, int]) -> None:
    siblings = Siblings(PHOTOS, SIZE)
    for seed in range(4):
        pair = siblings.pair(Crop(0, *start), np.random.default_rng(seed))
        assert pair is not None
        one, other = (PHOTOS[c.index].mask[c.y : c.y + SIZE, c.x : c.x + SIZE] for c in pair)
        assert one.shape == other.shape == (SIZE, SIZE)
        np.testing.assert_array_equal(one, other)
        assert abs(pair[0].y - start[0]) <= 7
        assert abs(pair[0].x - start[1]) <= 8
    assert siblings.pair(Crop(3, 0, 0), np.random.default_rng(0)) is None


def test_photos_smaller_than_a_crop_give_no_pairs() -> None:
    assert Siblings(PHOTOS, 128).pair(Crop(0, 0, 0), np.random.default_rng(0)) is None


@pytest.mark.parametrize("level", ["none", "mirror", "light", "moves", "full"])
def test_a_pair_is_moved_alike_and_exposed_apart(level: str) -> None:
    photo, mask = PHOTOS[0].photo[:SIZE, :SIZE], PHOTOS[0].mask[:SIZE, :SIZE].copy()
    mask[20:30, 5:25] = 1
    augment = Augment(level)
    apart = 0
    for seed in range(12):
        (one, one_mask), (other, other_mask) = augment.pair((photo, mask), (photo, mask), np.random.default_rng(seed))
        np.testing.assert_array_equal(one_mask, other_mask)
        apart += not np.array_equal(one, other)
    assert apart == 0 if level != "full" else apart > 6


def test_batches_name_their_pairs_and_follow_from_seed_epoch_and_step() -> None:
    params = TrainParams(crop_size=SIZE, batch_size=16, augment="light", consistency=1.0, inject=0.5)
    dataset, again = (CropDataset(PHOTOS, params, CONTRACT) for _ in range(2))
    seen = 0
    for step in range(10):
        batch = dataset[0, step]
        assert batch.image.shape[0] == 16
        assert len(batch.pairs) <= 4
        for one, other in batch.pairs.tolist():
            assert torch.equal(batch.mask[one], batch.mask[other])
            a, b = batch.image[one].flatten(), batch.image[other].flatten()
            assert float(torch.corrcoef(torch.stack([a, b]))[0, 1]) > 0.5
            assert not torch.equal(a, b)
            seen += 1
    assert seen > 10
    assert torch.equal(dataset[2, 1].image, again[2, 1].image)
    assert torch.equal(dataset[2, 1].pairs, again[2, 1].pairs)
    assert CropDataset(PHOTOS, params.model_copy(update={"consistency": 0.0}), CONTRACT)[0, 0].pairs.shape == (0, 2)
