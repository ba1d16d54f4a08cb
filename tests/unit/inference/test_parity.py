from __future__ import annotations

import numpy as np
import torch

from tilecli.inference.bundle import Bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.parity import largest_difference, mask_agreement
from tilecli.inference.torch_engine import TorchEngine

PHOTOS = [np.full((10, 10, 1), value, np.uint8) for value in (10, 200, 250)]


def _above(limit: float):
    return lambda photo: (photo[:, :, 0] > limit).astype(np.float32)


def test_the_same_masks_agree() -> None:
    agreement = mask_agreement(_above(100), _above(100), PHOTOS, 0.5)
    assert (agreement.dice, agreement.photos, agreement.intersection_px) == (1.0, 3, 200)


def test_dice_is_pooled_over_photos() -> None:
    agreement = mask_agreement(_above(100), _above(220), PHOTOS, 0.5)
    assert agreement.dice == 2 * 100 / (200 + 100)
    assert (agreement.reference_px, agreement.other_px) == (200, 100)


def test_nothing_and_nothing_agree() -> None:
    assert mask_agreement(_above(255), _above(255), PHOTOS, 0.5).dice == 1.0
    assert mask_agreement(_above(255), _above(100), PHOTOS, 0.5).dice == 0.0


def test_difference_over_sizes(small: Bundle, small_network: torch.nn.Module, bright: Bundle) -> None:
    reference = TorchEngine(small_network, device="cpu")
    exact = open_engine(small, precision="f32", threads=1, keep_compiled=False)
    other = open_engine(bright, precision="f32", threads=1, keep_compiled=False)
    assert largest_difference(reference, exact, small.input) < 1e-5
    assert largest_difference(reference, other, small.input) > 0.1
