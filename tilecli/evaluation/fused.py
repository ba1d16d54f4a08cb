"""What judging the photos of one spot together brings: the same figures on the same photos, and the margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilecli.evaluation import bootstrap, metrics, paired
from tilecli.evaluation.records import Record

NAMES = ("dice_mean", "dice_photo", "auroc", "false_alarm_rate", "defect_recall")


def fused_figures(fused: Sequence[Record], alone: Sequence[Record], resamples: int, seed: int) -> dict[str, Any]:
    """Figures of `fused`, their intervals, and `margin`: how far they are from those of the same photos `alone`.

    A margin's interval is that of the paired bootstrap over tiles, see `paired.compare`.
    """
    values = metrics.figures(fused)
    intervals = bootstrap.intervals(fused, resamples, seed)
    differences = paired.compare(fused, alone, resamples=resamples, seed=seed, names=("fused", "alone")).figures
    told = {name: intervals[name] for name in NAMES if name in intervals}
    return {
        **{name: values[name] for name in NAMES},
        "intervals": {name: {"low": low, "high": high} for name, (low, high) in told.items()},
        "margin": {
            name: {"difference": found.difference, "low": found.low, "high": found.high}
            for name, found in differences.items()
            if name in NAMES
        },
    }
