"""One photo to look at, and how its mask and picture are read. What people make of it is a `Draft`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli.data.catalog import Photo, read_mask
from tilecli.data.preprocess import Uint8, read_photo
from tilecli.errors import DataError
from tilecli.layout import Project
from tilecli.opencv import cv2

Box = tuple[int, int, int, int]  # x, y, width, height, px
_THUMBNAIL = (160, 128)  # width, height, px: twice what the strip shows, for fine screens


@dataclass(frozen=True)
class Task:
    """A photo that somebody is to look at."""

    photo: Photo  # its row in the index; of a new photo, the row it would get
    image: Path
    known: bool = True  # whether the dataset has it
    why: str = ""  # why it was chosen, one sentence
    box: Box | None = None  # where to look

    @property
    def name(self) -> str:
        """The photo's name."""
        return self.photo.photo

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.photo.height, self.photo.width

    def label(self, project: Project) -> Uint8:
        """The mask as the dataset has it, H×W of 0 and 1; empty for a new photo. DataError where it is broken."""
        return read_mask(project.dataset, self.photo) if self.known else np.zeros(self.shape, np.uint8)

    def pixels(self, channels: int = 3) -> Uint8:
        """H×W×C uint8, upright. DataError where the photo cannot be read."""
        return read_photo(self.image, channels)

    def picture(self) -> bytes:
        """The photo as an 8-bit PNG, whatever its file is: browsers read no TIFF, and scale 16 bits their own way."""
        return _encode(".png", self.pixels(), cv2.IMWRITE_PNG_COMPRESSION, 1)

    def thumbnail(self) -> bytes:
        """A small JPEG, cut to its shape from the middle."""
        pixels = self.pixels()
        width, height = _THUMBNAIL
        scale = max(width / pixels.shape[1], height / pixels.shape[0])
        size = (max(width, round(pixels.shape[1] * scale)), max(height, round(pixels.shape[0] * scale)))
        whole = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        return _encode(".jpg", whole[top : top + height, left : left + width], cv2.IMWRITE_JPEG_QUALITY, 80)


def _encode(ending: str, pixels: Uint8, *settings: int) -> bytes:
    grey = bool((pixels[:, :, :1] == pixels).all())
    values = pixels[:, :, 0] if grey else pixels[:, :, ::-1]
    done, data = cv2.imencode(ending, np.ascontiguousarray(values), list(settings))
    if not done:
        raise DataError(f"this photo cannot be written as {ending}")
    return bytes(data)
