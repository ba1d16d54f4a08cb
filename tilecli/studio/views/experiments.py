"""The table of all experiments: which columns there are, and the value of each row."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tilecli.errors import UsageError
from tilecli.experiments import compare
from tilecli.experiments.compare import Row
from tilecli.experiments.remarks import Remark
from tilecli.experiments.store import History, Record
from tilecli.layout import Project
from tilecli.studio import reading
from tilecli.studio.reading import Look

_POINTS = 24  # of a trend: more than its few pixels can show
_TRENDS = 5000  # kept; a learning curve does not change any more
_NOTHING = Remark()


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`columns`: id, name, kind (metric, param), `high` (whether higher is better), `shown` (at first), and `same`
    where every row that has params has this one value; `rows`: workspace, commits, each with what started from it;
    their cells in the order of the columns without `same`, None where there is no value.

    query: `filter`, see `experiments.expression`; where it cannot be read, `problem` says why and all rows come.
    """
    found = reading.look(project)
    columns = _columns(found)
    wanted = query.get("filter", "").strip()
    rows, problem = _rows(found.history, wanted)
    varying = [(column["kind"], column["name"]) for column in columns if "same" not in column]
    made = found.made.setdefault("rows", {})
    shown = []
    for row in rows:
        key = id(row.record)
        if key not in made:
            made[key] = _row(row, varying, found)
        shown.append(made[key])
    return {
        "project": project.root.name,
        "columns": columns,
        "rows": shown,
        "tried": len(found.history.experiments),
        "filter": wanted,
        "problem": problem,
    }


def _rows(history: History, wanted: str) -> tuple[list[Row], str]:
    """The rows that the filter lets through, and what is wrong with it."""
    if not wanted:
        return compare.rows(history), ""
    try:
        return compare.rows(history, filtered=wanted), ""
    except UsageError as error:
        at = (error.where or "").removeprefix("--filter, ")
        return compare.rows(history), "; ".join(filter(None, [error.message, at, error.hint]))


def _columns(found: Look) -> list[dict[str, Any]]:
    if "columns" not in found.made:
        history = found.history
        records = [history.workspace, *(group.baseline for group in history.groups), *history.experiments]
        metrics, params = _metrics(records), _params(records)
        taken = {column["name"] for column in metrics}  # `train.loss` is a figure, and the loss that is trained with
        for column in (*metrics, *params):
            doubled = column["kind"] == "param" and column["name"] in taken
            column["id"] = f"params.{column['name']}" if doubled else column["name"]
        found.made["columns"] = [*metrics, *params]
    columns: list[dict[str, Any]] = found.made["columns"]
    return columns


def _metrics(records: Sequence[Record]) -> list[dict[str, Any]]:
    first = compare.headline_metrics(records)
    names = dict.fromkeys([*first, *(name for record in records for name in record.metrics)])
    return [
        {"name": name, "kind": "metric", "high": compare.higher_is_better(name), "shown": name in first}
        for name in names
    ]


def _params(records: Sequence[Record]) -> list[dict[str, Any]]:
    # Records that share one params.yaml share what was read of it.
    known = list({id(record.params): record.params for record in records if record.params}.values())
    changed = set(compare.changed_params(records))
    found = []
    for name in dict.fromkeys(name for params in known for name in params):
        column: dict[str, Any] = {"name": name, "kind": "param", "shown": name in changed}
        if name not in changed and all(name in params for params in known):
            column["same"] = _plain(known[0][name])
        found.append(column)
    return found


def _row(row: Row, varying: Sequence[tuple[str, str]], found: Look) -> dict[str, Any]:
    record = row.record
    values = {"metric": record.metrics, "param": record.params}
    remark = found.remarks.get(record.rev, _NOTHING) if record.state == "success" else _NOTHING
    progress = found.progress.get((record.baseline, record.name), {}) if record.state == "running" else {}
    return {
        "name": record.name,
        "kind": record.kind,
        "state": record.state,
        "created": record.created or None,
        "rev": record.rev,
        "base": row.baseline.rev if row.baseline else "",
        "baseline": row.baseline.name if row.baseline else "",
        "model": record.model,
        "message": record.message,
        "broken": list(record.broken),
        "stale": list(record.stale),
        "star": remark.star,
        "note": remark.note,
        "bare": not record.params,
        "trend": _trend(record.valid_dice),
        "epochs": _epochs(record, progress),
        "intervals": {
            name: [_figure(end) for end in ends]
            for name, ends in record.intervals.items()
            if all(map(math.isfinite, ends))
        },
        "cells": [_CELLS[kind](values[kind].get(name)) for kind, name in varying],
    }


def _epochs(record: Record, progress: Mapping[str, Any]) -> dict[str, Any] | None:
    """How far a running training is: `stage`, `done` and `all` epochs, `until` when (seconds since 1970)."""
    if record.state != "running":
        return None
    return {
        "stage": progress.get("stage"),
        "done": progress.get("epoch") or len(record.valid_dice) or None,
        "all": progress.get("epochs") or record.params.get("train.epochs"),
        "until": progress.get("until"),
    }


@lru_cache(maxsize=_TRENDS)
def _trend(series: tuple[float, ...]) -> list[float | None]:
    """The series in at most so many points, each the mean of its epochs; None where it is undefined."""
    steps = min(len(series), _POINTS)
    ends = [round(len(series) * step / steps) for step in range(1, steps + 1)] if steps else []
    means = (sum(series[first:last]) / (last - first) for first, last in zip([0, *ends], ends, strict=False))
    return [round(value, 3) if math.isfinite(value) else None for value in means]


def _figure(value: Any) -> Any:
    """A measured value with more digits than the table shows or its sorting needs, and fewer than a float has: a
    thousand rows are written and read in every view.
    """
    plain = _plain(value)
    return float(f"{plain:.6g}") if isinstance(plain, float) else plain


def _plain(value: Any) -> Any:
    """A JSON value: what is not a number there is None, and a list is a text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else json.dumps(value, ensure_ascii=False)


_CELLS = {"metric": _figure, "param": _plain}
