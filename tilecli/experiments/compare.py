"""Compares experiments: which columns matter, in which order, and which value is the best. Draws nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tilecli.errors import UsageError, near_matches
from tilecli.experiments.store import Record

# The figures people decide by, in reading order; True: higher is better.
HEADLINE = {
    "dice_mean": True,
    "dice_photo": True,
    "defect_recall": True,
    "false_alarm_rate": False,
    "auroc": True,
    "valid.dice": True,
}


def higher_is_better(metric: str) -> bool:
    """Losses, errors, alarms and times are better when low; everything else when high."""
    if metric in HEADLINE:
        return HEADLINE[metric]
    return not any(word in metric.lower() for word in ("loss", "error", "alarm", "rmse", "mae", "ms", "seconds"))


def sort_records(records: Sequence[Record], key: str) -> list[Record]:
    """By a metric or param, the best first; records without it come last."""
    known = sorted({name for record in records for name in (*record.metrics, *record.params)})
    if records and key not in known:
        raise UsageError(
            f"no experiment has a metric or param '{key}'", hint=near_matches(key, known) or ", ".join(HEADLINE)
        )
    is_metric = any(key in record.metrics for record in records)
    sign = -1.0 if is_metric and higher_is_better(key) else 1.0

    def order(record: Record) -> tuple[int, float, str]:
        value = record.metrics.get(key, record.params.get(key))
        if isinstance(value, (int, float)):
            return (0, sign * value, "")
        return (2, 0.0, "") if value is None else (1, 0.0, str(value))

    return sorted(records, key=order)


def changed_params(records: Sequence[Record]) -> list[str]:
    """Params whose value is not the same in all records, in the order of params.yaml."""
    names: list[str] = []
    for record in records:
        names += [name for name in record.params if name not in names]
    return [name for name in names if len({_frozen(record.params.get(name)) for record in records}) > 1]


def headline_metrics(records: Sequence[Record]) -> list[str]:
    """The headline figures that at least one record has."""
    return [name for name in HEADLINE if any(record.metrics.get(name) is not None for record in records)]


def best(records: Sequence[Record], metric: str) -> float | None:
    """The best value of a metric among the records."""
    values = [record.metrics[metric] for record in records if isinstance(record.metrics.get(metric), (int, float))]
    if not values:
        return None
    return float(max(values) if higher_is_better(metric) else min(values))


def _frozen(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
