"""Spots of tiles of which there are several photos, laid over each other, one look at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from tilecli.data.catalog import Photo, Uint8, read_mask
from tilecli.data.photos import Held
from tilecli.data.preprocess import read_photo
from tilecli.data.siblings import register_groups
from tilecli.data.threads import in_threads
from tilecli.layout import GOOD

OUTSIDE = 2  # in place of a mask's 0 or 1

Shift = tuple[int, int]  # down, right, px
T = TypeVar("T")


@dataclass(frozen=True)
class Spot:
    """Photos of one spot of a tile."""

    held: list[Held]  # the photos of the tile
    shifts: dict[int, Shift]  # of those that show the spot: index in `held` → its place against the first's


def look_at_spots(photos: Sequence[Photo], tiles: Sequence[str], dataset: Path, look: Callable[[Spot], T]) -> list[T]:
    """What `look` makes of every spot that has a defect's name or mask; `tiles` holds the tile of each photo.

    The pixels of a tile are gone when it has been looked at. DataError where a file cannot be read.
    """
    members: dict[str, list[Photo]] = defaultdict(list)
    for photo, tile in zip(photos, tiles, strict=True):
        members[tile].append(photo)
    asked = [
        (tile, of)
        for tile, of in members.items()
        if len(of) > 1 and any(photo.defect != GOOD or photo.mask for photo in of)
    ]
    found = in_threads(lambda one: [look(spot) for spot in _spots(*one, dataset)], asked, "compare exposures", "tiles")
    return [seen for of_tile in found for seen in of_tile]


def _spots(tile: str, photos: Sequence[Photo], dataset: Path) -> Iterator[Spot]:
    held = []
    for photo in photos:
        mask = read_mask(dataset, photo)
        held.append(Held(photo.photo, tile, photo.defect, read_photo(dataset / photo.image, 1), mask, mask))
    if any(one.mask.any() for one in held) or len({one.defect for one in held}) > 1:
        for shifts in register_groups(held, range(len(held))):
            yield Spot(held, shifts)


def moved(mask: Uint8, shift: Shift, shape: tuple[int, ...]) -> Uint8:
    """The mask as the other photo, of `shape`, has it; places that it does not show are OUTSIDE."""
    seen = np.full(shape, OUTSIDE, np.uint8)
    (down, right), (height, width) = shift, mask.shape
    top, bottom = max(0, -down), min(shape[0], height - down)
    left, end = max(0, -right), min(shape[1], width - right)
    if bottom > top and end > left:
        seen[top:bottom, left:end] = mask[top + down : bottom + down, left + right : end + right]
    return seen
