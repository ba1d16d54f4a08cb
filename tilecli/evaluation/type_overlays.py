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
    _write_numbers(image, types)
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
    # Types first, and a word of where the other colours are: there are not enough for each to mean one thing alone.
    (words, colour), *rest = LEGEND
    errors_of = [(f"error map: {words}", colour), *rest, *([("wrong type", _WRONG)] if wrong.any() else [])]
    return overlays.lay_out(views, caption, [*entries([truth, types], classes), *errors_of])


def _write_numbers(image: Uint8, types: Uint8) -> None:
    """Each type's number at the upper right of its larger regions, the largest first, where none stands yet."""
    found = []
    for number in np.unique(types[types > 0]).tolist():
        regions = components(np.asarray(types == number, np.uint8))
        found += [(int(area), number, box) for area, box in zip(regions.areas, regions.boxes.tolist(), strict=True)]
    found.sort(key=lambda region: -region[0])
    taken = np.zeros(types.shape, bool)
    for area, number, (x, y, w, _) in found[:_MOST]:
        text, colour = str(number), palette.rgb(colour_of(number))
        wide, high = lettering.width(text, _NUMBER_PX, BOLD) + 6, _NUMBER_PX + 3
        left = max(0, min(x + w + palette.OUTLINE_PX, types.shape[1] - wide))
        top = max(0, min(y - high - palette.OUTLINE_PX, types.shape[0] - high))
        place = slice(top, top + high), slice(left, left + wide)
        if area < _LEAST_PX or taken[place].any():
            continue
        taken[place] = True
        image[place] = colour
        # The ink that stands out more against it, by relative luminance.
        light = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2] > 128
        ink = palette.rgb(palette.LIGHT["ink"] if light else palette.LIGHT["panel"])
        lettering.write(image, text, (left + 3, top + high - 3), _NUMBER_PX, ink, BOLD)
