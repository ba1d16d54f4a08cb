"""Compares experiments: which rows and columns matter, in which order, and which value is best. Draws nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

from tilecli.errors import UsageError, near_matches
from tilecli.experiments.store import Group, History, Record

# The figures people decide by, in reading order; True: higher is better.
HEADLINE = {
    "dice_mean": True,
    "dice_photo": True,
    "miou": True,
    "defect_recall": True,
    "false_alarm_rate": False,
    "auroc": True,
    "valid.dice": True,
}
_LOW_IS_GOOD = {"loss", "error", "ece", "miss", "uncertain", "alarm", "rmse", "mse", "mae", "ms", "seconds"}
_FACTS = ("name", "state", "created", "model", "message")  # what else a filter can ask for


@dataclass(frozen=True)
class Row:
    """One line of the comparison."""

    record: Record
    baseline: Record | None = None  # what an experiment started from
    last: bool = False  # of its baseline's experiments


def higher_is_better(metric: str) -> bool:
    """Losses, errors, alarms and times are better when low; everything else when high."""
    if metric in HEADLINE:
        return HEADLINE[metric]
    return _LOW_IS_GOOD.isdisjoint(re.split(r"[._\s]", metric.lower()))


def known_names(records: Iterable[Record]) -> list[str]:
    """Every metric and param of the records, metrics first, and what else can be asked for."""
    names: dict[str, None] = {}
    records = list(records)
    for part in ("metrics", "params"):
        for record in records:
            names |= dict.fromkeys(getattr(record, part))
    return [*names, *(fact for fact in _FACTS if fact not in names)]


def values(record: Record) -> dict[str, Any]:
    """Everything of a record that it can be sorted and filtered by."""
    created = f"{datetime.fromtimestamp(record.created):%Y-%m-%d %H:%M:%S}" if record.created else None
    facts = {"name": record.name, "state": record.state, "created": created, "model": record.model or None}
    return {**facts, "message": record.message or None, **record.params, **record.metrics}


def rows(
    history: History, *, filtered: str | None = None, sort: str | None = None, top: int | None = None
) -> list[Row]:
    """The workspace, then each commit with its experiments; filter, order and `top` are about the experiments."""
    everything = [history.workspace, *(group.baseline for group in history.groups), *history.experiments]
    groups = list(history.groups)
    if filtered is not None:
        from tilecli.experiments import expression  # its pattern takes time to compile, and most have no filter

        test = expression.parse(filtered, known_names(everything))
        groups = [
            Group(group.baseline, tuple(record for record in group.experiments if test(values(record))))
            for group in groups
        ]
        groups = [group for group in groups if group.experiments or test(values(group.baseline))]
    if sort is not None or top is not None:
        tried = [record for group in groups for record in group.experiments]
        order = sort_records(tried, sort, everything) if sort is not None else tried
        rank = {id(record): place for place, record in enumerate(order[:top])}
        groups = [_ranked(group, rank) for group in groups if not group.experiments or _any(group, rank)]
        if sort is not None:
            # The commit that the best experiment started from comes first.
            groups.sort(key=lambda group: rank[id(group.experiments[0])] if group.experiments else len(rank))
    found = [Row(history.workspace)]
    for group in groups:
        found.append(Row(group.baseline))
        last = len(group.experiments) - 1
        found += [Row(record, group.baseline, place == last) for place, record in enumerate(group.experiments)]
    return found


def _any(group: Group, rank: dict[int, int]) -> bool:
    return any(id(record) in rank for record in group.experiments)


def _ranked(group: Group, rank: dict[int, int]) -> Group:
    kept = [record for record in group.experiments if id(record) in rank]
    return Group(group.baseline, tuple(sorted(kept, key=lambda record: rank[id(record)])))


def sort_key(name: str, records: Iterable[Record]) -> str:
    """The metric or param that `name` stands for; UsageError if there is none."""
    from tilecli.experiments import expression

    known = known_names(records)
    found = expression.full_name(name, known)
    if found is None:
        ending = [other for other in known if other.endswith(f".{name}")]
        hint = f"one of {', '.join(ending)}" if ending else near_matches(name, known) or ", ".join(HEADLINE)
        raise UsageError(f"no experiment has a metric or param '{name}'", hint=hint)
    return found


def sort_records(records: Sequence[Record], key: str, among: Sequence[Record] = ()) -> list[Record]:
    """By a metric or param, the best first; records without it come last. `among`: who else may know the name."""
    if not records and not among:
        return []
    key = sort_key(key, [*records, *among])
    is_metric = any(key in record.metrics for record in records)
    sign = -1.0 if is_metric and higher_is_better(key) else 1.0

    def order(record: Record) -> tuple[int, float, str]:
        value = values(record).get(key)
        if _is_number(value):
            return (0, sign * value, "")
        # Not a number, or undefined: last, whatever the direction.
        return (2, 0.0, "") if value is None or isinstance(value, float) else (1, 0.0, str(value))

    if key == "created":
        return sorted(records, key=lambda record: -record.created)
    return sorted(records, key=order)


def changed_params(records: Sequence[Record]) -> list[str]:
    """Params whose value is not the same in all records that have any, in the order of params.yaml."""
    # Most share what was read of one params.yaml, and the same thing need not be looked at twice.
    known = list({id(record.params): record for record in records if record.params}.values())
    names: dict[str, None] = {}
    for record in known:
        names |= dict.fromkeys(record.params)
    # Most are the same everywhere: compare plainly first, and write out only what differs.
    first = known[0].params if known else {}
    missing = object()
    suspects = [
        name for name in names if any(record.params.get(name, missing) != first.get(name, missing) for record in known)
    ]
    return [name for name in suspects if _differs(name, known)]


def _differs(name: str, records: Sequence[Record]) -> bool:
    first = _frozen(records[0].params.get(name))
    return any(_frozen(record.params.get(name)) != first for record in records)


def headline_metrics(records: Sequence[Record]) -> list[str]:
    """The headline figures that at least one record has."""
    return [name for name in HEADLINE if any(record.metrics.get(name) is not None for record in records)]


def best(records: Sequence[Record], metric: str) -> float | None:
    """The best value of a metric among the records."""
    known = [record.metrics[metric] for record in records if _is_number(record.metrics.get(metric))]
    if not known:
        return None
    return float(max(known) if higher_is_better(metric) else min(known))


def delta(row: Row, metric: str) -> float | None:
    """By how much an experiment's figure differs from that of the commit it started from."""
    if row.baseline is None:
        return None
    new, old = row.record.metrics.get(metric), row.baseline.metrics.get(metric)
    return float(new - old) if _is_number(new) and _is_number(old) else None


def finite(value: Any) -> Any:
    """A value as JSON can say it: None for what is not a number there (NaN, infinity)."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _frozen(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
