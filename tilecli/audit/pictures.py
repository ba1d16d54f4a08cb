"""Pictures for the report: photos with their masks outlined, small, as text that a page can hold."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from tilecli import palette
from tilecli.audit.finding import Box
from tilecli.data.catalog import Photo, Uint8, read_mask
from tilecli.data.marks import as_rgb, ring
from tilecli.data.preprocess import read_photo
from tilecli.opencv import cv2

SIDE = 208  # px, of a photo
_MARGIN = 20  # px of the photo around what is to be looked at
_WIDE = 960  # px, of a picture that the evaluation drew
_QUALITY = 82


def picture(dataset: Path, photo: Photo, box: Box | None = None) -> str:
    """The photo with its mask's outline as a data URI; with `box` only what is around it, enlarged."""
    return _uri(marked(dataset, photo, box))


def marked(dataset: Path, photo: Photo, box: Box | None = None, side: int = SIDE) -> bytes:
    """The photo with its mask's outline as a JPEG of at most `side` px; with `box` only what is around it, enlarged.

    Raises DataError where photo or mask cannot be read.
    """
    image, mask = as_rgb(read_photo(dataset / photo.image, 1)), read_mask(dataset, photo)
    if box:
        x, y, width, height = box
        rows = slice(max(0, y - _MARGIN), y + height + _MARGIN)
        columns = slice(max(0, x - _MARGIN), x + width + _MARGIN)
        image, mask = np.ascontiguousarray(image[rows, columns]), np.ascontiguousarray(mask[rows, columns])
    factor = side / max(mask.shape)
    if factor < 1:
        size = max(1, round(mask.shape[1] * factor)), max(1, round(mask.shape[0] * factor))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Any covered pixel counts: a small defect must not vanish from its own picture.
        mask = (cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    elif factor >= 2:
        block = np.ones((int(factor), int(factor)), np.uint8)
        image, mask = np.kron(image, block[:, :, None]), np.kron(mask, block)
    ring(image, mask, palette.TRUTH)
    return _jpeg(image[:, :, ::-1])


def drawn(path: Path) -> str:
    """A picture that lies on disk as a data URI, not wider than the page; empty where it cannot be read."""
    data = np.frombuffer(path.read_bytes(), np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        return ""
    factor = _WIDE / image.shape[1]
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return _uri(_jpeg(np.asarray(image, np.uint8)))


def _jpeg(image: Uint8) -> bytes:
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data)


def _uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
