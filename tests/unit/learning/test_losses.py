from __future__ import annotations

import numpy as np
import pytest
import torch

from tilecli.learning.losses import loss_of, needs_focal, pixel_sums, soft_dice_loss

NAMES = ["bce_dice", "focal_dice", "bce", "dice"]


def example(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 40, 50, generator=generator)
    return logits, (torch.rand(2, 40, 50, generator=generator) > 0.8).to(torch.uint8)


def loss(name: str, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return loss_of(name, pixel_sums(logits, mask, focal=needs_focal(name)))


def test_each_loss_is_its_formula() -> None:
    logits, mask = example()
    p, t = 1 / (1 + np.exp(-logits.numpy().astype(np.float64))), mask.numpy().astype(np.float64)
    right = np.where(t > 0, p, 1 - p)
    bce, focal = -np.log(right).mean(), (-np.log(right) * (1 - right) ** 2).mean()
    dice = 1 - (2 * (p * t).sum() + 100) / (p.sum() + t.sum() + 100)
    expected = {"bce": bce, "dice": dice, "bce_dice": bce + dice, "focal_dice": focal + dice}
    for name in NAMES:
        assert float(loss(name, logits, mask)) == pytest.approx(expected[name], rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_defects_is_harmless(name: str) -> None:
    mask = torch.zeros(2, 40, 50, dtype=torch.uint8)
    for level in (-20.0, -3.0, 5.0):
        logits = torch.full((2, 40, 50), level, requires_grad=True)
        value = loss(name, logits, mask)
        value.backward()
        assert torch.isfinite(value)
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()
        # No pixel pulls harder than all pixels of a plain cross-entropy would together.
        assert float(logits.grad.abs().max()) < 1 / 100
        assert float(logits.grad.sum()) >= 0  # towards "good"
    right = loss(name, torch.full((2, 40, 50), -20.0), mask)
    assert float(right) < 0.01


@pytest.mark.parametrize("name", NAMES)
def test_the_right_answer_costs_least(name: str) -> None:
    _, mask = example()
    signs = mask.float() * 2 - 1
    assert float(loss(name, 12 * signs, mask)) < 0.01
    assert float(loss(name, 12 * signs, mask)) < float(loss(name, signs, mask)) < float(loss(name, -signs, mask))


@pytest.mark.parametrize("name", NAMES)
def test_sums_of_two_batches_are_those_of_both_together(name: str) -> None:
    (a, s), (b, t) = example(0), example(1)
    apart = pixel_sums(a, s, focal=True) + pixel_sums(b, t, focal=True)
    together = pixel_sums(torch.cat([a, b]), torch.cat([s, t]), focal=True)
    assert float(loss_of(name, apart)) == pytest.approx(float(loss_of(name, together)), rel=1e-5)


def test_half_precision_logits_are_summed_in_single() -> None:
    logits, mask = example()
    sums = pixel_sums(logits.bfloat16(), mask)
    assert sums.bce.dtype == sums.overlap.dtype == torch.float32
    assert 0 <= float(soft_dice_loss(sums)) <= 1
