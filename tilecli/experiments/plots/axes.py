"""Where a value lies on an axis, and what is written beside it. Knows no drawing library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

LINEAR, LOG, CATEGORY = "linear", "log", "category"

_DECADES = 2 - 1e-9  # values that span as many or more are shown by their logarithm
_LABELLED = 6  # up to so many values are written as they are, instead of round numbers
_APART = 0.045  # least distance of two labels, as a share of the axis
_LONGEST = 22  # characters of a label


@dataclass(frozen=True)
class Tick:
    """A labelled place of an axis."""

    place: float
    label: str
    value: float | str


@dataclass(frozen=True)
class Axis:
    """One setting or figure over all runs; places are shares of the axis' length, 0 at its low end."""

    name: str
    kind: str  # LINEAR, LOG or CATEGORY
    places: tuple[float | None, ...]  # of each run; None where it has no value
    ticks: tuple[Tick, ...]
    values: tuple[float | str | None, ...]  # what is drawn on a native axis: numbers, or the categories' labels

    @property
    def ticks_suffice(self) -> bool:
        """Whether every value has a tick, or the ticks are decades: a drawing library's own would be finer."""
        return self.kind != LINEAR or len({value for value in self.values if value is not None}) == len(self.ticks)


def axis(name: str, values: Sequence[Any]) -> Axis:
    """The axis of `values`, one per run; logarithmic where positive numbers span two decades or more."""
    known = [value for value in values if value is not None]
    if not all(is_number(value) for value in known) or not known:
        labels = [None if value is None else label(value) for value in values]
        return _categories(name, labels)
    low, high = min(known), max(known)
    kind = LOG if low > 0 and high / low > 10**_DECADES else LINEAR
    move = math.log10 if kind == LOG else float

    def place(value: float) -> float:
        return (move(value) - move(low)) / (move(high) - move(low)) if high > low else 0.5

    distinct = sorted(set(known))
    shown = distinct if len(distinct) <= _LABELLED else _decades(low, high) if kind == LOG else _round(low, high)
    ticks: list[Tick] = []
    for value in shown:
        if not ticks or place(value) - ticks[-1].place >= _APART:
            ticks.append(Tick(place(value), label(value), float(value)))
    places = tuple(None if value is None else place(value) for value in values)
    return Axis(name, kind, places, tuple(ticks), tuple(None if value is None else float(value) for value in values))


def is_number(value: Any) -> TypeGuard[float]:
    """Whether `value` can be placed on a scale: a finite number, and not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def label(value: Any) -> str:
    """A value as it is written beside an axis."""
    if is_number(value):
        return f"{value:.3g}" if not isinstance(value, int) else str(value)
    text = {None: "none", True: "true", False: "false"}[value] if isinstance(value, bool | None) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def spread(places: Sequence[float], gap: float) -> list[float]:
    """`places` (0–1) moved apart until no two are nearer than `gap`, in their order and as little as can be.

    Least squares under that condition: isotonic regression of `place − rank·gap` by pooling adjacent violators (Ayer
    et al. 1955). Moved as a whole where an end would stand out; of too many, the lowest stand out.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    blocks: list[tuple[float, int]] = []  # mean, size
    for rank, index in enumerate(order):
        mean, size = places[index] - rank * gap, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), size + count
        blocks.append((mean, size))
    # Both limits keep the order, so that the distances stay.
    ceiling = 1.0 - (len(order) - 1) * gap
    level = [min(max(mean, 0.0), ceiling) for mean, size in blocks for _ in range(size)]
    moved = list(places)
    for rank, index in enumerate(order):
        moved[index] = level[rank] + rank * gap
    return moved


def _categories(name: str, labels: Sequence[str | None]) -> Axis:
    known = sorted({text for text in labels if text is not None})
    place = {text: index / (len(known) - 1) if len(known) > 1 else 0.5 for index, text in enumerate(known)}
    ticks = tuple(Tick(place[text], text, text) for text in known)
    return Axis(name, CATEGORY, tuple(None if text is None else place[text] for text in labels), ticks, tuple(labels))


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten between the ends."""
    return [10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]


def _round(low: float, high: float) -> list[float]:
    """About five round numbers between the ends: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return [round(n * step, 12) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
