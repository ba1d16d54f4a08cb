"""Random changes to a training crop and its mask. The only module that knows albumentations.

Turns and flips are array views and done here; what needs interpolation or noise is left to albumentations. Cutting
the crop out of its photo is `tilecli.data.crops`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tilecli.config import AugmentLevel
from tilecli.data.preprocess import Uint8

_MIRRORED = (0, 2, 4, 6)  # those symmetries of `turn` that do not exchange rows and columns


class Augment:
    """Changes a crop by one of five levels; the same generator state gives the same change.

    `none` gives the crop back; `mirror` mirrors it left to right and top to bottom, which keeps the direction that a
    surface is ground in; `light` also turns it by a multiple of 90°, for parts that have no direction; `moves` also
    moves, scales and turns it slightly, as parts lie on a line; `full` also changes exposure, noise and focus, as a
    camera there would.
    """

    def __init__(self, level: AugmentLevel) -> None:
        self.level = level
        self._part = _compose(_movements()) if level in {"moves", "full"} else None
        self._camera = _compose(_exposures()) if level == "full" else None

    def __call__(self, photo: Uint8, mask: Uint8, rng: np.random.Generator) -> tuple[Uint8, Uint8]:
        """H×H×C photo and H×H mask (square crops) → the same shapes, changed alike; new arrays or views."""
        if self.level == "none":
            return photo, mask
        pair = turn(photo, mask, self._symmetry(rng))
        for change in (self._part, self._camera):
            if change is not None:
                # A seed per crop, drawn from the caller's generator: the change depends on nothing that ran before.
                pair = _changed(change, pair, int(rng.integers(2**31)))
        return pair

    def _symmetry(self, rng: np.random.Generator) -> int:
        return _MIRRORED[int(rng.integers(4))] if self.level == "mirror" else int(rng.integers(8))

    def pair(
        self, one: tuple[Uint8, Uint8], other: tuple[Uint8, Uint8], rng: np.random.Generator
    ) -> tuple[tuple[Uint8, Uint8], tuple[Uint8, Uint8]]:
        """Two photos of one place, each with its mask: moved alike, exposed each in its own way."""
        if self.level == "none":
            return one, other
        which = self._symmetry(rng)
        one, other = turn(*one, which), turn(*other, which)
        if self._part is not None:
            seed = int(rng.integers(2**31))
            one, other = _changed(self._part, one, seed), _changed(self._part, other, seed)
        if self._camera is not None:
            seeds = rng.integers(2**31, size=2)
            one, other = _changed(self._camera, one, int(seeds[0])), _changed(self._camera, other, int(seeds[1]))
        return one, other


def turn(photo: Uint8, mask: Uint8, which: int) -> tuple[Uint8, Uint8]:
    """One of the eight symmetries of a square (0 leaves both as they are), as views."""
    photo, mask = np.rot90(photo, which % 4), np.rot90(mask, which % 4)
    return (photo[:, ::-1], mask[:, ::-1]) if which >= 4 else (photo, mask)


def _changed(change: Any, pair: tuple[Uint8, Uint8], seed: int) -> tuple[Uint8, Uint8]:
    change.set_random_seed(seed)
    changed = change(image=np.ascontiguousarray(pair[0]), mask=np.ascontiguousarray(pair[1]))
    return changed["image"], changed["mask"]


def _compose(changes: list[Any]) -> Any:
    import albumentations

    return albumentations.Compose(changes)


def _movements() -> list[Any]:
    import albumentations

    from tilecli.opencv import cv2

    return [
        albumentations.Affine(
            scale=(0.85, 1.2),
            rotate=(-12, 12),
            translate_percent=(-0.05, 0.05),
            border_mode=cv2.BORDER_REFLECT_101,
            p=0.5,
        )
    ]


def _exposures() -> list[Any]:
    import albumentations

    # From one exposure of the magnetic tiles to the next, mean and contrast grow together by 11–28 %: "contrast" here
    # is such a gain, "brightness" an offset. No defect of three pixels' width vanishes in the blur or the noise.
    return [
        albumentations.RandomBrightnessContrast(brightness_limit=0.06, contrast_limit=0.25, p=0.6),
        albumentations.RandomGamma(gamma_limit=(80, 125), p=0.4),
        albumentations.GaussNoise(std_range=(0.005, 0.03), p=0.3),
        albumentations.GaussianBlur(blur_limit=(3, 5), p=0.15),
    ]
