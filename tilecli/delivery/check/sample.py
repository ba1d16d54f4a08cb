"""Which photos a live server is asked about: those that the network never saw, the same ones every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tilecli.data import manifest
from tilecli.data.index import read_index
from tilecli.errors import DataError
from tilecli.inference.batch import expand
from tilecli.layout import Project


def of_project(project: Project, count: int, seed: int) -> list[Path]:
    """Up to `count` test photos of the split; DataError where it has none."""
    rows = [row for row in manifest.read_manifest(project.split) if row.subset == "test"]
    if not rows:
        raise DataError("the split has no test photos", where=str(project.split), hint="--photos DIR")
    rows.sort(key=lambda row: row.photo)
    pairs = manifest.match_photos(rows, read_index(project.index))
    return chosen([project.dataset / photo.image for _, photo in pairs], count, seed)


def of_folder(folder: Path, count: int, seed: int) -> list[Path]:
    """Up to `count` photos of a folder and below; UsageError where it has none."""
    return chosen(expand([str(folder)]), count, seed)


def chosen(photos: Sequence[Path], count: int, seed: int) -> list[Path]:
    """`count` of the photos, or all of them, in their order; the same for the same photos and seed."""
    places = np.random.default_rng(seed).permutation(len(photos))[:count]
    return [photos[place] for place in sorted(places)]
