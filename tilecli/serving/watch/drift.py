"""Are the photos that come in still like those the model was trained on? Asked of the last few hundred, all the time.

Drift is no verdict on the model: photos may have changed where it does not matter. It says when to look, and at what.
"""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from tilecli.data.preprocess import Uint8
from tilecli.errors import UsageError
from tilecli.inference.reference import Histogram, Reference, describe, population_stability_index

Level = Literal["no reference", "too few", "ok", "watch", "drift"]

QUANTITIES = ("brightness", "contrast", "score")
WATCH, DRIFT = 0.1, 0.25  # of the index; the usual reading, see `population_stability_index`
NEEDED = 200  # photos before anything is said: with fewer, chance alone passes WATCH on one occasion in twenty
_RISING: tuple[Level, ...] = ("no reference", "too few", "ok", "watch", "drift")


@dataclass(frozen=True)
class Moved:
    """How far one quantity has moved from the training photos'."""

    level: Level
    psi: float | None  # population stability index; None while there are too few photos
    by_chance: float | None  # what the index of photos like the training photos stays under, 19 times of 20
    position: float | None  # where the photos lie among the training photos: 0 below all, 0.5 as they, 1 above all
    edges: tuple[float, ...]  # between the bins of `expected` and `seen`
    expected: tuple[float, ...]  # shares of the training photos
    seen: tuple[float, ...] | None  # shares of the last photos


@dataclass(frozen=True)
class DriftReport:
    """What is known of the last photos, by this process (`worker`: its id) alone."""

    level: Level  # the worst of the quantities
    photos: int  # in the window now
    window: int  # photos that it holds at most
    needed: int  # photos before anything is said
    reference_photos: int  # that the bundle was trained on; 0: it does not say
    since: str | None  # when the oldest photo in the window came; ISO time, UTC
    worker: int
    quantities: dict[str, Moved] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    def figures(self) -> dict[str, float]:
        """The index of each quantity, once there are enough photos: for alerts."""
        return {name: moved.psi for name, moved in self.quantities.items() if moved.psi is not None}


class DriftMonitor:
    """Remembers brightness, contrast and score of the last photos. May be used from several threads."""

    def __init__(self, reference: Reference | None, window: int = 1000) -> None:
        """reference: what the training photos were like; None where the bundle does not say. window: photos."""
        if window < 1:
            raise UsageError(f"a window of {window} photos holds nothing", where="--drift-window")
        self._window = window
        self._lock = threading.Lock()
        self.start_over(reference)

    def start_over(self, reference: Reference | None) -> None:
        """Forget all photos: another bundle answers, which scores them otherwise."""
        with self._lock:
            self._reference = reference
            self._values = np.zeros((self._window, len(QUANTITIES)))
            self._times = np.zeros(self._window)
            self._noted = 0

    def note(self, photo: Uint8, score: float) -> None:
        """Remember an H×W×C photo, as the network takes it, and its score; under 1 ms up to a megapixel."""
        brightness, contrast = describe(photo)
        with self._lock:
            place = self._noted % self._window
            self._values[place] = brightness, contrast, score
            self._times[place] = time.time()
            self._noted += 1

    def report(self) -> DriftReport:
        """The last photos against the training photos."""
        with self._lock:
            reference, count = self._reference, min(self._noted, self._window)
            values = self._values[:count].copy()
            oldest = float(self._times[:count].min()) if count else None
        needed = min(NEEDED, self._window)
        quantities: dict[str, Moved] = {}
        if reference is not None:
            for column, name in enumerate(QUANTITIES):
                histogram: Histogram = getattr(reference, name)
                quantities[name] = _compare(histogram, reference.photos, values[:, column].tolist(), needed)
        levels = [moved.level for moved in quantities.values()] or ["no reference"]
        return DriftReport(
            level=max(levels, key=_RISING.index),
            photos=count,
            window=self._window,
            needed=needed,
            reference_photos=reference.photos if reference is not None else 0,
            since=datetime.fromtimestamp(oldest, UTC).isoformat(timespec="seconds") if oldest is not None else None,
            worker=os.getpid(),
            quantities=quantities,
        )


def _compare(histogram: Histogram, trained_on: int, values: list[float], needed: int) -> Moved:
    expected = histogram.shares
    if len(values) < needed:
        return Moved("too few", None, None, None, histogram.edges, expected, None)
    counts = histogram.count(values)
    seen = tuple(count / len(values) for count in counts)
    psi = population_stability_index(expected, counts)
    chance = by_chance(len(expected), trained_on, len(values))
    below = np.cumsum(expected) - np.asarray(expected) / 2  # share of the training photos below a bin's middle
    position = float(np.dot(seen, below))
    return Moved(level_of(psi, chance), psi, chance, position, histogram.edges, expected, seen)


def level_of(psi: float, chance: float) -> Level:
    """`ok` under 0.1, `watch` from there on, `drift` from 0.25 on; `ok` whatever chance alone may bring about."""
    if psi < chance:
        return "ok"
    return "drift" if psi >= DRIFT else "watch" if psi >= WATCH else "ok"


def by_chance(bins: int, trained_on: int, photos: int) -> float:
    """What the index stays under, 19 times of 20, where nothing has changed.

    Without a change, the index over (1/m + 1/n), for m and n photos, follows a χ² of B − 1 degrees of freedom
    (Yurdakul, Statistical Properties of Population Stability Index, 2018); its quantile is Wilson's and Hilferty's
    (1931). It takes photos to be independent: of several photos of one part, it promises too little.
    """
    freedom = bins - 1
    if freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + 1.6449 * math.sqrt(spread)) ** 3
    return quantile * (1 / max(1, trained_on) + 1 / max(1, photos))
