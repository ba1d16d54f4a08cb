"""The dataset's index (data/dataset/index.csv) and masks: what reads and writes them.

What gets into a dataset, and under which name, is decided in `tilecli.data.fetch`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli.data.index import COLUMNS, FETCH, Photo, read_index, write_index
from tilecli.errors import DataError
from tilecli.opencv import cv2

__all__ = [
    "COLUMNS", "FETCH", "Photo", "Uint8", "decode_mask", "encode_mask", "read_index", "read_mask", "write_index",
]  # fmt: skip

Uint8 = npt.NDArray[np.uint8]


def read_mask(dataset: Path, photo: Photo) -> Uint8:
    """The photo's mask as H×W uint8, 1 where a pixel is defect; zeros where the photo has no mask.

    Raises DataError where the file is missing, is no image, or has another size than the index says.
    """
    if not photo.mask:
        return np.zeros((photo.height, photo.width), np.uint8)
    path = dataset / photo.mask
    try:
        mask, _ = decode_mask(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(
            f"the mask of {photo.photo} cannot be read: {error.strerror or error}", where=str(path), hint=FETCH
        ) from error
    if mask.shape != (photo.height, photo.width):
        raise DataError(
            f"the mask of {photo.photo} is {mask.shape[1]}×{mask.shape[0]} px, "
            f"the index says {photo.width}×{photo.height}",
            where=str(path),
            hint=FETCH,
        )
    return mask


def decode_mask(data: bytes, name: str = "mask") -> tuple[Uint8, int]:
    """An image file's bytes → (H×W uint8 mask of 0 and 1, the file's number of channels).

    Any value above 0 is defect, in any colour channel and at any depth; alpha says nothing about defects and is
    ignored. Raises DataError when the bytes are no image that OpenCV can read.
    """
    raw: npt.NDArray[np.generic] | None = None
    if data:
        try:
            raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise DataError(f"this mask cannot be decoded: {str(error).strip()}", where=name) from error
    if raw is None or raw.size == 0:
        raise DataError("this mask is no image that can be read", where=name)
    if raw.ndim == 2:
        return np.asarray(np.greater(raw, 0), np.uint8), 1
    channels = int(raw.shape[2])
    colours = raw[:, :, : 1 if channels == 2 else min(channels, 3)]
    return np.asarray(np.greater(colours, 0).any(axis=2), np.uint8), channels


def encode_mask(mask: Uint8) -> bytes:
    """H×W mask of 0 and 1 → a single-channel PNG of 0 and 255, which people can look at too."""
    done, data = cv2.imencode(".png", mask * np.uint8(255))
    if not done:
        raise DataError("this mask cannot be written as PNG")
    return bytes(data)
