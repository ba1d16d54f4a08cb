"""Choosing the two thresholds of a bundle. Pure: counts and scores in, numbers out.

One says from which probability a pixel is defect, the other from which score a photo is. They answer different
questions and are paid for differently (a ragged outline here, a stopped line there), so each is chosen by its own
figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilecli import histogram
from tilecli.histogram import Float64, Int64
from tilecli.inference.calibration import IDENTITY, Calibration

DEFAULT = 0.5  # where there is nothing to choose by
# Next to 1, bf16 knows 0.988, 0.992, 0.996 only; next to 0 it is as fine as anywhere. Calibrated probabilities of rare
# things are small: the best threshold is half of the Dice it reaches (Lipton, Elkan and Naryanaswamy 2014).
_LOWEST, _HIGHEST = 0.001, 0.99
_TOLERANCE = 0.005  # within this of the best is as good as the best: less than a bootstrap interval's noise


@dataclass(frozen=True)
class Choice:
    """A threshold and why."""

    threshold: float
    reached: float | None  # the figure it was chosen by; None where there was nothing to choose by
    plateau: tuple[float, float]  # thresholds between which that figure is as good


def choose_threshold(counts: Int64, calibration: Calibration = IDENTITY) -> Choice:
    """The probability of the best pooled Dice over all photos, good ones included, so that false alarms cost.

    counts: 2×BINS pixels, see `histogram.count`, before `calibration`; the threshold is one of calibrated ones.
    """
    if not counts[1].sum():
        return given(DEFAULT)
    return _best(histogram.dice_curve(counts), calibration.probabilities(histogram.thresholds()), _LOWEST)


def choose_verdict_threshold(scores: npt.ArrayLike, defective: npt.ArrayLike, least: float) -> Choice:
    """The score from which a photo counts as defective: best balanced accuracy (Brodersen et al. 2010), the mean of
    the share of defective photos found and of good ones passed.

    scores, defective: per photo, its score (see `regions.score_of`) and whether it has a defect. least: the threshold
    of pixels; a photo called defective on pixels that the mask leaves out could not be explained to anyone.
    """
    score, bad = np.asarray(scores, np.float64), np.asarray(defective, np.bool_)
    if not bad.any() or bad.all():
        return given(least)
    grid = histogram.thresholds()
    found = (score[bad][:, None] >= grid).mean(axis=0)
    passed = (score[~bad][:, None] < grid).mean(axis=0)
    return _best((found + passed) / 2, grid, least)


def given(threshold: float) -> Choice:
    """A threshold that nothing was measured for."""
    return Choice(threshold, None, (threshold, threshold))


def _best(figure: Float64, grid: Float64, least: float) -> Choice:
    """The best of a curve over the thresholds of `grid`, from `least` on.

    The best single value of a noisy curve is an accident of the photos at hand. So every threshold within 0.005 of the
    best, in one run around it, counts as equal, and the middle of the run is taken: in steps of the grid, which is even
    in the logit, it lies farthest from both edges.
    """
    usable = (grid >= least) & (grid <= _HIGHEST)
    if not usable.any():
        return given(least)
    curve = np.where(usable, figure, -1.0)
    best = int(np.argmax(curve))
    bad = np.flatnonzero(curve < curve[best] - _TOLERANCE)
    before, after = bad[bad < best], bad[bad > best]
    first = int(before[-1]) + 1 if before.size else 0
    last = int(after[0]) - 1 if after.size else len(grid) - 1
    middle = (first + last) // 2
    return Choice(
        round(float(grid[middle]), 4),
        round(float(curve[middle]), 6),
        (round(float(grid[first]), 4), round(float(grid[last]), 4)),
    )
