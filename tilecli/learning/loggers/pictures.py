"""The pictures of a training: a few fixed validation photos, each with its truth and the present prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tilecli import palette
from tilecli.data import marks, preprocess
from tilecli.data.photos import Held
from tilecli.data.preprocess import Float32, Uint8
from tilecli.layout import GOOD

MOST = 4
THRESHOLD = 0.5  # of a pixel; the one that suits best is known once the training is over
_GAP_PX = 4


@dataclass(frozen=True)
class Shown:
    """A validation photo at its own size, and what was just predicted of it."""

    name: str
    photo: Uint8  # H×W×C
    truth: Uint8  # H×W of 0 and 1
    prediction: Uint8  # likewise


def shown(photos: Sequence[Held], maps: Sequence[Float32], names: Collection[str]) -> Iterator[Shown]:
    """Those of a batch's `photos` that are called one of `names`; maps: H×W probability of each, at its own size."""
    for held, probability in zip(photos, maps, strict=True):
        if held.name in names:
            height, width = held.full_mask.shape
            photo = preprocess.resize_photo(held.photo, (height, width))
            prediction = np.asarray(probability >= THRESHOLD, np.uint8)
            yield Shown(held.name, photo, np.minimum(held.full_mask, np.uint8(1)), prediction)


def choose(photos: Sequence[Held], most: int = MOST) -> list[Held]:
    """Up to `most` photos, the same every time: one of each defect type, one good one, then what comes next by name."""
    ordered = sorted(photos, key=lambda held: (held.defect == GOOD, held.name))
    firsts = list({held.defect: held for held in reversed(ordered)}.values())
    firsts.sort(key=lambda held: (held.defect == GOOD, held.defect))
    # The good one keeps its place where there are many types.
    good = [held for held in firsts if held.defect == GOOD][:1]
    kinds = [held for held in firsts if held.defect != GOOD][: most - len(good)]
    chosen = kinds + good
    names = {held.name for held in chosen}
    return (chosen + [held for held in ordered if held.name not in names])[:most]


def picture(photo: Uint8, truth: Uint8, prediction: Uint8) -> Uint8:
    """Photo | truth | prediction, side by side; one below the other where the photo is wider than high.

    photo: H×W×1 or H×W×3; truth, prediction: H×W of 0 and 1. Small photos are enlarged by a whole factor.
    """
    photo, truth, prediction = marks.presentable(photo, truth, prediction)
    views = [marks.as_rgb(photo)]
    for mask, colour in ((truth, palette.TRUTH), (prediction, palette.DEFECT)):
        view = marks.as_rgb(photo)
        marks.fill(view, mask, colour, palette.FILL)
        marks.ring(view, mask, colour)
        views.append(view)
    axis = 0 if photo.shape[1] > photo.shape[0] else 1
    shape = (_GAP_PX, photo.shape[1], 3) if axis == 0 else (photo.shape[0], _GAP_PX, 3)
    gap = np.full(shape, 255, np.uint8)
    return np.concatenate([views[0], gap, views[1], gap, views[2]], axis=axis)
