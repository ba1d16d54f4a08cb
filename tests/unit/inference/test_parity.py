from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from tilecli.data.catalog import Photo
from tilecli.inference.bundle import Bundle
from tilecli.inference.engines import open_engine
from tilecli.inference.parity import largest_difference, mask_agreement, precision_cost
from tilecli.inference.predictor import Predictor
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


def _labelled(folder: Path, name: str, true_px: int) -> Photo:
    """A photo whose first 100 px are white and next 100 px light grey; its mask covers the first `true_px`."""
    pixels, mask = np.full((20, 30), 20, np.uint8), np.zeros((20, 30), np.uint8)
    pixels.ravel()[:100], pixels.ravel()[100:200], mask.ravel()[:true_px] = 250, 170, 255
    for ending, values in (("photo", pixels), ("mask", mask)):
        assert cv2.imwrite(str(folder / f"{name}-{ending}.png"), values)
    return Photo(name, f"{name}-photo.png", f"{name}-mask.png", "scratch", "test", "", 30, 20)


def test_what_a_precision_costs_is_dice_by_truth(bright: Bundle, tmp_path: Path) -> None:
    engine = open_engine(bright, precision="f32", threads=1, keep_compiled=False)
    lower, higher = Predictor(bright, engine, threshold=0.5), Predictor(bright, engine, threshold=0.97)
    photos = [_labelled(tmp_path, "a", 200), _labelled(tmp_path, "b", 100)]
    cost = precision_cost(lower, higher, photos, tmp_path)
    assert cost.before == 2 * 300 / (400 + 300)  # marks 200 px of each
    assert cost.after == 2 * 200 / (200 + 300)  # marks 100 px of each
    assert cost.agreement == 2 * 200 / (200 + 400)
    assert cost.dice == cost.before - cost.after
    assert cost.photos == 2
    assert precision_cost(higher, lower, photos, tmp_path).dice == -cost.dice
    assert precision_cost(lower, lower, photos, tmp_path).dice == 0


def test_without_a_defect_in_truth_the_masks_before_stand_in_for_it(bright: Bundle, tmp_path: Path) -> None:
    engine = open_engine(bright, precision="f32", threads=1, keep_compiled=False)
    lower, blind = Predictor(bright, engine, threshold=0.5), Predictor(bright, engine, threshold=0.9999)
    cost = precision_cost(lower, blind, [_labelled(tmp_path, "a", 0)], tmp_path)
    assert (cost.before, cost.after) == (1.0, 0.0)
    assert precision_cost(blind, blind, [_labelled(tmp_path, "a", 0)], tmp_path).dice == 0.0
