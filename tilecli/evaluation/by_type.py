"""Which type each pixel was taken for: the figures of a bundle that tells types of defects apart.

A photo's record keeps how many of its pixels were of which type and called which, as words (`crack>fray:12`, by falling
count), so that figures of any set of photos follow from their records. Pixels that are good and called so are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilecli.data.preprocess import Uint8
from tilecli.errors import DataError
from tilecli.histogram import Float64
from tilecli.layout import GOOD

if TYPE_CHECKING:
    from tilecli.evaluation.records import Record

Pair = tuple[str, str]  # what a pixel is, what it was taken for; `good` where it is no defect


def pack(truth: Uint8, predicted: Uint8, classes: Sequence[str]) -> str:
    """Count two H×W maps of numbers of `classes`, from 1, 0 where there is nothing."""
    size = len(classes) + 1
    marked = (truth > 0) | (predicted > 0)
    pairs = truth[marked].astype(np.int64) * size + predicted[marked]
    counts = np.bincount(pairs, minlength=size * size)
    names = (GOOD, *classes)
    order = [int(place) for place in np.argsort(-counts, kind="stable") if counts[place]]
    return " ".join(f"{names[place // size]}>{names[place % size]}:{counts[place]}" for place in order)


def unpack(text: str) -> dict[Pair, int]:
    """The pixels of each pair. Raises DataError where the text is not of `pack`."""
    found = {}
    try:
        for word in text.split():
            pair, count = word.rsplit(":", 1)
            actual, called = pair.split(">")
            found[actual, called] = int(count)
    except ValueError as error:
        raise DataError(f"'{text}' does not say which pixels were taken for what", hint="tiles eval") from error
    return found


def is_typed(records: Iterable[Record]) -> bool:
    """Whether the records are of a bundle that tells types apart."""
    return any(record.type_predicted for record in records)


def ratios(records: Sequence[Record]) -> dict[str, dict[str, tuple[Float64, Float64]]]:
    """Type → numerators and denominators per photo of its figures; types that no pixel is or was taken for are absent.

    With T pixels of the type, P taken for it, I both: iou I / (T + P − I), dice 2I / (T + P), recall I / T, precision
    I / P, all pooled over photos.
    """
    counted = [unpack(record.type_pixels) for record in records]
    names = sorted({name for pairs in counted for pair in pairs for name in pair} - {GOOD})
    found = {}
    for name in names:
        true, called, both = (np.zeros(len(records), np.float64) for _ in range(3))
        for place, pairs in enumerate(counted):
            true[place] = sum(px for (actual, _), px in pairs.items() if actual == name)
            called[place] = sum(px for (_, taken), px in pairs.items() if taken == name)
            both[place] = pairs.get((name, name), 0)
        found[name] = {
            "iou": (both, true + called - both),
            "dice": (2 * both, true + called),
            "recall": (both, true),
            "precision": (both, called),
        }
    return found


def miou(records: Sequence[Record]) -> float | None:
    """The mean over types of their IoU, background apart, as the literature on the magnetic tiles has it.

    Over the types that a pixel is or was taken for; None where there is none.
    """
    own = [_share(pairs["iou"]) for pairs in ratios(records).values()]
    known = [value for value in own if value is not None]
    return float(np.mean(known)) if known else None


def summary(records: Sequence[Record]) -> dict[str, Any]:
    """`miou`, `types` (type → figures) and `type_confusion` (of pixels and photos: what it is → what it was taken for).

    Nothing for records of a bundle that tells no types apart.
    """
    if not is_typed(records):
        return {}
    types: dict[str, dict[str, Any]] = {}
    for name, pairs in ratios(records).items():
        types[name] = {figure: _share(pair) for figure, pair in pairs.items()}
        types[name]["true_px"] = int(pairs["recall"][1].sum())
    pixels: dict[Pair, int] = {}
    photos: dict[Pair, int] = {}
    for record in records:
        photo = record.defect, record.type_predicted
        photos[photo] = photos.get(photo, 0) + 1
        for pair, count in unpack(record.type_pixels).items():
            pixels[pair] = pixels.get(pair, 0) + count
    confusion = {"pixels": _table(pixels), "photos": _table(photos)}
    return {"miou": miou(records), "types": types, "type_confusion": confusion}


def _share(pair: tuple[Float64, Float64]) -> float | None:
    below = float(pair[1].sum())
    return float(pair[0].sum()) / below if below else None


def _table(counts: dict[Pair, int]) -> dict[str, dict[str, int]]:
    """What it is → what it was taken for → how many, good ones last."""
    rows = sorted({actual for actual, _ in counts}, key=lambda name: (name == GOOD, name))
    columns = sorted({called for _, called in counts}, key=lambda name: (name == GOOD, name))
    return {row: {column: counts[row, column] for column in columns if (row, column) in counts} for row in rows}
