"""Masks drawn onto photos: overlays, error maps, and the panel photo | truth | prediction | error map.

Images here are H×W×3 uint8 RGB, masks H×W uint8 of 0 and 1. Colours and opacities come from `tilecli.palette`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tilecli import files, palette
from tilecli.data import marks
from tilecli.data.preprocess import Uint8
from tilecli.errors import DataError
from tilecli.evaluation import lettering
from tilecli.evaluation.lettering import BOLD
from tilecli.opencv import cv2

_GAP, _TITLE, _HEADER, _LEGEND_ROOM = 12, 24, 44, 28  # px, on the 4-px grid
_NARROWEST = 640  # a panel must hold its legend
_STRIPE_PX = 4
Entry = tuple[str, str]  # of a legend: words and their colour

LEGEND: tuple[Entry, ...] = (
    ("found", palette.GOOD),
    ("missed", palette.DEFECT),
    ("false (striped)", palette.UNCERTAIN),
)


def overlay(photo: Uint8, mask: Uint8, truth: Uint8 | None = None, alpha: float = palette.FILL) -> Uint8:
    """The photo with `mask` filled and outlined as defect, and the true mask's outline where it is given.

    Outlines run around a mask, not over it, so that the smallest defect stays visible.
    """
    image = marks.as_rgb(photo)
    marks.fill(image, mask, palette.DEFECT, alpha)
    marks.ring(image, mask, palette.DEFECT)
    if truth is not None:
        marks.ring(image, truth, palette.TRUTH)
    return image


def panel(photo: Uint8, mask: Uint8, truth: Uint8, caption: str) -> Uint8:
    """Photo, truth, prediction and error map side by side under a caption, with a legend."""
    photo, mask, truth = marks.presentable(photo, mask, truth)
    views = {
        "photo": marks.as_rgb(photo),
        "truth": _truth(photo, truth),
        "prediction": overlay(photo, mask),
        "error map": error_map(photo, mask, truth),
    }
    return lay_out(views, caption, LEGEND)


def error_map(photo: Uint8, mask: Uint8, truth: Uint8) -> Uint8:
    """The photo with what the prediction found, missed (outlined alike) and marked wrongly (striped as well)."""
    image = marks.as_rgb(photo)
    found, missed, false = truth & mask, truth & (1 - mask), mask & (1 - truth)
    for part, colour in ((found, palette.GOOD), (missed, palette.DEFECT), (false, palette.UNCERTAIN)):
        marks.fill(image, part, colour, palette.FILL)
    diagonal = np.arange(mask.shape[0])[:, None] + np.arange(mask.shape[1])
    stripes = (diagonal // _STRIPE_PX % 2).astype(np.uint8)
    marks.fill(image, false & stripes, palette.UNCERTAIN, 0.5)
    for part, colour in ((found, palette.GOOD), (missed, palette.DEFECT), (false, palette.UNCERTAIN)):
        edge = part & (1 - _eroded(part))
        image[edge > 0] = palette.rgb(colour)
    return image


def lay_out(views: Mapping[str, Uint8], caption: str, entries: Sequence[Entry]) -> Uint8:
    """Pictures of one size side by side, each under its title, below a caption and above a legend."""
    height, width = next(iter(views.values())).shape[:2]
    # Wide photos stand two by two, high ones in a row: about a screen's shape either way.
    columns = 2 if width > height else len(views)
    rows = -(-len(views) // columns)
    ink, muted = palette.rgb(palette.LIGHT["ink"]), palette.rgb(palette.LIGHT["muted"])
    total = max(_NARROWEST, _GAP + columns * (width + _GAP))
    bottom = _HEADER + rows * (_TITLE + height + _GAP)
    lines = _lines(entries, total - 2 * _GAP)
    image = lettering.canvas(bottom + len(lines) * _LEGEND_ROOM, total, palette.rgb(palette.LIGHT["bg"]))
    lettering.write(image, lettering.fit(caption, 16, total - 2 * _GAP, BOLD), (_GAP, 28), 16, ink, BOLD)
    for index, (title, view) in enumerate(views.items()):
        row, column = divmod(index, columns)
        left, top = _GAP + column * (width + _GAP), _HEADER + _TITLE + row * (_TITLE + height + _GAP)
        lettering.write(image, lettering.fit(title, 13, width), (left, top - 8), 13, muted)
        image[top : top + height, left : left + width] = view
    for index, line in enumerate(lines):
        _legend(image, _GAP, bottom + 12 + index * _LEGEND_ROOM, ink, line)
    return image


def with_legend(image: Uint8, entries: Sequence[Entry]) -> Uint8:
    """The image with a strip below that says what its colours mean; as it is without entries."""
    if not entries:
        return image
    height, width = image.shape[:2]
    total = max(width, max(_entry_width(text) for text, _ in entries) + 2 * _GAP)
    lines = _lines(entries, total - 2 * _GAP)
    whole = lettering.canvas(height + len(lines) * _LEGEND_ROOM, total, palette.rgb(palette.LIGHT["bg"]))
    whole[:height, :width] = image
    for index, line in enumerate(lines):
        _legend(whole, _GAP, height + 19 + index * _LEGEND_ROOM, palette.rgb(palette.LIGHT["ink"]), line)
    return whole


def save(path: Path, image: Uint8) -> None:
    """Write an H×W×3 RGB image or an H×W mask (as it is) to `path`, as a whole or not at all, by its ending."""
    pixels = image[:, :, ::-1] if image.ndim == 3 else image
    done, data = cv2.imencode(path.suffix, np.ascontiguousarray(pixels))
    if not done:
        raise DataError("this picture cannot be written", where=str(path))
    with files.whole_file(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _truth(photo: Uint8, truth: Uint8) -> Uint8:
    image = marks.as_rgb(photo)
    marks.fill(image, truth, palette.TRUTH, palette.FILL)
    marks.ring(image, truth, palette.TRUTH)
    return image


def _eroded(mask: Uint8) -> Uint8:
    thin = cv2.erode(mask, np.ones((3, 3), np.uint8), iterations=palette.OUTLINE_PX)
    return np.asarray(thin, np.uint8)


def _lines(entries: Sequence[Entry], room: int) -> list[list[Entry]]:
    """The entries in as few lines of `room` px as hold them."""
    lines: list[list[Entry]] = [[]]
    left = room
    for entry in entries:
        needed = _entry_width(entry[0])
        if lines[-1] and needed > left:
            lines.append([])
            left = room
        lines[-1].append(entry)
        left -= needed
    return lines


def _entry_width(text: str) -> int:
    return 18 + lettering.width(text, 13) + 20


def _legend(image: Uint8, left: int, baseline: int, ink: tuple[int, int, int], entries: Sequence[Entry]) -> None:
    for text, colour in entries:
        image[baseline - 11 : baseline + 1, left : left + 12] = palette.rgb(colour)
        lettering.write(image, text, (left + 18, baseline), 13, ink)
        left += _entry_width(text)
