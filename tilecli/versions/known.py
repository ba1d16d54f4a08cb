"""Which of some photos the dataset has already: the same file, the same pixels, or the same spot of the same tile."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli.data.catalog import Photo
from tilecli.data.hashing import Prints, blocks, distances, take_prints
from tilecli.data.preprocess import read_photo
from tilecli.data.tiles import TILE, burst_numbers
from tilecli.layout import Project
from tilecli.versions import hashes
from tilecli.versions.prints import prints_of


@dataclass(frozen=True)
class Known:
    """A photo that is there already."""

    photo: str
    known: str  # its name in the dataset, or of the first of its kind among the photos given
    why: str
    inside: bool = False  # known from the photos given, not from the dataset


@dataclass(frozen=True)
class Near:
    """A photo of a tile of which the dataset has another photo."""

    photo: str
    known: str  # the most similar one
    bits: int  # of 1,024 that differ
    subset: str = ""  # that its tile is in, where the photos are split


@dataclass(frozen=True)
class Found:
    """All that is known of some photos."""

    pairs: list[Known]
    near: list[Near]


def find(project: Project, folder: Path, photos: Sequence[Photo], there: Sequence[Photo]) -> Found:
    """Compare `photos`, whose files are in `folder`, with those of the dataset and with each other."""
    files = hashes.hash_folder(project, project.dataset)
    old = prints_of(project, {project.dataset / photo.image: files[photo.image].md5 for photo in there})
    new = take_prints([folder / photo.image for photo in photos])
    pairs = _same(project.dataset, there, old, folder, photos, new)
    return Found(list(pairs), list(_near(there, old, photos, new)))


def _same(
    dataset: Path, there: Sequence[Photo], old: Prints, folder: Path, photos: Sequence[Photo], new: Prints
) -> Iterator[Known]:
    """The same file, or a file of the same pixels: those have the same hash, so few are decoded to be compared."""
    files = {content: (dataset, photo) for content, photo in reversed(list(zip(old.contents, there, strict=True)))}
    looks: dict[bytes, list[tuple[Path, Photo]]] = {}
    for words, photo in zip(old.hashes, there, strict=True):
        looks.setdefault(words.tobytes(), []).append((dataset, photo))
    for words, content, photo in zip(new.hashes, new.contents, photos, strict=True):
        alike = looks.setdefault(words.tobytes(), [])
        if content in files:
            place, twin = files[content]
            yield Known(photo.photo, twin.photo, "the same file", place == folder)
            continue
        same = next(((place, other) for place, other in alike if _same_pixels(folder, photo, place, other)), None)
        if same is not None:
            yield Known(photo.photo, same[1].photo, "the same pixels", same[0] == folder)
            continue
        files[content] = folder, photo
        alike.append((folder, photo))


def _same_pixels(folder: Path, photo: Photo, place: Path, other: Photo) -> bool:
    if (photo.width, photo.height) != (other.width, other.height):
        return False
    return np.array_equal(read_photo(folder / photo.image, 3), read_photo(place / other.image, 3))


def _near(there: Sequence[Photo], old: Prints, photos: Sequence[Photo], new: Prints) -> Iterator[Near]:
    """Photos that the rule for tiles links to one of the dataset, with the most similar one."""
    if not there:
        return
    before, numbers = (burst_numbers([photo.photo for photo in group]) for group in (there, photos))
    for block in blocks(len(photos), len(there)):
        bits = distances(new.hashes[block], old.hashes)
        apart = np.abs(numbers[block, None] - before[None, :])
        linked = np.zeros(bits.shape, bool)
        for most_bits, most_apart in TILE:
            linked |= (bits < most_bits) if math.isinf(most_apart) else (bits < most_bits) & (apart < most_apart)
        for row in np.flatnonzero(linked.any(axis=1)):
            nearest = int(np.where(linked[row], bits[row], 2000).argmin())
            photo = photos[block.start + int(row)]
            yield Near(photo.photo, there[nearest].photo, int(bits[row, nearest]))
