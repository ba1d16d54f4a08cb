from __future__ import annotations

import numpy as np
import torch

from tilecli.config import TrainParams
from tilecli.data.datamodule import CropDataset, EpochSteps, PhotoBatches
from tilecli.data.photos import Held
from tilecli.data.preprocess import InputContract, normalise

CONTRACT = InputContract(0, 32, (0.4,), (0.2,), 1)
PARAMS = TrainParams(crop_size=64, batch_size=6, seed=5)


def held(name: str, height: int, width: int, *, good: bool = False) -> Held:
    rng = np.random.default_rng(len(name) + height)
    photo = rng.integers(0, 255, (height, width, 1)).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    if not good:
        mask[5:15, 5:20] = 1
    return Held(name, name, "good" if good else "scratch", photo, mask, mask)


PHOTOS = [held("a", 80, 100), held("b", 90, 70), held("g", 100, 100, good=True), held("small", 40, 50)]


def test_a_batch_has_the_networks_form() -> None:
    batch = CropDataset(PHOTOS, PARAMS, CONTRACT)[0, 0]
    assert batch.image.shape == (6, 1, 64, 64)
    assert batch.image.dtype == torch.float32
    assert batch.mask.shape == (6, 64, 64)
    assert set(batch.mask.unique().tolist()) == {0, 1}


def test_unaugmented_crops_are_pieces_of_the_photo_as_preprocessing_makes_them() -> None:
    params = PARAMS.model_copy(update={"augment": "none"})
    one = held("only", 64, 64)
    batch = CropDataset([one], params, CONTRACT)[0, 0]
    np.testing.assert_array_equal(batch.image[0].numpy(), normalise(one.photo, CONTRACT))
    np.testing.assert_array_equal(batch.mask[0].numpy(), one.mask)


def test_a_batch_follows_from_seed_epoch_and_step() -> None:
    first, second = CropDataset(PHOTOS, PARAMS, CONTRACT), CropDataset(PHOTOS, PARAMS, CONTRACT)
    first[0, 0], first[1, 1]
    assert torch.equal(first[3, 2].image, second[3, 2].image)
    assert not torch.equal(first[3, 2].image, first[3, 3].image)
    assert not torch.equal(first[3, 2].image, first[2, 2].image)
    other = CropDataset(PHOTOS, PARAMS.model_copy(update={"seed": 6}), CONTRACT)
    assert not torch.equal(first[3, 2].image, other[3, 2].image)


def test_steps_go_on_with_the_next_epoch_at_each_pass() -> None:
    order = EpochSteps(3, start=4)
    assert len(order) == 3
    assert list(order) == [(4, 0), (4, 1), (4, 2)]
    assert list(order) == [(5, 0), (5, 1), (5, 2)]


def test_crops_reach_into_the_padding_that_a_prediction_has() -> None:
    params = PARAMS.model_copy(update={"augment": "none", "defect_crops": 1.0})
    small = held("small", 40, 50)
    image = CropDataset([small], params, CONTRACT)[0, 0].image[0, 0].numpy()
    np.testing.assert_array_equal(image[40:60], np.broadcast_to(image[39], (20, image.shape[1])))
    np.testing.assert_array_equal(image[:, 50:60], np.broadcast_to(image[:, 49:50], (image.shape[0], 10)))


def test_validation_takes_every_photo_once_in_batches_of_one_shape() -> None:
    batches = PhotoBatches([*PHOTOS, held("c", 65, 97), held("d", 96, 128)], CONTRACT, max_pixels=2 * 96 * 128)
    names = [[photo.name for photo in batches[number].photos] for number in range(len(batches))]
    assert sorted(name for batch in names for name in batch) == sorted(["a", "b", "g", "small", "c", "d"])
    assert ["a", "c"] in names  # both are padded to 96×128, and three would be too many pixels
    for number in range(len(batches)):
        batch = batches[number]
        assert batch.image.shape[2] % 32 == batch.image.shape[3] % 32 == 0
        for photo, placement in zip(batch.photos, batch.placements, strict=True):
            assert placement.scaled_size == photo.photo.shape[:2]
            assert placement.photo_size == photo.full_mask.shape
