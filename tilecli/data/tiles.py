"""Which photos show the same spot of the same part: one tile. Assigning tiles to subsets is `assign`'s affair.

A tile is everything that DATA.md's rule links, directly or through others, over all defect types: hashes that differ
in fewer than 150 of 1,024 bits, or in fewer than 300 where the file names are of one burst (`exp<E>_num_<N>`, N less
than 150 apart).

That rule misses siblings. On the real photos some of one burst, cropped a little differently, differ in up to 480
bits; registering the images proves them the same spot, and a split by tile alone puts them on both sides: copying the
most similar training photo scored 0.61 Dice on one of them. So a second, looser rule says which tiles stay together
in one subset without being counted as one: a family. It may join strangers, which costs a little choice and no truth.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilecli.data.catalog import Photo
from tilecli.data.hashing import Prints, Words, take_prints
from tilecli.data.linking import link_burst, link_near

# Two photos are linked when any pair holds: fewer differing bits than the first, burst numbers less apart than the
# second. Unrelated photos differ in 400 to 550 bits, and their numbers are hundreds apart.
Rule = tuple[tuple[int, float], ...]
TILE: Rule = ((150, math.inf), (300, 150))
# Measured on the real photos against image registration: all but one of the missed pairs of siblings, few others.
# The last pair stands for a spot that was photographed again a little later.
FAMILY: Rule = (*TILE, (450, 150), (300, 600))

# At the end of the name: a photo renamed to keep names unique has its type or source in front.
_BURST = re.compile(r"(?:^|[^a-z0-9])exp\d+_num_(\d{1,15})$", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """What is known of N photos once they have been looked at, in their order."""

    tiles: list[str]  # tile ids
    families: list[str]  # likewise for families
    numbers: npt.NDArray[np.float64]  # burst numbers, NaN where the name has none
    prints: Prints


def find_tiles(photos: Sequence[Photo], dataset: Path) -> Found:
    """Read each photo of the `dataset` folder once and find those of the same tile.

    A tile's id is derived from the name of its first photo by name, so it depends neither on the order of the photos
    nor on other tiles. Raises DataError where a photo cannot be read.
    """
    names = [photo.photo for photo in photos]
    prints = take_prints([dataset / photo.image for photo in photos])
    numbers = burst_numbers(names)
    tiles, families = (tile_ids(names, first) for first in link(prints.hashes, numbers, (TILE, FAMILY)))
    return Found(tiles, families, numbers, prints)


def group_photos(photos: Sequence[Photo], dataset: Path) -> dict[str, str]:
    """Photo → tile id; `find_tiles` for those who need nothing else."""
    return dict(zip((photo.photo for photo in photos), find_tiles(photos, dataset).tiles, strict=True))


def burst_numbers(names: Sequence[str]) -> npt.NDArray[np.float64]:
    """The N of each `exp<E>_num_<N>`; NaN for other names, because NaN is near to nothing."""
    found = [_BURST.search(name) for name in names]
    return np.array([float(match[1]) if match else np.nan for match in found], np.float64)


def link(hashes: Words, numbers: npt.NDArray[np.float64], rules: Sequence[Rule]) -> list[npt.NDArray[np.intp]]:
    """N×16 hashes and N burst numbers → per rule, for each photo the index of the first photo it is linked to."""
    known: dict[frozenset[tuple[int, float]], npt.NDArray[np.intp]] = {frozenset(): np.arange(len(hashes))}
    for rule in rules:
        # A rule that holds another's pairs goes on from there.
        start = max((pairs for pairs in known if pairs <= set(rule)), key=len)
        first = known[start].copy()
        for most_bits, most_apart in rule:
            if (most_bits, most_apart) in start:
                continue
            if math.isinf(most_apart):
                link_near(hashes, most_bits, first)
            else:
                link_burst(hashes, numbers, most_bits, most_apart, first)
        known[frozenset(rule)] = first
    return [known[frozenset(rule)] for rule in rules]


def tile_ids(names: Sequence[str], first: npt.NDArray[np.intp]) -> list[str]:
    """Tile id of each photo, from the tile's photo that comes first by name."""
    smallest: dict[int, str] = {}
    for name, tile in zip(names, first.tolist(), strict=True):
        smallest[tile] = min(name, smallest.get(tile, name))
    ids = {tile: f"tile-{hashlib.blake2b(name.encode(), digest_size=5).hexdigest()}" for tile, name in smallest.items()}
    return [ids[tile] for tile in first.tolist()]
