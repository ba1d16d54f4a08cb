"""Types of defects drawn onto photos: each in its colour, with its number beside it and a legend of what they mean.

Images are H×W×3 uint8 RGB; maps of types H×W uint8 of numbers of the classes, from 1, and 0 where there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilecli import palette
from tilecli.data import marks
from tilecli.data.preprocess import Uint8
from tilecli.evaluation import lettering, overlays
from tilecli.evaluation.lettering import BOLD
from tilecli.evaluation.objects import components
from tilecli.evaluation.overlays import LEGEND, Entry

_LEAST_PX = 12  # of a region that gets its number; beside a speck it would be larger than what it explains
_MOST = 12  # numbers on a photo, of the largest regions
_NUMBER_PX = 13
_WRONG = "#000000"  # found, but taken for another type; no type has this colour


def colour_of(number: int) -> str:
    """The colour of the class with this number, from 1."""
    return palette.TYPES[(number - 1) % len(palette.TYPES)]


def overlay(photo: Uint8, types: Uint8, alpha: float = palette.FILL) -> Uint8:
    """The photo (H×W×C) with each type filled and outlined in its colour, its number at the larger regions."""
    image = marks.as_rgb(photo)
    numbers = [int(number) for number in np.unique(types[types > 0])]
    for number in numbers:
        own = np.asarray(types == number, np.uint8)
        marks.fill(image, own, colour_of(number), alpha)
        marks.ring(image, own, colour_of(number), others=types)
    for number in numbers:
        _write_numbers(image, np.asarray(types == number, np.uint8), number)
    return image


def entries(maps: Sequence[Uint8], classes: Sequence[str]) -> list[Entry]:
    """The legend of the types that any of `maps` shows."""
    shown = sorted({int(number) for types in maps for number in np.unique(types[types > 0])})
    return [(f"{number} {classes[number - 1]}", colour_of(number)) for number in shown]


def panel(photo: Uint8, types: Uint8, truth: Uint8, classes: Sequence[str], caption: str) -> Uint8:
    """Photo, truth, prediction and error map side by side under a caption, with a legend."""
    photo, types, truth = marks.presentable(photo, types, truth)
    mask, true = (np.asarray(found > 0, np.uint8) for found in (types, truth))
    wrong = np.asarray((types != truth) & (mask & true > 0), np.uint8)
    errors = overlays.error_map(photo, mask & (1 - wrong), true & (1 - wrong))
    marks.fill(errors, wrong, _WRONG, palette.FILL)
    marks.ring(errors, wrong, _WRONG, others=mask | true)
    views = {
        "photo": marks.as_rgb(photo),
        "truth": overlay(photo, truth),
        "prediction": overlay(photo, types),
        "error map": errors,
    }
    confused = [("wrong type", _WRONG)] if wrong.any() else []
    return overlays.lay_out(views, caption, [*LEGEND, *confused, *entries([truth, types], classes)])


def _write_numbers(image: Uint8, mask: Uint8, number: int) -> None:
    """The number at the upper right of each large region, light on dark, so that it reads on any surface."""
    regions = components(mask)
    largest = [int(place) for place in np.argsort(-regions.areas, kind="stable")[:_MOST]]
    text = str(number)
    wide = lettering.width(text, _NUMBER_PX, BOLD)
    for place in largest:
        if regions.areas[place] < _LEAST_PX:
            continue
        x, y, w, _ = (int(value) for value in regions.boxes[place])
        left = max(0, min(x + w + palette.OUTLINE_PX + 2, image.shape[1] - wide - 4))
        baseline = max(_NUMBER_PX, min(y + _NUMBER_PX // 2, image.shape[0] - 4))
        top = max(0, baseline - _NUMBER_PX + 1)
        image[top : baseline + 3, left : left + wide + 4] = palette.rgb(palette.DARK["bg"])
        lettering.write(image, text, (left + 2, baseline), _NUMBER_PX, palette.rgb(colour_of(number)), BOLD)
