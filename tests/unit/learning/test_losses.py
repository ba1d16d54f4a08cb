from __future__ import annotations

import numpy as np
import pytest
import torch

from tilecli.learning.losses import consistency_loss, loss_of, needs_focal, pixel_sums, soft_dice_loss, sums_of

NAMES = ["bce_dice", "focal_dice", "bce", "dice"]


def example(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 40, 50, generator=generator)
    return logits, (torch.rand(2, 40, 50, generator=generator) > 0.8).to(torch.uint8)


def loss(name: str, logits: torch.Tensor, mask: torch.Tensor, dice_over: str = "batch") -> torch.Tensor:
    return loss_of(name, pixel_sums(logits, mask, focal=needs_focal(name)), dice_over)


def test_each_loss_is_its_formula() -> None:
    logits, mask = example()
    p, t = 1 / (1 + np.exp(-logits.numpy().astype(np.float64))), mask.numpy().astype(np.float64)
    right = np.where(t > 0, p, 1 - p)
    bce, focal = -np.log(right).mean(), (-np.log(right) * (1 - right) ** 2).mean()
    dice = 1 - (2 * (p * t).sum() + 100) / (p.sum() + t.sum() + 100)
    expected = {"bce": bce, "dice": dice, "bce_dice": bce + dice, "focal_dice": focal + dice}
    for name in NAMES:
        assert float(loss(name, logits, mask)) == pytest.approx(expected[name], rel=1e-5)


def test_dice_over_crops_is_the_mean_over_those_that_hold_a_defect() -> None:
    logits, _ = example()
    mask = torch.zeros(3, 40, 50, dtype=torch.uint8)
    mask[0, 3:6, 4:7] = 1
    mask[1, :, 10:40] = 1
    logits = torch.cat([logits, logits[:1]])
    p, t = torch.sigmoid(logits.double()).numpy(), mask.numpy().astype(np.float64)
    dice = [1 - (2 * (p[n] * t[n]).sum() + 10) / (p[n].sum() + t[n].sum() + 10) for n in (0, 1)]
    found = loss("bce_dice", logits, mask, "crop") - loss("bce", logits, mask)
    assert float(found) == pytest.approx(np.mean(dice), rel=1e-5)


def test_over_crops_only_cross_entropy_acts_on_good_ones() -> None:
    logits, mask = example()
    mask[1] = 0
    gradients = []
    for name in ("bce_dice", "bce"):
        own = logits.clone().requires_grad_()
        loss(name, own, mask, "crop").backward()
        assert own.grad is not None
        gradients.append(own.grad)
    assert torch.allclose(gradients[0][1], gradients[1][1], atol=1e-9)
    assert not torch.allclose(gradients[0][0], gradients[1][0], atol=1e-5)


def test_a_small_defect_counts_like_a_large_one_over_crops_and_not_over_the_batch() -> None:
    mask = torch.zeros(2, 60, 60, dtype=torch.uint8)
    mask[0, 30:36, 30:36] = 1
    mask[1, :, :40] = 1
    signs = mask.float() * 24 - 12
    missed_small, missed_large = signs.clone(), signs.clone()
    missed_small[0], missed_large[1] = -12, -12
    over_crops = [float(loss("bce_dice", x, mask, "crop") - loss("bce", x, mask)) for x in (missed_small, missed_large)]
    over_batch = [float(loss("bce_dice", x, mask) - loss("bce", x, mask)) for x in (missed_small, missed_large)]
    assert over_crops[0] == pytest.approx(over_crops[1], abs=0.15)
    assert over_batch[0] < 0.05 * over_batch[1]


@pytest.mark.parametrize("dice_over", ["batch", "crop"])
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_defects_is_harmless(name: str, dice_over: str) -> None:
    mask = torch.zeros(2, 40, 50, dtype=torch.uint8)
    for level in (-20.0, -3.0, 5.0):
        logits = torch.full((2, 40, 50), level, requires_grad=True)
        value = loss(name, logits, mask, dice_over)
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
@pytest.mark.parametrize("dice_over", ["batch", "crop"])
def test_sums_of_two_batches_are_those_of_both_together(name: str, dice_over: str) -> None:
    (a, s), (b, t) = example(0), example(1)
    apart = pixel_sums(a, s, focal=True) + pixel_sums(b, t, focal=True)
    together = pixel_sums(torch.cat([a, b]), torch.cat([s, t]), focal=True)
    assert float(loss_of(name, apart, dice_over)) == pytest.approx(float(loss_of(name, together, dice_over)), rel=1e-5)


def test_consistency_is_the_squared_difference_where_masks_agree_with_gradient_to_both() -> None:
    logits = torch.zeros(4, 8, 8)
    logits[1], logits[3] = 2.0, -5.0
    mask = torch.zeros(4, 8, 8, dtype=torch.uint8)
    mask[3, :4] = 1
    logits.requires_grad_()
    pairs = torch.tensor([[0, 3]])
    value = consistency_loss(logits, mask, pairs)
    assert float(value.detach()) == pytest.approx((0.5 - 1 / (1 + np.exp(5))) ** 2, rel=1e-5)
    value.backward()
    assert logits.grad is not None
    assert (logits.grad[0, 4:] > 0).all()
    assert (logits.grad[3, 4:] < 0).all()
    assert not logits.grad[0, :4].any()
    assert not logits.grad[1:3].any()
    assert float(consistency_loss(logits.detach(), mask, torch.tensor([[2, 2]]))) == 0


def test_no_pairs_no_inconsistency() -> None:
    logits = torch.randn(2, 8, 8, requires_grad=True)
    value = consistency_loss(logits, torch.zeros(2, 8, 8, dtype=torch.uint8), torch.zeros((0, 2), dtype=torch.int64))
    value.backward()
    assert float(value.detach()) == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_half_precision_logits_are_summed_in_single() -> None:
    logits, mask = example()
    sums = pixel_sums(logits.bfloat16(), mask)
    assert sums.bce.dtype == sums.overlap.dtype == torch.float32
    assert 0 <= float(soft_dice_loss(sums)) <= 1


def test_one_class_is_the_binary_loss() -> None:
    logits, mask = torch.randn(2, 1, 8, 8), (torch.rand(2, 8, 8) > 0.7).to(torch.uint8)
    for name in ("bce_dice", "focal_dice", "bce", "dice"):
        focal = needs_focal(name)
        one = loss_of(name, sums_of(logits, mask, focal=focal))
        assert torch.equal(one, loss_of(name, pixel_sums(logits[:, 0], mask, focal=focal)))


def test_classes_are_counted_one_by_one_and_add_up() -> None:
    logits = torch.randn(3, 2, 8, 8)
    mask = torch.randint(0, 3, (3, 8, 8), dtype=torch.uint8)
    sums = sums_of(logits, mask)
    for k in range(2):
        own = pixel_sums(logits[:, k], mask == k + 1)
        assert torch.equal(sums.true[k], own.true)
        assert torch.equal(sums.overlap[k], own.overlap)
    split = sums_of(logits[:1], mask[:1]) + sums_of(logits[1:], mask[1:])
    for over in ("batch", "crop"):
        assert torch.allclose(loss_of("bce_dice", split, over), loss_of("bce_dice", sums, over), atol=1e-5)
    cross = sum(float(pixel_sums(logits[:, k], mask == k + 1).bce) for k in range(2)) / mask.numel()
    assert float(loss_of("bce", sums)) == pytest.approx(cross, rel=1e-5)


def test_a_class_that_is_not_there_has_no_say_in_dice_but_in_what_is_pixelwise() -> None:
    mask = torch.zeros(1, 16, 16, dtype=torch.uint8)
    mask[:, :8] = 1
    right = torch.where(mask == 1, 10.0, -10.0)
    silent, loud = torch.full_like(right, -10.0), torch.full_like(right, 10.0)
    quiet, false = (sums_of(torch.stack([right, other], dim=1), mask) for other in (silent, loud))
    assert float(loss_of("dice", quiet)) == pytest.approx(float(loss_of("dice", false)), abs=1e-6)
    assert float(loss_of("dice", quiet)) < 0.01
    assert float(loss_of("bce", false)) > 9
    assert float(loss_of("bce", quiet)) < 0.01


def test_without_any_defect_all_classes_have_a_small_say() -> None:
    mask = torch.zeros(1, 16, 16, dtype=torch.uint8)
    logits = torch.full((1, 2, 16, 16), -2.0, requires_grad=True)
    loss = loss_of("bce_dice", sums_of(logits, mask))
    loss.backward()
    assert torch.isfinite(loss)
    assert (logits.grad > 0).all()


def test_consistency_of_classes_adds_their_differences() -> None:
    logits = torch.randn(2, 3, 8, 8)
    mask, pairs = torch.zeros(2, 8, 8, dtype=torch.uint8), torch.tensor([[0, 1]])
    together = float(consistency_loss(logits, mask, pairs))
    assert together == pytest.approx(
        sum(float(consistency_loss(logits[:, k], mask, pairs)) for k in range(3)), rel=1e-5
    )
