"""What leaves the dataset: the chosen photos, their subset, and where their files go. What each format does with them
is its own module's affair."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli.data.catalog import Photo, Uint8, read_mask
from tilecli.layout import GOOD

ALL = "all"  # the subset of photos that no split has parted
# How other tools call the subsets.
NAMES = {"train": "train", "valid": "val", "test": "test", ALL: ALL}


@dataclass(frozen=True)
class Leaving:
    """One photo on its way out."""

    photo: Photo
    subset: str  # train, valid, test or ALL
    dataset: Path

    @property
    def file(self) -> str:
        """The photo's file name, unique in the dataset."""
        return Path(self.photo.image).name

    def mask(self) -> Uint8:
        """H×W of 0 and 1."""
        return read_mask(self.dataset, self.photo)

    def copy(self, path: Path) -> None:
        """The photo's very bytes to `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.dataset / self.photo.image, path)


def types_of(leaving: Sequence[Leaving]) -> list[str]:
    """The types that need a class, by name; good photos need one only where one has a mask that marks something."""
    kinds = {one.photo.defect for one in leaving}
    if GOOD in kinds and not any(one.mask().any() for one in leaving if one.photo.defect == GOOD and one.photo.mask):
        kinds.discard(GOOD)
    return sorted(kinds)
