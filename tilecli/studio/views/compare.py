"""A few runs side by side: curves, settings, code, data, figures with verdicts against the first, photo by photo."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tilecli.errors import ProjectError, TilesError
from tilecli.evaluation.records import Record as Row
from tilecli.experiments import compare, curves, describe, store
from tilecli.experiments.curves import Curves
from tilecli.experiments.evaluated import rows_of
from tilecli.experiments.naming import resolve
from tilecli.experiments.plots.looks import FEW, Look, looks
from tilecli.experiments.queue.waiting import waiting
from tilecli.experiments.store import Record
from tilecli.layout import Project
from tilecli.palette import LIGHT
from tilecli.reporting.words import FIGURES, SHARES
from tilecli.studio import verdicts
from tilecli.studio.runs import following
from tilecli.studio.runs.finding import find

MOST = FEW  # as many as have a colour of their own
_DATASET = "data/dataset"


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`runs` of the query are names with commas between; the first is what the others are compared with.

    Shown are `runs` and, for each of them in that order: `curves`, `params`, `metrics`, `changes`, `photos`, and
    `verdicts` (None for the first). What takes time, the verdicts and the counts of photos that differ, is worked out
    where the query has `whole`; else `whole` tells whether it was all known already. `missing` names what there is
    not, and why.
    """
    names = names_of(query)
    records, missing = chosen(project, names[:MOST])
    rows, reasons = _evaluated(project, records)
    whole = "whole" in query
    pairs = [(records[0], other, own) for other, own in zip(records[1:], rows[1:], strict=True)]
    judged = [
        verdicts.judge(project, first, other, own) if whole else verdicts.known(project, first, other)
        for first, other, own in pairs
    ]
    changes = [_changes(project, first, other, whole=whole) for first, other, _ in pairs]
    return {
        "project": project.root.name,
        "most": MOST,
        "left_out": names[MOST:],
        "missing": missing,
        "runs": [_run(*facts) for facts in zip(records, reasons, looks(len(records), LIGHT), strict=True)],
        "curves": _curves(project, records),
        "params": _params(records),
        "metrics": _metrics(records),
        "changes": [None, *changes] if records else [],
        "photos": _photos(rows),
        "verdicts": [None, *judged] if records else [],
        "whole": all(found is not None for found in [*judged, *(change["data"] for change in changes)]),
    }


def names_of(query: Mapping[str, str]) -> list[str]:
    """Those of `runs`, each once."""
    return list(dict.fromkeys(name.strip() for name in query.get("runs", "").split(",") if name.strip()))


def chosen(project: Project, names: Sequence[str]) -> tuple[list[Record], list[dict[str, str]]]:
    """The records of `names`, and what there is not."""
    if not names:
        return [], []
    tried = store.experiments(project)
    records: list[Record] = []
    missing = []
    others: list[Record] | None = None  # that are not done; read only where somebody asks for one
    for name in names:
        try:
            found = resolve(project, name, tried)
        except ProjectError as error:
            if others is None:
                others = store.history(project, extra=waiting(project)).experiments
            pending = next((record for record in others if record.name == name), None)
            if pending is None:
                missing.append({"name": name, "words": error.message, "hint": error.hint or ""})
                continue
            found = pending
        if all((found.rev, found.name) != (other.rev, other.name) for other in records):
            records.append(found)
    return records, missing


def _evaluated(project: Project, records: Sequence[Record]) -> tuple[list[list[Row]], list[str]]:
    """The rows of each run's test photos; where there are none, why."""
    rows: list[list[Row]] = []
    reasons = []
    for record in records:
        try:
            if record.state != "success":
                raise ProjectError(f"'{record.name}' is {record.state}")
            rows.append(rows_of(project, record))
            reasons.append("")
        except TilesError as error:
            rows.append([])
            reasons.append(error.message)
    return rows, reasons


def _run(record: Record, reason: str, look: Look) -> dict[str, Any]:
    return {
        "name": record.name,
        "kind": record.kind,
        "state": record.state,
        "rev": record.rev,
        "created": record.created or None,
        "message": record.message if record.kind == "experiment" else record.message.split("\n", 1)[0],
        "broken": list(record.broken),
        "stale": list(record.stale),
        "untested": reason,
        "colour": look.colour,
        "dash": look.dash,
    }


def _curves(project: Project, records: Sequence[Record]) -> dict[str, Any]:
    """`names` of all series; for each run, `series`: name → points [epoch, value], and see `curves.Curves`."""
    found = [_learned(project, record) for record in records]
    names = sorted({name for one in found for name in one.series}, key=lambda name: (name != "valid.dice", name))
    each = {name: [getattr(one, name) for one in found] for name in ("series", "epoch_s", "best")}
    return {"names": names, **each}


def _learned(project: Project, record: Record) -> Curves:
    """Of one that is not done, what its training has written so far."""
    if record.state == "success":
        return curves.read(project, record)
    try:
        return following.learned(project, find(project, record.name))
    except TilesError:  # gone meanwhile
        return curves.read(project, record)


def _params(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Those that differ."""
    return [
        {"name": name, "values": [compare.finite(record.params.get(name)) for record in records]}
        for name in compare.changed_params(records)
    ]


def _metrics(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Every figure: its name, in words where it has some, whether high is good, the value and interval of each run."""
    first = compare.headline_metrics(records)
    measured = {name for record in records for name in record.metrics}
    names = dict.fromkeys([*first, *(name for name in FIGURES if name in measured), *sorted(measured)])
    return [
        {
            "name": name,
            "label": _in_words(name),
            "high": compare.higher_is_better(name),
            "share": name in SHARES,
            "first": name in first,
            "values": [compare.finite(record.metrics.get(name)) for record in records],
            "intervals": [_interval(record, name) for record in records],
        }
        for name in names
    ]


def _interval(record: Record, name: str) -> tuple[float, float] | None:
    ends = record.intervals.get(name)
    return ends if ends and all(map(math.isfinite, ends)) else None


def _in_words(name: str) -> str:
    """What a figure that people decide by is called; empty for others."""
    of_type = re.fullmatch(r"per_defect\.(.+)\.dice", name)
    return f"Dice of {of_type[1]}" if of_type else FIGURES.get(name, "")


def _changes(project: Project, first: Record, other: Record, *, whole: bool) -> dict[str, Any]:
    """What differs from the first run in code (`files`: path → how) and, in words, in the data; None: not known yet."""
    if other.state != "success" or first.state != "success":
        return {"files": {}, "data": "not known before both are done"}
    found = describe.between(project, first, other).files
    data: str | None = "the same photos and masks"
    if _DATASET in found:
        one_sided = {"added": f"{first.name} has no dataset", "deleted": f"{other.name} has no dataset"}
        data = one_sided.get(found[_DATASET]) or (_counted(project, first, other) if whole else None)
    return {"files": {path: how for path, how in found.items() if describe.is_own(path)}, "data": data}


def _counted(project: Project, first: Record, other: Record) -> str:
    from tilecli.reporting import collect  # brings the metrics' packages

    return collect.data_between(project, other, first)[1]


def _photos(rows: Sequence[Sequence[Row]]) -> list[dict[str, Any]]:
    """Each photo that some run was tested on, with every run's Dice and verdict; None where it was not tested."""
    photos: dict[str, Row] = {}
    for own in rows:
        for row in own:
            photos.setdefault(row.photo, row)
    by_photo = [{row.photo: row for row in own} for own in rows]
    return [
        {
            "photo": name,
            "tile": row.tile,
            "defect": row.defect,
            "dice": [round(own[name].dice, 6) if name in own else None for own in by_photo],
            "verdicts": [own[name].verdict if name in own else None for own in by_photo],
        }
        for name, row in sorted(photos.items())
    ]
