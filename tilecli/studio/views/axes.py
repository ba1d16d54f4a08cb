"""All runs as lines over axes and as points, and what their figures hung on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tilecli.experiments import compare, influence
from tilecli.experiments.plots.axes import is_number
from tilecli.experiments.plots.looks import FEW
from tilecli.experiments.store import History, Record
from tilecli.layout import Project
from tilecli.palette import SERIES
from tilecli.studio import reading

_FIRST = 6  # settings among the axes that are shown at first


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """`runs`: name, kind; `columns`: every setting and figure that is not the same in all runs, with its `values` in
    the order of the runs (a setting that a figure has the name of too, as `train.loss`, is `params.train.loss`);
    `axes`: the columns shown at first; `targets`: for each figure that influences are known of (the headline figures
    and `target` of the query), what it hung on.
    """
    found = reading.look(project)
    known = found.made.setdefault("axes", {})
    asked = query.get("target", "")
    asked = asked if any(asked in record.metrics for record in found.history.experiments) else ""
    if asked not in known:
        known[asked] = _made(found.history, asked)
    return {"project": project.root.name, **known[asked]}


def _made(history: History, asked: str) -> dict[str, Any]:
    tried = [record for record in history.experiments if record.state == "success" and record.metrics]
    bases = [group.baseline for group in history.groups if group.baseline.metrics]
    records = [*tried, *bases]
    weighed = influence.Settings(records)
    figures = _figures(records)
    called = {name: f"params.{name}" if name in figures else name for name in weighed.names}
    settings = list(called.values())
    headline = [name for name in compare.headline_metrics(records) if name in figures] or figures[:1]
    targets = list(dict.fromkeys([*headline, *([asked] if asked in figures else [])]))
    return {
        "most": FEW,
        "hues": SERIES,
        "runs": [{"name": record.name, "kind": record.kind} for record in records],
        "columns": [
            *(
                {
                    "name": called[name],
                    "kind": "param",
                    "values": [compare.finite(record.params.get(name)) for record in records],
                }
                for name in weighed.names
            ),
            *(
                {
                    "name": name,
                    "kind": "metric",
                    "high": compare.higher_is_better(name),
                    "values": [compare.finite(record.metrics.get(name)) for record in records],
                }
                for name in figures
            ),
        ],
        "axes": _first(settings, headline, figures),
        "targets": {name: _hung_on(weighed, records, name, called) for name in targets},
        # What waits in the queue was not asked for figures yet.
        "unmeasured": sum(record.state != "queued" for record in history.experiments) - len(tried),
    }


def _first(settings: Sequence[str], headline: Sequence[str], figures: Sequence[str]) -> list[str]:
    """The axes shown at first: at least two, where there are so many columns."""
    tested = [name for name in headline if name != "valid.dice"] or headline
    found = [*settings[:_FIRST], *tested]
    return found if len(found) > 1 else list(dict.fromkeys([*found, *settings, *figures]))[:2]


def _figures(records: Sequence[Record]) -> list[str]:
    """Metrics that are numbers and differ, those that people decide by first."""
    names = dict.fromkeys(
        [*compare.headline_metrics(records), *(name for record in records for name in record.metrics)]
    )
    return [name for name in names if len({v for r in records if is_number(v := r.metrics.get(name))}) > 1]


def _hung_on(
    settings: influence.Settings, records: Sequence[Record], metric: str, called: Mapping[str, str]
) -> dict[str, Any]:
    rows = [
        {**asdict(one), "name": called[one.name], "twins": [called[name] for name in one.twins]}
        for one in settings.influences(metric)
    ]
    return {
        "rows": rows,
        "runs": sum(is_number(record.metrics.get(metric)) for record in records),
        "cautions": settings.cautions(metric),
    }
