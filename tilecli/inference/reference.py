"""What the training photos were like: histograms that a server compares today's photos with, to notice drift.

NumPy and OpenCV only. The bundle's own module reads and writes them as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tilecli import overlap, progress
from tilecli.data.preprocess import Uint8, read_photo
from tilecli.inference.regions import score_of
from tilecli.opencv import cv2

if TYPE_CHECKING:
    from tilecli.inference.predictor import Predictor

BINS = 10  # tenths, as the limits of 0.1 and 0.25 that people read the index by presume
_DIGITS = 9  # scores of good photos lie close to 0
_LOOKED_AT_PX = 2**16  # of a photo, evenly spaced: enough for mean and spread, about a millisecond at 12 Mpx
_HALF = 0.5  # of a photo, added to every bin


@dataclass(frozen=True)
class Histogram:
    """Shares of the training photos; bin i holds the values with edges[i-1] ≤ value < edges[i], the outer two are open.

    edges: B−1 rising values, quantiles of the training photos. shares: B positive shares, together 1.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def count(self, values: npt.ArrayLike) -> tuple[int, ...]:
        """How many of `values` fall into each of the B bins; rounded as edges are, which are values that occurred."""
        rounded = np.round(np.asarray(values, np.float64), _DIGITS)
        places = np.searchsorted(np.asarray(self.edges), rounded, side="right")
        return tuple(int(number) for number in np.bincount(places, minlength=len(self.shares)))


@dataclass(frozen=True)
class Reference:
    """What `photos` training photos were like, one histogram per quantity."""

    photos: int
    brightness: Histogram  # mean grey, 0–1
    contrast: Histogram  # standard deviation of grey, 0–1
    score: Histogram  # of the bundle at its deployed precision, see `regions.score_of`

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        histograms = {"brightness": self.brightness, "contrast": self.contrast, "score": self.score}
        return {
            "photos": self.photos,
            **{name: {"edges": list(h.edges), "shares": list(h.shares)} for name, h in histograms.items()},
        }


def describe(photo: Uint8) -> tuple[float, float]:
    """Brightness and contrast of an H×W×C uint8 photo (C 1: grey, 3: RGB): mean and standard deviation of its grey,
    0–1. Large photos are looked at in every n-th row and column.
    """
    step = max(1, round(math.sqrt(photo.shape[0] * photo.shape[1] / _LOOKED_AT_PX)))
    seen = np.ascontiguousarray(photo[::step, ::step])
    mean, spread = cv2.meanStdDev(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY) if seen.shape[2] == 3 else seen)
    return float(mean[0, 0]) / 255, float(spread[0, 0]) / 255


def population_stability_index(expected: Sequence[float], counts: Sequence[int]) -> float:
    """How far counts have moved from the shares that were expected: Σ (aᵢ − eᵢ)·ln(aᵢ / eᵢ), 0 where they agree.

    expected: B shares e; counts: B counts of n photos. Common reading: under 0.1 no change, from 0.25 a large one.
    Formula: Siddiqi, Credit Risk Scorecards (Wiley 2006); it is Jeffreys' divergence (1946). An empty bin would make
    it infinite, so half a photo is added to each, aᵢ = (nᵢ + ½) / (n + B/2) (Krichevsky and Trofimov 1981), and a
    share that was expected counts for at least 0.0001. Without any change it is about (B − 1)·(1/m + 1/n) for m and n
    photos (Yurdakul 2018), so a hundred photos are too few to tell a change by.

    Raises ValueError where there is nothing to compare: no photos, or other bins.
    """
    if len(expected) != len(counts):
        raise ValueError(f"{len(expected)} shares cannot be compared with {len(counts)} counts")
    if sum(counts) < 1:
        raise ValueError("no photos were counted")
    e = np.maximum(np.asarray(expected, np.float64), 1e-4)
    a = _shares(counts)
    return float(np.sum((a - e) * np.log(a / e)))


def make_histogram(values: npt.ArrayLike) -> Histogram:
    """The histogram of at least one value, by tenths; fewer bins where values repeat so often that tenths coincide."""
    rounded = np.round(np.asarray(values, np.float64), _DIGITS)
    # Edges are values that occur, so no bin between two of them is empty; one at the minimum would leave the first so.
    edges = np.unique(np.quantile(rounded, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    found = tuple(float(edge) for edge in edges if edge > rounded.min())
    counts = Histogram(found, (0.0,) * (len(found) + 1)).count(rounded)
    return Histogram(found, tuple(round(float(share), _DIGITS) for share in _shares(counts)))


def measure_reference(predictor: Predictor, paths: Sequence[Path]) -> Reference:
    """What the photos at `paths`, at least one, are like and how the bundle scores them.

    Raises DataError where a photo cannot be read.
    """

    def measure(path: Path) -> tuple[float, float, float]:
        photo = read_photo(path, predictor.bundle.input.channels)
        score = score_of(predictor.probability(photo), predictor.bundle.min_area_px)
        return *describe(photo), score

    measured = overlap.ordered_map(measure, paths, predictor.workers)
    rows = list(progress.track(measured, "describe training photos", len(paths), "photos"))
    brightness, contrast, score = (make_histogram(column) for column in zip(*rows, strict=True))
    return Reference(len(rows), brightness, contrast, score)


def _shares(counts: Sequence[int]) -> npt.NDArray[np.float64]:
    padded = np.asarray(counts, np.float64) + _HALF
    return np.asarray(padded / padded.sum(), np.float64)
