"""The table of all experiments: which columns there are, and the value of each row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tilecli.experiments import compare, store
from tilecli.experiments.queue.waiting import waiting
from tilecli.experiments.store import Record
from tilecli.layout import Project


def view(project: Project, _: Mapping[str, str]) -> dict[str, Any]:
    """`columns`: name, kind (metric, param), whether higher is better, whether shown at first; `rows`: one for each
    record, its cells in the order of the columns, None where it has no value.
    """
    found = compare.rows(store.history(project, extra=waiting(project)))
    records = [row.record for row in found]
    names = _columns(records)
    return {
        "project": project.root.name,
        "columns": names,
        "rows": [_row(row, [column["name"] for column in names]) for row in found],
    }


def _columns(records: Sequence[Record]) -> list[dict[str, Any]]:
    first = compare.headline_metrics(records)
    metrics = list(dict.fromkeys([*first, *(name for record in records for name in record.metrics)]))
    params = list(dict.fromkeys(name for record in records for name in record.params))
    changed = set(compare.changed_params(records))
    return [
        *(
            {"name": name, "kind": "metric", "high": compare.higher_is_better(name), "shown": name in first}
            for name in metrics
        ),
        *({"name": name, "kind": "param", "shown": name in changed} for name in params),
    ]


def _row(row: compare.Row, names: Sequence[str]) -> dict[str, Any]:
    record = row.record
    values = {**record.params, **record.metrics}
    return {
        "name": record.name,
        "kind": record.kind,
        "state": record.state,
        "created": record.created or None,
        "rev": record.rev,
        "baseline": row.baseline.name if row.baseline else "",
        "model": record.model,
        "message": record.message,
        "broken": list(record.broken),
        "trend": [_plain(value) for value in record.valid_dice],
        "interval": record.intervals.get("dice_mean"),
        "cells": [_plain(values.get(name)) for name in names],
    }


def _plain(value: Any) -> Any:
    """A JSON value: what is not a number there is None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
