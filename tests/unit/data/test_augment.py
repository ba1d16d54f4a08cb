from __future__ import annotations

import numpy as np
import pytest

from tilecli.config import AugmentLevel
from tilecli.data.augment import Augment, turn

SQUARE = 64
LEVELS: tuple[AugmentLevel, ...] = ("none", "mirror", "light")


def crop(channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A crop whose photo is bright exactly where its mask says defect."""
    mask = np.zeros((SQUARE, SQUARE), np.uint8)
    mask[8:40, 12:30] = 1
    photo = np.repeat((60 + 140 * mask)[:, :, None], channels, axis=2).astype(np.uint8)
    return photo, mask


def test_none_changes_nothing() -> None:
    photo, mask = crop()
    changed, truth = Augment("none")(photo, mask, np.random.default_rng(0))
    assert changed is photo
    assert truth is mask


def test_the_eight_turns_differ_and_take_the_mask_along() -> None:
    photo, mask = crop()
    turned = [turn(photo, mask, which) for which in range(8)]
    assert len({truth.tobytes() for _, truth in turned}) == 8
    for changed, truth in turned:
        np.testing.assert_array_equal(changed[:, :, 0] > 100, truth > 0)


@pytest.mark.parametrize("level", ["mirror", "light", "moves", "full"])
@pytest.mark.parametrize("channels", [1, 3])
def test_photo_and_mask_are_changed_alike(level: AugmentLevel, channels: int) -> None:
    photo, mask = crop(channels)
    augment, rng = Augment(level), np.random.default_rng(1)
    for _ in range(40):
        changed, truth = augment(photo, mask, rng)
        assert changed.shape == photo.shape
        assert changed.dtype == truth.dtype == np.uint8
        assert set(np.unique(truth)) <= {0, 1}
        bright = changed[:, :, 0] > (float(changed.min()) + float(changed.max())) / 2
        assert 2 * np.sum(bright & (truth > 0)) / (bright.sum() + truth.sum()) > 0.9


def test_mirrored_crops_keep_the_direction_that_the_surface_is_ground_in() -> None:
    photo, mask = crop()
    lines = np.zeros_like(photo)
    lines[:, ::3] = 200
    rng = np.random.default_rng(5)
    kinds = {level: {Augment(level)(photo, mask, rng)[1].tobytes() for _ in range(60)} for level in LEVELS}
    assert (len(kinds["none"]), len(kinds["mirror"]), len(kinds["light"])) == (1, 4, 8)
    assert kinds["mirror"] < kinds["light"]
    for _ in range(20):
        changed, _ = Augment("mirror")(lines, mask, rng)
        assert (changed == changed[:1]).all()


def test_the_change_follows_from_the_generator_alone() -> None:
    photo, mask = crop()
    used = Augment("full")
    for _ in range(5):  # what ran before must not matter
        used(photo, mask, np.random.default_rng(99))
    one = used(photo, mask, np.random.default_rng(7))
    other = Augment("full")(photo, mask, np.random.default_rng(7))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_full_changes_exposure_and_light_does_not() -> None:
    photo, mask = crop()
    rng = np.random.default_rng(3)
    light = {float(Augment("light")(photo, mask, rng)[0].mean()) for _ in range(30)}
    full = {float(Augment("full")(photo, mask, rng)[0].mean()) for _ in range(30)}
    assert len(light) == 1
    assert len(full) > 8


def test_moves_leave_the_exposure_alone_and_shift_what_is_there() -> None:
    photo, mask = crop()
    rng = np.random.default_rng(4)
    changed = [Augment("moves")(photo, mask, rng) for _ in range(30)]
    assert {(int(other.min()), int(other.max())) for other, _ in changed} == {(60, 200)}
    assert len({truth.tobytes() for _, truth in changed}) > 12  # more than turns and flips can make
