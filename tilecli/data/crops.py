"""Which crops a training step sees: rare types, small defects and good photos all get their share.

Maps lists and a generator to places; opens no file and changes no pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilecli.data.preprocess import Uint8

# Enough places to choose from in the largest defect; a photo of a wholly worn tile has a hundred thousand.
_MAX_PLACES = 4096


@dataclass(frozen=True)
class Source:
    """What is known of one training photo: its tile, its type and where its defect pixels are."""

    tile: str
    defect: str
    height: int  # px
    width: int  # px
    places: npt.NDArray[np.int32]  # flat indices (y · width + x) of defect pixels, perhaps a sample of them


@dataclass(frozen=True)
class Crop:
    """A square of the photo `index`, from its row `y` and column `x`, px."""

    index: int
    y: int
    x: int


def defect_places(mask: Uint8, seed: int) -> npt.NDArray[np.int32]:
    """Flat indices of the defect pixels of an H×W mask; a seeded sample where there are very many."""
    places = np.flatnonzero(mask).astype(np.int32)
    if len(places) > _MAX_PLACES:
        places = np.sort(np.random.default_rng(seed).choice(places, _MAX_PLACES, replace=False))
    return places


class CropSampler:
    """Draws batches of crops.

    A photo's type is drawn first, then a tile of that type, then one of its photos, so that a spot photographed
    under six exposures weighs no more than one photographed once.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        good: str,
        *,
        size: int,
        batch: int,
        good_share: float,
        defect_share: float,
        balance: float,
    ) -> None:
        """`good` is the type of photos without a defect.

        `size` is a crop's side in px (no photo may be smaller), `batch` the crops per step, `good_share` the share
        of a batch cut from good photos, `defect_share` the share of the other crops that hold a defect pixel, and
        `balance` goes from 0 (types as often as their photos) to 1 (types equally often).
        """
        self._sources = sources
        self._size, self._batch = size, batch
        self._good_share, self._defect_share = good_share, defect_share
        tiles: dict[str, dict[str, list[int]]] = {}
        for index, source in enumerate(sources):
            tiles.setdefault(source.defect, {}).setdefault(source.tile, []).append(index)
        self._tiles = {kind: list(of_kind.values()) for kind, of_kind in sorted(tiles.items())}
        self._good = self._tiles.pop(good, [])
        self._kinds = list(self._tiles)
        photos = np.asarray([sum(map(len, self._tiles[kind])) for kind in self._kinds], np.float64)
        if self._kinds:
            self._weights = (1 - balance) * photos / photos.sum() + balance / len(self._kinds)

    def draw(self, rng: np.random.Generator) -> list[Crop]:
        """One batch of crops, in random order."""
        crops = []
        for good in self._which_are_good(rng):
            groups = self._good if good else self._tiles[self._kinds[rng.choice(len(self._kinds), p=self._weights)]]
            photos = groups[rng.integers(len(groups))]
            index = photos[rng.integers(len(photos))]
            crops.append(self._place(index, rng))
        return crops

    def _which_are_good(self, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        flags = np.zeros(self._batch, bool)
        if not self._kinds:
            flags[:] = True
        elif self._good:
            # The share is met on average for any batch size: 20 % of 16 are 3 crops, and a fourth one step in five.
            exact = self._good_share * self._batch
            flags[: int(exact) + int(rng.random() < exact % 1)] = True
        return rng.permutation(flags)

    def _place(self, index: int, rng: np.random.Generator) -> Crop:
        source, size = self._sources[index], self._size
        last_y, last_x = source.height - size, source.width - size
        if len(source.places) == 0 or rng.random() >= self._defect_share:
            return Crop(index, int(rng.integers(last_y + 1)), int(rng.integers(last_x + 1)))
        place = int(source.places[rng.integers(len(source.places))])
        return around(index, place // source.width, place % source.width, size, source.height, source.width, rng)


def around(index: int, y: int, x: int, size: int, height: int, width: int, rng: np.random.Generator) -> Crop:
    """A crop of `size` px with the pixel (y, x) of the photo `index`, of height × width px, in sight."""
    # The pixel lands in the middle three quarters of the crop: a defect has surroundings, and no fixed place.
    up, left = (int(offset) for offset in rng.integers(size // 8, size - size // 8, 2))
    return Crop(index, min(max(y - up, 0), height - size), min(max(x - left, 0), width - size))
