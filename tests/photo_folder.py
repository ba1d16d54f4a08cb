"""A small dataset on disk, photo by photo, for the audit to look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tilecli.data.catalog import Photo, encode_mask, write_index
from tilecli.layout import Project

Uint8 = npt.NDArray[np.uint8]
HEIGHT, WIDTH = 120, 170


def surface(seed: int, gain: float = 1.0, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Uint8:
    """A grainy texture; the same seed is the same spot, `gain` the exposure."""
    noise = np.random.default_rng(seed).normal(size=shape)
    coarse, fine = cv2.GaussianBlur(noise, (0, 0), 4), cv2.GaussianBlur(noise, (0, 0), 1)
    return np.asarray(np.clip(gain * (120 + 200 * coarse + 20 * fine), 0, 255), np.uint8)


def disc(x: int, y: int, radius: int, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Uint8:
    """A mask of 0 and 1."""
    mask = np.zeros(shape, np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask


def dented(photo: Uint8, mask: Uint8) -> Uint8:
    """The photo, dark where the mask is."""
    return np.asarray(np.where(mask > 0, photo * 0.4, photo), np.uint8)


class Dataset:
    """Photos are added one by one; `write` makes the index."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root)
        self.photos: list[Photo] = []
        for name in ("images", "masks"):
            (self.project.dataset / name).mkdir(parents=True)

    def add(self, name: str, photo: Uint8, mask: Uint8 | None = None, defect: str = "good", exposure: str = "") -> None:
        """One photo; without a mask it has no mask file."""
        image = f"images/{name}.png"
        cv2.imwrite(str(self.project.dataset / image), photo)
        if mask is not None:
            (self.project.dataset / f"masks/{name}.png").write_bytes(encode_mask(mask))
        file = "" if mask is None else f"masks/{name}.png"
        self.photos.append(Photo(name, image, file, defect, "test", exposure, photo.shape[1], photo.shape[0]))

    def write(self) -> Project:
        """The project, with its index."""
        write_index(self.project.index, self.photos)
        return self.project
