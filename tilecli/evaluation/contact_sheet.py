"""A data set at a glance: for each type one spot under several exposures side by side, its defect outlined in the last.

What is shown is chosen by `read_strips` from a folder laid out as `MT_<Type>/Imgs/exp<E>_num_<N>.jpg` and `.png`;
`draw_sheet` takes arrays from anywhere. Images are H×W×3 uint8 RGB, masks H×W uint8 of 0 and 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilecli import files, palette
from tilecli.data.preprocess import Uint8, read_photo, resize_mask, resize_photo
from tilecli.errors import DataError
from tilecli.evaluation import lettering, overlays
from tilecli.evaluation.lettering import BOLD
from tilecli.opencv import cv2

CAPTIONS = {
    "Blowhole": "small dark holes; dust and stamped numbers are none",
    "Break": "a chipped corner or edge",
    "Crack": "a thin zigzag; scratches and tide lines are none",
    "Fray": "the grinding is worn off, in streaks at the ends",
    "Uneven": "ground coarser behind a clear border",
    "Free": "sound: stains, scratches and blots are not defects",
}

_BURST_GAP = 150  # photos of one spot are numbered a few tens apart, spots hundreds
_PORTRAIT = 1.5  # height ÷ width that fills a cell
_CELL = (176, 118)  # height, width of a photo's cell, px
_GAP, _MARGIN, _HEADER, _FOOTER = 4, 16, 48, 20  # px, on the 4-px grid
_GREY_STEP = 4  # grey levels kept apart: twice as small a PNG, and no eye sees it


@dataclass(frozen=True)
class Strip:
    """One spot under several exposures: photos H×W×C, their masks H×W, and a word for each."""

    title: str
    caption: str
    photos: tuple[Uint8, ...]
    masks: tuple[Uint8, ...]
    labels: tuple[str, ...]


def read_strips(folder: Path, shots: int = 3) -> list[Strip]:
    """For each type in `folder` one burst of at least `shots` photos that shows the type well.

    Raises DataError where a type has no such burst.
    """
    strips = []
    for kind, caption in CAPTIONS.items():
        long = [burst for burst in _bursts(folder / f"MT_{kind}" / "Imgs") if len(burst) >= shots]
        if not long:
            raise DataError(f"no spot of type {kind} has {shots} photos", where=str(folder))
        masks = [_read_mask(burst[0]) for burst in long]
        shares = np.asarray([mask.mean() for mask in masks])
        shapes = np.asarray([abs(np.log(mask.shape[0] / mask.shape[1] / _PORTRAIT)) for mask in masks])
        if shares.any():  # near the upper third of sizes: the smallest defects do not survive the reduction
            merit = -np.abs(np.log((shares + 1e-4) / (np.quantile(shares, 0.7) + 1e-4)))
        else:  # of the sound spots one that has much to mistake for a defect
            merit = np.asarray([60 * _liveliness(burst[len(burst) // 2]) for burst in long])
        burst = long[int(np.argmax(merit - 2 * shapes))]
        chosen = [burst[round(i * (len(burst) - 1) / (shots - 1))] for i in range(shots)]
        strips.append(
            Strip(
                kind,
                caption,
                tuple(read_photo(path, 1) for path in chosen),
                tuple(_read_mask(path) for path in chosen),
                tuple(f"exposure {_numbers(path)[0]}" for path in chosen),
            )
        )
    return strips


def draw_sheet(strips: Sequence[Strip], columns: int = 2) -> Uint8:
    """The sheet: `columns` strips beside each other; after its photos each strip repeats the middle one, outlined."""
    cells = max(len(strip.photos) for strip in strips) + 1
    width = cells * (_CELL[1] + _GAP) - _GAP
    height = _HEADER + _CELL[0] + _FOOTER
    rows = -(-len(strips) // columns)
    background = palette.rgb(palette.LIGHT["bg"])
    sheet = lettering.canvas(rows * (height + _MARGIN) + _MARGIN, columns * (width + 2 * _MARGIN), background)
    for index, strip in enumerate(strips):
        top = _MARGIN + index // columns * (height + _MARGIN)
        left = _MARGIN + index % columns * (width + 2 * _MARGIN)
        _draw_strip(sheet[top : top + height, left : left + width], strip)
    return sheet


def write_sheet(path: Path, strips: Sequence[Strip], columns: int = 2) -> None:
    """Draw the sheet and write it to `path` as PNG, packed as tightly as it goes, as a whole or not at all."""
    tight = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_ALL_FILTERS]
    tight += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT]
    _, data = cv2.imencode(".png", cv2.cvtColor(draw_sheet(strips, columns), cv2.COLOR_RGB2BGR), tight)
    with files.whole_file(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _draw_strip(area: Uint8, strip: Strip) -> None:
    ink, muted = palette.rgb(palette.LIGHT["ink"]), palette.rgb(palette.LIGHT["muted"])
    text = lettering.canvas(area.shape[0], area.shape[1], palette.rgb(palette.LIGHT["bg"]))
    lettering.write(text, strip.title, (0, 16), 16, ink, BOLD)
    lettering.write(text, lettering.fit(strip.caption, 13, area.shape[1]), (0, 36), 13, muted)
    middle = len(strip.photos) // 2
    defective = bool(strip.masks[middle].any())
    shown = [
        *zip(strip.photos, strip.masks, strip.labels, strip.photos, strict=True),
        (strip.photos[middle], strip.masks[middle], "true mask" if defective else "no defect", None),
    ]
    for index, (photo, mask, label, plain) in enumerate(shown):
        left = index * (_CELL[1] + _GAP)
        image = _fitted(photo, mask, outlined=plain is None)
        text[_HEADER : _HEADER + _CELL[0], left : left + _CELL[1]] = palette.rgb(palette.STAGE)
        y = _HEADER + (_CELL[0] - image.shape[0]) // 2
        x = left + (_CELL[1] - image.shape[1]) // 2
        text[y : y + image.shape[0], x : x + image.shape[1]] = image
        colour = ink if plain is None else muted
        lettering.write(text, label, (left, _HEADER + _CELL[0] + 16), 13, colour)
    area[:] = text


def _fitted(photo: Uint8, mask: Uint8, outlined: bool) -> Uint8:
    """The photo, reduced to fit a cell, in coarser greys; its mask outlined if asked for."""
    scale = min(_CELL[0] / mask.shape[0], _CELL[1] / mask.shape[1])
    size = max(1, int(mask.shape[0] * scale)), max(1, int(mask.shape[1] * scale))
    small = resize_photo(photo, size) // _GREY_STEP * _GREY_STEP + _GREY_STEP // 2
    truth = resize_mask(mask, size) if outlined else np.zeros(size, np.uint8)
    return overlays.overlay(small.astype(np.uint8), np.zeros(size, np.uint8), truth)


def _liveliness(photo: Path) -> float:
    """How much a photo varies over some px, relative to its brightness; its border is left out."""
    grey = read_photo(photo, 1)[:, :, 0].astype(np.float32) + 1
    ratio = cv2.GaussianBlur(grey, (0, 0), 2) / cv2.GaussianBlur(grey, (0, 0), 12)
    height, width = grey.shape
    return float(ratio[height // 8 : -height // 8, width // 8 : -width // 8].std())


def _read_mask(photo: Path) -> Uint8:
    return np.asarray(read_photo(photo.with_suffix(".png"), 1)[:, :, 0] > 0, np.uint8)


def _numbers(photo: Path) -> tuple[int, int]:
    """Exposure and running number in a photo's name."""
    found = re.search(r"exp(\d+)_num_(\d+)$", photo.stem)
    if found is None:
        raise DataError("this name does not say exposure and number", where=str(photo))
    return int(found[1]), int(found[2])


def _bursts(folder: Path) -> list[list[Path]]:
    """The photos of a folder, in the order they were taken, one list per spot."""
    bursts: list[list[Path]] = []
    for photo in sorted(folder.glob("*.jpg"), key=lambda path: _numbers(path)[1]):
        if bursts and _numbers(photo)[1] - _numbers(bursts[-1][-1])[1] < _BURST_GAP:
            bursts[-1].append(photo)
        else:
            bursts.append([photo])
    return bursts
