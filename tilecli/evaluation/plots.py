"""The series that `dvc plots` and the report draw, as CSV files under evaluation/plots.

| file | columns | one row per |
|---|---|---|
| precision_recall.csv | recall, precision, threshold | threshold, pixels of all photos |
| dice_over_threshold.csv | threshold, dice | threshold, pooled over all photos |
| reliability.csv | probability, defect_share, pixels | group of probabilities, pixels of all photos |
| roc.csv | false_alarm_rate, found_rate, threshold | distinct score, photos |
| confusion.csv | photo, actual, predicted, type | photo |
| type_confusion.csv | photo, actual, predicted | photo; where types are told apart alone |
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tilecli import files, histogram
from tilecli.evaluation.by_type import is_typed
from tilecli.evaluation.records import Record
from tilecli.evaluation.reliability import reliability
from tilecli.histogram import Int64
from tilecli.layout import GOOD

_POINTS = 200  # of a curve; more would not show
DEFECT = "defect"


def write_plots(folder: Path, records: Sequence[Record], counts: Int64) -> None:
    """Write every series into `folder`; a curve that is undefined (one class missing) has its header alone."""
    _write(folder / "precision_recall.csv", ("recall", "precision", "threshold"), _precision_recall(counts))
    _write(folder / "dice_over_threshold.csv", ("threshold", "dice"), _dice(counts))
    _write(folder / "reliability.csv", ("probability", "defect_share", "pixels"), _reliability(counts))
    _write(folder / "roc.csv", ("false_alarm_rate", "found_rate", "threshold"), _roc(records))
    rows = ((r.photo, GOOD if r.is_good else DEFECT, r.verdict, r.defect) for r in records)
    _write(folder / "confusion.csv", ("photo", "actual", "predicted", "type"), rows)
    if is_typed(records):
        called = ((r.photo, r.defect, r.type_predicted) for r in records)
        _write(folder / "type_confusion.csv", ("photo", "actual", "predicted"), called)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with files.whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)


def _precision_recall(counts: Int64) -> list[tuple[float, float, float]]:
    precision, recall = histogram.precision_recall(counts)
    if np.isnan(recall).any():
        return []
    # Evenly spaced in recall, which is the axis; thresholds bunch at both ends of it.
    wanted = np.linspace(0, 1, _POINTS)
    picked = sorted({int(np.argmin(np.abs(recall - value))) for value in wanted}, reverse=True)
    grid = histogram.thresholds()
    return [(float(recall[i]), float(precision[i]), float(grid[i])) for i in picked]


def _dice(counts: Int64) -> list[tuple[float, float]]:
    if not counts[1].sum():
        return []
    dice, grid = histogram.dice_curve(counts), histogram.thresholds()
    picked = np.searchsorted(grid, np.linspace(0.01, 0.99, 99))
    return [(float(grid[i]), float(dice[i])) for i in picked]


def _reliability(counts: Int64) -> list[tuple[float, float, int]]:
    return [(float(p), float(share), int(pixels)) for p, share, pixels in zip(*reliability(counts), strict=True)]


def _roc(records: Sequence[Record]) -> list[tuple[float, float, float]]:
    """Falling thresholds on the photo's score, from "nothing is defect" to "everything is"."""
    bad = np.sort([r.score for r in records if not r.is_good])
    good = np.sort([r.score for r in records if r.is_good])
    if not len(bad) or not len(good):
        return []
    rows = [(0.0, 0.0, 1.0)]
    for value in np.unique(np.concatenate([bad, good]))[::-1]:
        false = (len(good) - np.searchsorted(good, value)) / len(good)
        found = (len(bad) - np.searchsorted(bad, value)) / len(bad)
        rows.append((float(false), float(found), float(value)))
    return rows
