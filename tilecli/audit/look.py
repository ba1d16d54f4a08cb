"""What is measured on each photo and its mask by itself; reads every photo once and keeps no pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli.audit.contrast import visibility
from tilecli.audit.finding import Box
from tilecli.data.catalog import Photo, Uint8, read_mask
from tilecli.data.preprocess import read_photo
from tilecli.data.threads import in_threads
from tilecli.layout import GOOD
from tilecli.opencv import cv2

_JOIN = 9  # px; parts of a cracked line that lie closer are one object


@dataclass(frozen=True)
class Object:
    """One connected part of a mask."""

    box: Box
    area_px: int


@dataclass(frozen=True)
class Look:
    """What was seen on one photo."""

    photo: Photo
    pixels: str  # digest of the decoded photo
    mean: float  # grey, 0–255
    spread: float  # between the 1st and the 99th percentile, 0–255
    mask_px: int
    objects: tuple[Object, ...]
    visibility: float | None  # 0–1, see `contrast`


def look_at_all(photos: Sequence[Photo], dataset: Path) -> list[Look]:
    """Measure each photo of the `dataset` folder. Raises DataError where a file cannot be read."""
    return list(in_threads(lambda photo: _look(photo, dataset), photos, "look at photos and masks", "photos"))


def _look(photo: Photo, dataset: Path) -> Look:
    colour = read_photo(dataset / photo.image, 3)
    grey = np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), np.uint8)
    mask = read_mask(dataset, photo)
    low, high = np.percentile(grey, (1, 99))
    return Look(
        photo=photo,
        pixels=hashlib.blake2b(colour.tobytes(), digest_size=8, person=f"{colour.shape[:2]}".encode()[:16]).hexdigest(),
        mean=float(grey.mean()),
        spread=float(high - low),
        mask_px=int(mask.sum()),
        objects=_objects(mask) if mask.any() else (),
        visibility=visibility(grey, mask) if photo.defect != GOOD else None,
    )


def _objects(mask: Uint8) -> tuple[Object, ...]:
    near = cv2.dilate(mask, np.ones((_JOIN, _JOIN), np.uint8))
    count, labels = cv2.connectedComponents(near)
    found = []
    for label in range(1, count):
        part = ((labels == label) & (mask > 0)).astype(np.uint8)
        x, y, w, h = cv2.boundingRect(part)
        found.append(Object((x, y, w, h), int(part.sum())))
    return tuple(found)
