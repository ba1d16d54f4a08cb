"""Operating points: which threshold of verdicts keeps a wanted rate, and what that leaves. NumPy only; opens no file.

A threshold is chosen from the scores of measured photos, so figures at it flatter a little. Intervals tell by how much
they may: whole tiles are resampled, and in each resample the threshold is chosen anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilecli.errors import DataError, UsageError, near_matches
from tilecli.evaluation import bootstrap
from tilecli.evaluation.records import Record
from tilecli.histogram import Float64

Interval = tuple[float, float] | None

EXAMPLES = "false_alarm<=0.01 or recall>=0.95"
_FALSE_ALARM, _RECALL = "false_alarm", "recall"
_NAMES = {"false_alarm": _FALSE_ALARM, "false_alarm_rate": _FALSE_ALARM, "recall": _RECALL, "flagged_rate": _RECALL}
_SIGNS = {_FALSE_ALARM: "<=", _RECALL: ">="}
_FORM = re.compile(r"\s*([a-z_]+)\s*(<=|>=|<|>|==?)\s*([0-9.]+)\s*(%?)\s*")
_ROUNDING = 1e-9  # 0.01 of 100 photos is one photo, whatever floats say
_SUREST = 1 - 1e-6  # the records' six digits tell nothing beyond


@dataclass(frozen=True)
class Wanted:
    """A bound on one rate: at most so many false alarms, or at least so much recall."""

    figure: str  # false_alarm or recall
    limit: float  # 0–1

    def __str__(self) -> str:
        return f"{self.figure}{_SIGNS[self.figure]}{self.limit:g}"


@dataclass(frozen=True)
class OperatingPoint:
    """The threshold that keeps the bound and, within it, does best on the other rate; intervals at 95 %."""

    wanted: Wanted
    threshold: float
    recall: float  # defective photos that reach the threshold
    false_alarm_rate: float  # good photos that do
    threshold_interval: Interval  # of the thresholds that resamples choose
    recall_interval: Interval  # of what is bounded: at this very threshold; of the other: each at its own
    false_alarm_interval: Interval
    photos: int
    tiles: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        intervals = {
            "threshold": self.threshold_interval,
            "recall": self.recall_interval,
            "false_alarm_rate": self.false_alarm_interval,
        }
        return {
            "wanted": str(self.wanted),
            "verdict_threshold": self.threshold,
            "recall": self.recall,
            "false_alarm_rate": self.false_alarm_rate,
            "intervals": {name: {"low": e[0], "high": e[1]} if e else None for name, e in intervals.items()},
            "photos": self.photos,
            "tiles": self.tiles,
        }


def parse(text: str) -> Wanted:
    """The bound in `false_alarm<=0.01` or `recall>=95%`; UsageError that says what is wrong with any other text."""
    found = _FORM.fullmatch(text)
    try:
        name, sign, number, percent = found.groups() if found else ("", "", "", "")
        limit = float(number) / (100 if percent else 1)
    except ValueError:
        raise UsageError(f"'{text}' is no bound on a rate", where="--operating-point", hint=EXAMPLES) from None
    if name not in _NAMES:
        hint = near_matches(name, list(_NAMES)) or EXAMPLES
        raise UsageError(f"there is no rate '{name}' to bound", where="--operating-point", hint=hint)
    figure = _NAMES[name]
    if sign != _SIGNS[figure]:
        hint = f"{figure}{_SIGNS[figure]}{number}{percent}"
        raise UsageError(f"{figure} is bounded by {_SIGNS[figure]}, not {sign}", where="--operating-point", hint=hint)
    if not 0.0 <= limit <= 1.0:
        raise UsageError(f"{limit:g} is not a share between 0 and 1", where="--operating-point", hint=EXAMPLES)
    return Wanted(figure, limit)


def operating_point(records: Sequence[Record], wanted: Wanted, resamples: int, seed: int) -> OperatingPoint:
    """Choose the threshold on the scores of `records` and say what it leaves.

    recall: of photos of a defect type, the share with a score at or above the threshold. Raises DataError where there
    are no good or no defective photos, and where no threshold keeps the bound.
    """
    scores = np.asarray([record.score for record in records])
    bad = np.asarray([not record.is_good for record in records])
    if not bad.any() or bad.all():
        raise DataError("an operating point takes good and defective photos", hint="tiles eval")
    names, tile = np.unique([record.tile for record in records], return_inverse=True)
    levels, place = np.unique(scores, return_inverse=True)  # rising

    def rates(weights: Float64) -> tuple[Float64, Float64]:
        """Recall and false alarms at each level as the threshold, and above all of them: rows × (levels + 1)."""
        found = []
        for kind in (bad, ~bad):
            counts = np.zeros((len(weights), len(levels) + 1))
            for row, weight in zip(counts, weights, strict=True):
                row[:-1] = np.bincount(place, weight * kind, len(levels))
            above = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
            with np.errstate(invalid="ignore"):
                found.append(above / above[:, :1])
        return found[0], found[1]

    def chosen(recall: Float64, alarms: Float64) -> bootstrap.Places:
        """Per row the level that keeps the bound and does best on the other rate."""
        if wanted.figure == _FALSE_ALARM:  # the first level with few enough
            return np.asarray(np.argmax(alarms <= wanted.limit + _ROUNDING, axis=1))
        enough = recall[:, ::-1] >= wanted.limit - _ROUNDING
        return np.asarray(recall.shape[1] - 1 - np.argmax(enough, axis=1))

    recall, alarms = rates(np.ones((1, len(records))))
    own = int(chosen(recall, alarms)[0])
    if own == len(levels) and levels[-1] >= _SUREST:
        raise DataError(f"no threshold keeps {wanted}: too many good photos score {levels[-1]:g}", hint="tiles train")

    def between(level: int) -> float:
        """A threshold that `levels[level]` reaches and the score below it does not, in the middle of the logit."""
        below, above = levels[level - 1] if level else 0.0, levels[level] if level < len(levels) else 1.0
        ends = np.clip([below, above], 1 - _SUREST, _SUREST)
        middle = float(np.mean(np.log(ends / (1 - ends))))
        return round(float(1 / (1 + np.exp(-middle))), 6)

    samples: dict[str, list[Float64]] = {"threshold": [], _RECALL: [], _FALSE_ALARM: []}
    drawn = bootstrap.draws(len(names), resamples, seed) if resamples and len(names) >= bootstrap.LEAST_TILES else ()
    for counts in drawn:
        found_recall, found_alarms = rates(counts[:, tile])
        told = ~np.isnan(found_recall).any(axis=1) & ~np.isnan(found_alarms).any(axis=1)
        found_recall, found_alarms = found_recall[told], found_alarms[told]
        at, rows = chosen(found_recall, found_alarms), np.arange(int(told.sum()))
        fixed = np.full(len(at), own)
        samples["threshold"].append(np.asarray([between(int(level)) for level in at]))
        samples[_RECALL].append(found_recall[rows, fixed if wanted.figure == _RECALL else at])
        samples[_FALSE_ALARM].append(found_alarms[rows, fixed if wanted.figure == _FALSE_ALARM else at])
    intervals = {
        name: bootstrap.interval(np.concatenate(pieces)) if pieces else None for name, pieces in samples.items()
    }
    return OperatingPoint(
        wanted=wanted,
        threshold=between(own),
        recall=float(recall[0, own]),
        false_alarm_rate=float(alarms[0, own]),
        threshold_interval=intervals["threshold"],
        recall_interval=intervals[_RECALL],
        false_alarm_interval=intervals[_FALSE_ALARM],
        photos=len(records),
        tiles=len(names),
    )
