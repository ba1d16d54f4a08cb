"""What is minimised. Dice is taken over the whole batch, so a crop without a defect has a finite, small say in it; or
over each crop that holds a defect, so that a small defect counts like a large one, and other crops have no say at all.

A loss is a function of a few sums over pixels; the sums of several batches add up. So the validation loss is exactly
the training loss with the whole subset as one batch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch.nn import functional as F

# Pixels. Keeps Dice defined, and its gradient small, where a batch holds no defect (s in Milletari's formula).
_SMOOTH = 100.0
# Likewise for a crop's Dice. A tenth, since it must not drown the smallest defects, of 20 to 50 px; still it keeps the
# few pixels of a defect that a crop's edge cuts off from counting like a whole one.
_CROP_SMOOTH = 10.0
_GAMMA = 2.0  # of the focal loss; the value its authors recommend


@dataclass
class PixelSums:
    """Sums over the pixels of some logits and their masks, on the logits' device: scalars, or K for as many classes."""

    pixels: int
    bce: torch.Tensor
    focal: torch.Tensor
    overlap: torch.Tensor  # Σ p·t
    predicted: torch.Tensor  # Σ p
    true: torch.Tensor  # Σ t
    crop_dice: torch.Tensor  # Σ soft Dice loss of the crops (in validation: photos) that hold a defect
    crops: torch.Tensor  # how many they are

    def __add__(self, other: PixelSums) -> PixelSums:
        return PixelSums(
            self.pixels + other.pixels,
            self.bce + other.bce,
            self.focal + other.focal,
            self.overlap + other.overlap,
            self.predicted + other.predicted,
            self.true + other.true,
            self.crop_dice + other.crop_dice,
            self.crops + other.crops,
        )


def pixel_sums(logits: torch.Tensor, mask: torch.Tensor, *, focal: bool = False) -> PixelSums:
    """Sums for N×H×W logits and 0/1 masks, in float32 whatever the network ran in.

    Cross-entropy: −t·log p − (1−t)·log(1−p). Focal (Lin et al., ICCV 2017, eq. 4, without α): each pixel's
    cross-entropy times (1−p_t)^γ, where p_t is the probability given to the truth.
    """
    logits, mask = logits.float(), mask.float()
    probability = torch.sigmoid(logits)
    bce = F.binary_cross_entropy_with_logits(logits, mask, reduction="none" if focal else "sum")
    if focal:
        missed = probability + mask - 2 * probability * mask  # 1 − p_t
        focal_sum = (bce * missed**_GAMMA).sum()
        bce = bce.sum()
    else:
        focal_sum = bce.new_zeros(())
    overlap, predicted, true = (values.sum(dim=(1, 2)) for values in (probability * mask, probability, mask))
    holds = (true > 0).float()
    dice = 1 - (2 * overlap + _CROP_SMOOTH) / (predicted + true + _CROP_SMOOTH)
    sums = (overlap.sum(), predicted.sum(), true.sum(), (dice * holds).sum(), holds.sum())
    return PixelSums(mask.numel(), bce, focal_sum, *sums)


def sums_of(logits: torch.Tensor, mask: torch.Tensor, *, focal: bool = False) -> PixelSums:
    """Sums for N×K×H×W logits and masks of 0 and 1…K, class by class; scalars where K is 1."""
    if logits.shape[1] == 1:
        return pixel_sums(logits[:, 0], mask, focal=focal)
    own = [pixel_sums(logits[:, k], mask == k + 1, focal=focal) for k in range(logits.shape[1])]
    names = [field.name for field in fields(PixelSums) if field.name != "pixels"]
    return PixelSums(own[0].pixels, *(torch.stack([getattr(sums, name) for sums in own]) for name in names))


def soft_dice_loss(sums: PixelSums) -> torch.Tensor:
    """1 − (2 Σpt + s) / (Σp + Σt + s), 0–1, over all pixels at once (Milletari et al., 3DV 2016, without squares)."""
    return 1 - (2 * sums.overlap + _SMOOTH) / (sums.predicted + sums.true + _SMOOTH)


def crop_dice_loss(sums: PixelSums) -> torch.Tensor:
    """The mean soft Dice loss of the crops that hold a defect, 0–1; 0 where none does."""
    return sums.crop_dice / sums.crops.clamp(min=1)


def loss_of(name: str, sums: PixelSums, dice_over: str = "batch") -> torch.Tensor:
    """The loss called `name` in params.yaml: the mean over pixels of what its name says, plus Dice where it says so.

    dice_over: Dice of all pixels at once (`batch`) or the mean over the crops that hold a defect (`crop`).
    Of several classes, Dice is the mean over those that are there, so that a rare type counts like a common one. What
    is pixelwise is their sum, which is a pixel's likelihood: a class that is not there must not be found either.
    """
    dice = crop_dice_loss if dice_over == "crop" else soft_dice_loss
    if name == "dice":
        return _over_classes(dice(sums), sums)
    pixelwise = ((sums.focal if name.startswith("focal") else sums.bce) / sums.pixels).sum()
    return pixelwise + _over_classes(dice(sums), sums) if name.endswith("dice") else pixelwise


def _over_classes(values: torch.Tensor, sums: PixelSums) -> torch.Tensor:
    """The mean of K values over the classes that have a pixel, over all where none has; a scalar as it is."""
    if not values.ndim:
        return values
    there = (sums.true > 0).float()
    there = torch.where(there.any(), there, torch.ones_like(there))
    return (values * there).sum() / there.sum()


def consistency_loss(logits: torch.Tensor, mask: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    """Mean squared difference, 0–1, of the probabilities of paired crops; 0 without pairs. Both sides learn from it.

    logits: N×H×W, or N×K×H×W, where the differences of K classes add up; mask: N×H×W; pairs: P×2 numbers of crops of
    one place (the Π-model of Laine and Aila, ICLR 2017, with a camera's exposures for its noise). Where the two masks
    differ, they have been told to differ: left out.
    """
    one, other = pairs[:, 0], pairs[:, 1]
    probability = torch.sigmoid(logits.float())
    agree = (mask[one] == mask[other]).float()
    difference = (probability[one] - probability[other]) ** 2
    difference = (difference.sum(dim=1) if difference.ndim == 4 else difference) * agree
    return difference.sum() / agree.sum().clamp(min=1)


def needs_focal(name: str) -> bool:
    """Whether the loss called `name` needs the focal sum, which costs time."""
    return name.startswith("focal")
