"""From the places that a step asks for to pixels: crops cut out, defects pasted in, exposures paired, all augmented.

Which places these are is `tilecli.data.crops`; tensors are made of them in `tilecli.data.datamodule`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tilecli.config import TrainParams
from tilecli.data import preprocess
from tilecli.data.augment import Augment
from tilecli.data.crops import Crop
from tilecli.data.inject import Injector
from tilecli.data.photos import Held
from tilecli.data.preprocess import Uint8
from tilecli.data.siblings import Siblings
from tilecli.layout import GOOD

Cut = tuple[Uint8, Uint8]  # S×S×C photo and S×S mask, see `Held.mask`


class Cutter:
    """The training photos, padded as a prediction sees them, and what is done to their crops."""

    def __init__(self, photos: Sequence[Held], params: TrainParams, multiple: int) -> None:
        """`multiple` is what the network needs its input's sides to be multiples of, px."""
        size = params.crop_size
        self.pixels = [_padded(held, size, multiple) for held in photos]
        self.good = [held.defect == GOOD for held in photos]
        self._size, self._share = size, params.inject
        self._augment = Augment(params.augment)
        self._injector: Injector | None = None
        if params.inject:
            # What it keeps are views of what is held here: photos may be most of the memory there is.
            held_once = [_within(held, *pixels) for held, pixels in zip(photos, self.pixels, strict=True)]
            self._injector = Injector(held_once, size=size, balance=params.balance, blend=params.inject_blend)
        self._siblings = Siblings(photos, size) if params.consistency else None

    def plain(self) -> Cutter:
        """The same photos with nothing pasted in and nothing paired."""
        other = copy.copy(self)
        other._injector = other._siblings = None
        return other

    def cut(self, drawn: Sequence[Crop], rng: np.random.Generator) -> tuple[list[Cut], list[tuple[int, int]]]:
        """What is at the places `drawn`, in their order, and which of them are pairs: one place, two exposures."""
        pairs = self._pairs(drawn, rng)
        cuts: dict[int, Cut] = {}
        for numbers, (one, other) in pairs.items():
            changed = self._augment.pair(self._window(one), self._window(other), rng)
            cuts.update(zip(numbers, changed, strict=True))
        for number, crop in enumerate(drawn):
            if number not in cuts:
                cuts[number] = self._augment(*self._single(crop, rng), rng)
        return [cuts[number] for number in range(len(drawn))], list(pairs)

    def _pairs(self, drawn: Sequence[Crop], rng: np.random.Generator) -> dict[tuple[int, int], tuple[Crop, Crop]]:
        """For a quarter of the crops, where there is one, a sibling that takes the place of another crop.

        In place of another, so that a step costs what it did; crops come in random order, so none is favoured.
        """
        if self._siblings is None:
            return {}
        found = {}
        for first in range(len(drawn) // 4):
            if pair := self._siblings.pair(drawn[first], rng):
                found[first, len(drawn) - 1 - first] = pair
        return found

    def _single(self, crop: Crop, rng: np.random.Generator) -> Cut:
        """The crop; of a good photo, perhaps with a defect pasted in and moved to show it."""
        if self._injector is not None and self.good[crop.index] and rng.random() < self._share:
            paste = self._injector.draw(crop.index, rng)
            if paste is not None:
                return self._injector.paste(paste, *self._window(paste.crop))
        return self._window(crop)

    def _window(self, crop: Crop) -> Cut:
        photo, mask = self.pixels[crop.index]
        window = (slice(crop.y, crop.y + self._size), slice(crop.x, crop.x + self._size))
        return photo[window], mask[window]


def _padded(held: Held, size: int, multiple: int) -> Cut:
    """Photo and mask as a prediction sees them: sides padded to multiples of `multiple` px, and to a crop's `size`."""
    height, width = held.mask.shape
    below, right = (max(side + -side % multiple, size) - side for side in (height, width))
    return preprocess.pad(held.photo, below, right), preprocess.pad(held.mask, below, right)


def _within(held: Held, photo: Uint8, mask: Uint8) -> Held:
    """The photo as a part of its padded self."""
    height, width = held.mask.shape
    return replace(held, photo=photo[:height, :width], mask=mask[:height, :width], full_mask=mask[:height, :width])
