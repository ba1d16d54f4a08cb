"""What is minimised. Dice is taken over the whole batch, so a crop without a defect has a finite, small say in it.

A loss is a function of a few sums over pixels; the sums of several batches add up. So the validation loss is exactly
the training loss with the whole subset as one batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F

# Pixels. Keeps Dice defined, and its gradient small, where a batch holds no defect (s in Milletari's formula).
_SMOOTH = 100.0
_GAMMA = 2.0  # of the focal loss; the value its authors recommend


@dataclass
class PixelSums:
    """Sums over the pixels of some logits and their masks; scalars on the logits' device."""

    pixels: int
    bce: torch.Tensor
    focal: torch.Tensor
    overlap: torch.Tensor  # Σ p·t
    predicted: torch.Tensor  # Σ p
    true: torch.Tensor  # Σ t

    def __add__(self, other: PixelSums) -> PixelSums:
        return PixelSums(
            self.pixels + other.pixels,
            self.bce + other.bce,
            self.focal + other.focal,
            self.overlap + other.overlap,
            self.predicted + other.predicted,
            self.true + other.true,
        )


def pixel_sums(logits: torch.Tensor, mask: torch.Tensor, *, focal: bool = False) -> PixelSums:
    """Sums for logits and 0/1 masks of one shape, in float32 whatever the network ran in.

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
    return PixelSums(mask.numel(), bce, focal_sum, (probability * mask).sum(), probability.sum(), mask.sum())


def soft_dice_loss(sums: PixelSums) -> torch.Tensor:
    """1 − (2 Σpt + s) / (Σp + Σt + s), 0–1, over all pixels at once (Milletari et al., 3DV 2016, without squares)."""
    return 1 - (2 * sums.overlap + _SMOOTH) / (sums.predicted + sums.true + _SMOOTH)


def loss_of(name: str, sums: PixelSums) -> torch.Tensor:
    """The loss called `name` in params.yaml: the mean over pixels of what its name says, plus Dice where it says so."""
    if name == "dice":
        return soft_dice_loss(sums)
    pixelwise = (sums.focal if name.startswith("focal") else sums.bce) / sums.pixels
    return pixelwise + soft_dice_loss(sums) if name.endswith("dice") else pixelwise


def needs_focal(name: str) -> bool:
    """Whether the loss called `name` needs the focal sum, which costs time."""
    return name.startswith("focal")
