"""Photos and masks of one subset, decoded once and held in memory at the scale that the network sees.

What training draws from them is in `tilecli.data.datamodule`; the files' own table is `tilecli.data.catalog`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tilecli import hardware, progress
from tilecli.data import catalog, classlist, manifest, preprocess
from tilecli.data.preprocess import Uint8
from tilecli.errors import DataError
from tilecli.layout import Project

# Of the free memory; the rest is for the network, which needs more than the photos do.
_MEMORY_SHARE = 0.5


@dataclass(frozen=True)
class Held:
    """One photo in memory."""

    name: str
    tile: str
    defect: str
    photo: Uint8  # h×w×C at the network's scale, not padded
    mask: Uint8  # h×w at the network's scale: 0, and 1 where defect or, in a dataset with classes, a class's number
    full_mask: Uint8  # H×W at the photo's own size; the same array where the scales agree


def load_subset(project: Project, subset: str, *, channels: int, short_side: int) -> list[Held]:
    """Every photo of `subset` in the split, by name, scaled to `short_side` px (0: as it is).

    Raises DataError when the split names a photo that the dataset lacks, when a file is broken, when photo and mask
    differ in size, or when all of it together would not fit into memory.
    """
    rows = sorted((row for row in manifest.read_manifest(project.split) if row.subset == subset), key=lambda r: r.photo)
    pairs = manifest.match_photos(rows, catalog.read_index(project.index))
    classes = classlist.read_classes(project.classes)
    _check_memory([record for _, record in pairs], channels, short_side)

    def load(pair: tuple[manifest.Assigned, catalog.Photo]) -> Held:
        row, record = pair
        photo = preprocess.read_photo(project.dataset / record.image, channels)
        mask = classlist.read_truth(project.dataset, record, classes)
        if photo.shape[:2] != mask.shape:
            raise DataError(
                f"the photo is {photo.shape[1]}×{photo.shape[0]} px, its mask {mask.shape[1]}×{mask.shape[0]} px",
                where=record.image,
                hint="tiles fetch",
            )
        size = preprocess.scaled_size(mask.shape[0], mask.shape[1], short_side)
        scaled = preprocess.resize_photo(photo, size)
        return Held(row.photo, row.tile, row.defect, scaled, preprocess.resize_mask(mask, size), mask)

    # Decoding releases the interpreter's lock, so threads do help here.
    with ThreadPoolExecutor(hardware.usable_cores()) as pool:
        return list(progress.track(pool.map(load, pairs), f"read {subset} photos", len(pairs), "photos"))


def statistics(photos: Sequence[Held]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel over all pixels of `photos`, of values scaled to 0–1."""
    channels = photos[0].photo.shape[2]
    counts = np.zeros((channels, 256), np.int64)
    for held in photos:
        for channel in range(channels):
            counts[channel] += np.bincount(held.photo[:, :, channel].ravel(), minlength=256)
    values = np.arange(256) / 255.0
    mean = counts @ values / counts.sum(axis=1)
    variance = counts @ values**2 / counts.sum(axis=1) - mean**2
    # Six decimals, so that a bundle's record of them is what was trained with; photos of one grey keep a finite scale.
    return tuple(round(float(m), 6) for m in mean), tuple(max(round(float(v**0.5), 6), 1e-3) for v in variance)


def _check_memory(records: Sequence[catalog.Photo], channels: int, short_side: int) -> None:
    free = hardware.available_memory()
    if free is None:
        return
    needed = 0
    for record in records:
        height, width = preprocess.scaled_size(record.height, record.width, short_side)
        needed += height * width * (channels + 1)
        needed += record.height * record.width if (height, width) != (record.height, record.width) else 0
    if needed > free * _MEMORY_SHARE:
        raise DataError(
            f"{len(records)} photos need {needed / 1e9:.1f} GB of memory at this scale; {free / 1e9:.1f} GB are free",
            where="train.img_size",
            hint="-S train.img_size=512",
        )
