"""Random changes to a training crop and its mask. The only module that knows albumentations.

Turns and flips are array views and done here; what needs interpolation or noise is left to albumentations. Cutting
the crop out of its photo is `tilecli.data.crops`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tilecli.data.preprocess import Uint8

Level = Literal["none", "light", "full"]


class Augment:
    """Changes a crop by one of three levels; the same generator state gives the same change.

    `none` gives the crop back; `light` turns it by a multiple of 90° and mirrors it, since a part has no up; `full`
    also moves, scales and turns it slightly, and changes exposure, noise and focus as a camera on a line would.
    """

    def __init__(self, level: Level) -> None:
        self.level = level
        self._camera = _camera() if level == "full" else None

    def __call__(self, photo: Uint8, mask: Uint8, rng: np.random.Generator) -> tuple[Uint8, Uint8]:
        """H×H×C photo and H×H mask (square crops) → the same shapes, changed alike; new arrays or views."""
        if self.level == "none":
            return photo, mask
        photo, mask = turn(photo, mask, int(rng.integers(8)))
        if self._camera is not None:
            # One seed per crop, drawn from the caller's generator: the change depends on nothing that ran before.
            self._camera.set_random_seed(int(rng.integers(2**31)))
            changed = self._camera(image=np.ascontiguousarray(photo), mask=np.ascontiguousarray(mask))
            photo, mask = changed["image"], changed["mask"]
        return photo, mask


def turn(photo: Uint8, mask: Uint8, which: int) -> tuple[Uint8, Uint8]:
    """One of the eight symmetries of a square (0 leaves both as they are), as views."""
    photo, mask = np.rot90(photo, which % 4), np.rot90(mask, which % 4)
    return (photo[:, ::-1], mask[:, ::-1]) if which >= 4 else (photo, mask)


def _camera() -> Any:
    import albumentations

    from tilecli.opencv import cv2

    # From one exposure of the magnetic tiles to the next, mean and contrast grow together by 11–28 %: "contrast" here
    # is such a gain, "brightness" an offset. No defect of three pixels' width vanishes in the blur or the noise.
    return albumentations.Compose(
        [
            albumentations.Affine(
                scale=(0.85, 1.2),
                rotate=(-12, 12),
                translate_percent=(-0.05, 0.05),
                border_mode=cv2.BORDER_REFLECT_101,
                p=0.5,
            ),
            albumentations.RandomBrightnessContrast(brightness_limit=0.06, contrast_limit=0.25, p=0.6),
            albumentations.RandomGamma(gamma_limit=(80, 125), p=0.4),
            albumentations.GaussNoise(std_range=(0.005, 0.03), p=0.3),
            albumentations.GaussianBlur(blur_limit=(3, 5), p=0.15),
        ]
    )
