"""Choosing the probability from which a pixel counts as defect. Pure: counts and scores in, a number out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilecli.evaluation import histogram
from tilecli.evaluation.histogram import Int64

DEFAULT = 0.5  # where there is nothing to choose by
_LOWEST, _HIGHEST = 0.02, 0.98  # beyond, a network's probabilities are too coarse in bf16
_TOLERANCE = 0.005  # Dice within this of the best is as good as the best: less than a bootstrap interval's noise


@dataclass(frozen=True)
class Choice:
    """A threshold and why."""

    threshold: float
    dice: float | None  # pooled, on the photos it was chosen by; None where there was no defect pixel
    plateau: tuple[float, float]  # thresholds between which Dice is as good


def choose_threshold(
    counts: Int64,
    scores: npt.ArrayLike = (),
    defective: npt.ArrayLike = (),
) -> Choice:
    """The threshold of the best pooled Dice over all photos, good ones included, so that false alarms cost.

    counts: 2×BINS pixels, see `histogram.count`; scores, defective: per photo, its score and whether it has a defect.

    The best single value of a noisy curve is an accident of the photos at hand, so every threshold within 0.005 Dice
    of the best, in one run around it, counts as equal. Among those the one is taken that tells defective from good
    photos best (balanced accuracy of score ≥ threshold), and of equals the middle one, farthest from both edges.
    """
    grid = histogram.thresholds()
    usable = (grid >= _LOWEST) & (grid <= _HIGHEST)
    if not counts[1].sum():
        return Choice(DEFAULT, None, (DEFAULT, DEFAULT))
    dice = np.where(usable, histogram.dice_curve(counts), -1.0)
    best = int(np.argmax(dice))
    first, last = _run(dice >= dice[best] - _TOLERANCE, best)
    plateau = (round(float(grid[first]), 4), round(float(grid[last]), 4))
    accuracy = _balanced_accuracy(grid[first : last + 1], np.asarray(scores, float), np.asarray(defective, bool))
    best_accuracy = accuracy >= accuracy.max() - 1e-9
    # The longest run of equals, and its middle in the logit (the grid's own measure).
    edges = np.flatnonzero(np.diff(np.concatenate(([0], best_accuracy.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2] - 1
    longest = int(np.argmax(ends - starts))
    middle = first + int(starts[longest] + ends[longest]) // 2
    return Choice(round(float(grid[middle]), 4), round(float(dice[middle]), 6), plateau)


def _run(good: npt.NDArray[np.bool_], inside: int) -> tuple[int, int]:
    """First and last index of the run of True that holds `inside`."""
    bad = np.flatnonzero(~good)
    before, after = bad[bad < inside], bad[bad > inside]
    return int(before[-1]) + 1 if before.size else 0, int(after[0]) - 1 if after.size else len(good) - 1


def _balanced_accuracy(
    grid: npt.NDArray[np.float64], scores: npt.NDArray[np.float64], defective: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Mean of the share of defective photos at or above each threshold and of good ones below it; 0 without photos."""
    parts = []
    if defective.any():
        parts.append((scores[defective][:, None] >= grid).mean(axis=0))
    if (~defective).any():
        parts.append((scores[~defective][:, None] < grid).mean(axis=0))
    return np.asarray(np.mean(parts, axis=0) if parts else np.zeros(len(grid)), np.float64)
