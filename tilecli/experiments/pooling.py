"""The folds of a cross-validation measured as one: pooled figures, their spread, and the settings they speak for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tilecli import histogram
from tilecli.evaluation import bootstrap, metrics
from tilecli.evaluation.evaluate import rounded
from tilecli.evaluation.records import Record as Row
from tilecli.experiments.folds import Fold, Group, common_params
from tilecli.histogram import Int64
from tilecli.inference import calibration, threshold
from tilecli.inference.calibration import Calibration
from tilecli.inference.threshold import Choice

# Where a commit does not say, the settings of the evaluation that it was made with had no other value.
_RESAMPLES, _SEED = 1000, 0


@dataclass(frozen=True)
class Spread:
    """One figure over the folds that have it."""

    mean: float
    sd: float | None  # of a sample; None for a single fold
    folds: int


@dataclass(frozen=True)
class Pooled:
    """A cross-validation as a whole. Every figure as in `evaluation.metrics`; verdicts and masks are those that each
    fold's own bundle gave, at its own thresholds.
    """

    group: Group
    rows: tuple[Row, ...]  # each photo once
    counts: Int64 | None  # 2×BINS pixels of all photos; None where a fold did not record them
    figures: dict[str, Any]  # of `metrics.summary`, over all photos
    intervals: dict[str, tuple[float, float]]  # 95 %, by resampling tiles
    spread: dict[str, Spread]  # figure → over the folds
    type_intervals: dict[str, tuple[float, float]]  # defect type → 95 % of its pooled Dice
    type_spread: dict[str, Spread]  # defect type → its Dice over the folds
    by_fold: dict[str, dict[str, Any]]  # experiment → figures, photos, tiles and the thresholds it was measured at
    calibration: Calibration | None  # of the networks' own logits, fitted on all photos; None where it cannot be
    pixels: Choice | None  # the best threshold of a pixel over all photos, so calibrated; None where it cannot be told
    verdict: Choice | None  # the best threshold of a photo's score

    def as_dict(self) -> dict[str, Any]:
        """JSON values; without the photos."""
        return {
            "name": self.group.name,
            "folds": self.group.folds,
            "experiments": {record.name: record.rev for record in self.group.members},
            "figures": rounded(self.figures),
            "intervals": _ends(self.intervals),
            "spread": {name: rounded(asdict(found)) for name, found in self.spread.items()},
            "type_intervals": _ends(self.type_intervals),
            "type_spread": {name: rounded(asdict(found)) for name, found in self.type_spread.items()},
            "by_fold": rounded(self.by_fold),
            "calibration": asdict(self.calibration) if self.calibration else None,
            "threshold": asdict(self.pixels) if self.pixels else None,
            "verdict_threshold": asdict(self.verdict) if self.verdict else None,
        }


def pool(group: Group, folds: Sequence[Fold]) -> Pooled:
    """Measure all photos of the folds together, and each fold alone."""
    params = common_params(group)
    resamples, seed = int(params.get("evaluate.bootstrap", _RESAMPLES)), int(params.get("evaluate.seed", _SEED))
    rows = [row for fold in folds for row in fold.rows]
    counts = _sum([fold.counts for fold in folds])
    by_fold = {fold.record.name: _alone(fold) for fold in folds}
    # One fold's figures are those of the whole, but for what only the whole has.
    names = [*metrics.figures(rows), "pixel_ap"]
    by_type = [{kind: metrics.ratio(_dice(own)) for kind, own in _types(fold.rows).items()} for fold in folds]
    types = _types(rows)
    found = {kind: bootstrap.intervals(own, resamples, seed).get("dice_mean") for kind, own in types.items()}
    common, pixels, verdict = _fit(folds)
    return Pooled(
        group=group,
        rows=tuple(rows),
        counts=counts,
        figures=metrics.summary(rows, _or_none_counted(counts)),
        intervals=bootstrap.intervals(rows, resamples, seed),
        spread=_spreads(names, list(by_fold.values())),
        type_intervals={kind: ends for kind, ends in found.items() if ends is not None},
        type_spread=_spreads(list(types), by_type),
        by_fold=by_fold,
        calibration=common,
        pixels=pixels,
        verdict=verdict,
    )


def spread_of(group: Group, names: Sequence[str]) -> dict[str, Spread]:
    """The spread of the figures that the folds' commits state, whether or not all folds are there."""
    return _spreads(names, [record.metrics for record in group.members])


def settings(pooled: Pooled) -> dict[str, float]:
    """Dotted key of params.yaml → value: what out-of-fold predictions choose better than one valid subset can."""
    chosen: dict[str, float] = {}
    if pooled.calibration is not None:
        chosen |= {f"export.{name}": value for name, value in asdict(pooled.calibration).items()}
    if pooled.pixels is not None:
        chosen["export.threshold"] = pooled.pixels.threshold
    if pooled.verdict is not None:
        chosen["export.verdict_threshold"] = pooled.verdict.threshold
    return chosen


def _fit(folds: Sequence[Fold]) -> tuple[Calibration | None, Choice | None, Choice | None]:
    """Calibration, threshold of a pixel and of a photo that all photos together speak for; None where they say nothing.

    Each fold's bundle has a calibration of its own, fitted on its few valid photos; it is taken back first. A photo's
    threshold is not below that of a pixel, so without the one there is not the other.
    """
    own = [_calibration(fold) for fold in folds]
    raw = _sum([None if fold.counts is None else of.undone(fold.counts) for of, fold in zip(own, folds, strict=True)])
    if raw is None or not raw[1].sum():
        return None, None, None
    common = calibration.fit(raw)
    pixels = threshold.choose_threshold(common.counts(raw))
    scores = [_inverse(of).then(common).probabilities(_scores(fold)) for of, fold in zip(own, folds, strict=True)]
    defective = [not row.is_good for fold in folds for row in fold.rows]
    verdict = threshold.choose_verdict_threshold(np.concatenate(scores), defective, pixels.threshold)
    return common, pixels, verdict if verdict.reached is not None else None


def _calibration(fold: Fold) -> Calibration:
    """Of the fold's bundle; older ones had none."""
    found = fold.record.metrics
    return Calibration(float(found.get("temperature") or 1.0), float(found.get("shift") or 0.0))


def _inverse(of: Calibration) -> Calibration:
    return Calibration(1.0 / of.temperature, -of.shift * of.temperature)


def _scores(fold: Fold) -> histogram.Float64:
    return np.asarray([row.score for row in fold.rows], np.float64)


def _alone(fold: Fold) -> dict[str, Any]:
    measured_at = {name: fold.record.metrics.get(name) for name in ("threshold", "verdict_threshold")}
    return {
        **metrics.figures(fold.rows),
        "pixel_ap": histogram.average_precision(_or_none_counted(fold.counts)),
        "photos": len(fold.rows),
        "tiles": len({row.tile for row in fold.rows}),
        **measured_at,
    }


def _spreads(names: Sequence[str], folds: Sequence[Mapping[str, Any]]) -> dict[str, Spread]:
    found = {}
    for name in names:
        known = [fold[name] for fold in folds if fold.get(name) is not None]
        if known:
            sd = float(np.std(known, ddof=1)) if len(known) > 1 else None
            found[name] = Spread(float(np.mean(known)), sd, len(known))
    return found


def _types(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Defect type → its photos; good ones have no Dice."""
    kinds = sorted({row.defect for row in rows if not row.is_good})
    return {kind: [row for row in rows if row.defect == kind] for kind in kinds}


def _dice(rows: Sequence[Row]) -> metrics.Ratio:
    return metrics.ratios(rows)["dice_mean"]


def _sum(counts: Sequence[Int64 | None]) -> Int64 | None:
    known = [part for part in counts if part is not None]
    return np.sum(known, axis=0) if known and len(known) == len(counts) else None


def _or_none_counted(counts: Int64 | None) -> Int64:
    return np.zeros((2, histogram.BINS), np.int64) if counts is None else counts


def _ends(intervals: Mapping[str, tuple[float, float]]) -> dict[str, dict[str, float]]:
    return {name: rounded({"low": low, "high": high}) for name, (low, high) in intervals.items()}
