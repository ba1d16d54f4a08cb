"""Masks marked on photos: the strokes that every picture is made of.

Images are H×W×3 uint8 RGB, masks H×W uint8 of 0 and 1.
"""

from __future__ import annotations

import numpy as np

from tilecli import palette
from tilecli.data.preprocess import Uint8
from tilecli.opencv import cv2

# Sides of a photo in a picture, px: smaller ones are enlarged by whole factors, larger ones reduced.
_SMALL, _LARGE = 560, 640


def as_rgb(photo: Uint8) -> Uint8:
    """H×W×1 or H×W×3 photo → H×W×3, a copy."""
    return np.array(np.broadcast_to(photo, (photo.shape[0], photo.shape[1], 3)), np.uint8, order="C")


def presentable(
    photo: Uint8, mask: Uint8, truth: Uint8, enlarge_to: int = _SMALL, reduce_to: int = _LARGE
) -> tuple[Uint8, Uint8, Uint8]:
    """Enlarge small photos by a whole factor, pixels staying crisp; reduce large ones. To a longest side, px."""
    height, width = mask.shape
    longest = max(height, width)
    if longest > reduce_to:
        size = max(1, round(width * reduce_to / longest)), max(1, round(height * reduce_to / longest))
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        small = small if small.ndim == 3 else small[:, :, None]
        # Any covered pixel counts: a small defect must not vanish from its own picture.
        return np.asarray(small, np.uint8), _reduced(mask, size), _reduced(truth, size)
    factor = max(1, round(enlarge_to / longest))
    if factor == 1:
        return photo, mask, truth
    block = np.ones((factor, factor), np.uint8)
    return np.kron(photo, block[:, :, None]), np.kron(mask, block), np.kron(truth, block)


def _reduced(mask: Uint8, size: tuple[int, int]) -> Uint8:
    """A mask of 0 and 1, or of numbers, at (width, height)."""
    small = np.zeros(size[::-1], np.uint8)
    for number in np.unique(mask[mask > 0]):
        small[cv2.resize((mask == number).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0] = number
    return small


def fill(image: Uint8, mask: Uint8, colour: str, alpha: float) -> None:
    """Tint the pixels of `mask`, in place; `alpha` is the tint's share, 0–1."""
    inside = mask > 0
    mixed = image[inside] * (1 - alpha) + np.asarray(palette.rgb(colour)) * alpha
    image[inside] = np.rint(mixed).astype(np.uint8)


def ring(image: Uint8, mask: Uint8, colour: str, others: Uint8 | None = None) -> None:
    """Outline `mask`, in place; around it and not over it, so that the smallest defect stays visible.

    others: a mask that it does not lie over either.
    """
    grown = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=palette.OUTLINE_PX)
    image[(grown > 0) & ((mask if others is None else mask | others) == 0)] = palette.rgb(colour)
