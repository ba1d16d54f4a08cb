"""Collects what `tiles exp plot` draws: settings, figures and learning curves of several runs. Draws nothing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilecli.errors import ProjectError, UsageError, near_matches
from tilecli.experiments import store
from tilecli.experiments.compare import changed_params, headline_metrics, higher_is_better
from tilecli.experiments.naming import resolve
from tilecli.experiments.plots.axes import Axis, axis, is_number
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

PARALLEL, SCATTER, CURVES = "parallel", "scatter", "curves"
KINDS = (PARALLEL, SCATTER, CURVES)

# DVCLive's series below training/plots/metrics, and what they are called above a chart.
SERIES = {"valid.dice": ("valid/dice.tsv", "Valid Dice"), "train.loss": ("train/loss.tsv", "Train loss")}

MOST_RUNS = 300  # a browser draws more of them too slowly to point at one
_MOST_AXES = 8  # settings in parallel coordinates
_MOST_SCATTERS = 6  # settings that the metric is drawn against where none is named

Series = tuple[tuple[float, float], ...]  # (epoch, value)


@dataclass(frozen=True)
class Run:
    """One run as it is drawn."""

    name: str  # unique among the runs
    params: dict[str, Any]
    metrics: dict[str, Any]
    series: dict[str, Series] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, of metrics

    def value(self, name: str) -> Any:
        """A metric or a setting; None where the run has neither."""
        return self.metrics.get(name, self.params.get(name))

    def interval(self, metric: str) -> tuple[float, float] | None:
        """The 95 % interval that the evaluation recorded."""
        return self.intervals.get(metric)


@dataclass(frozen=True)
class Plot:
    """What is drawn of which runs."""

    y: str
    runs: tuple[Run, ...]  # by y, the best first; those without it last
    parallel: tuple[Axis, ...]  # of the `measured` runs; empty: not drawn
    scatter: tuple[Axis, ...]
    curves: tuple[str, ...]  # names of SERIES
    notes: tuple[str, ...]  # what is not drawn, and why

    @property
    def measured(self) -> tuple[Run, ...]:
        """The runs that have y."""
        return tuple(run for run in self.runs if is_number(run.value(self.y)))


def collect(project: Project, names: Sequence[str] = (), *, x: str | None, y: str, kinds: Sequence[str]) -> Plot:
    """The runs called `names` (default: every experiment), with what `kinds` need.

    `x`: the setting or metric that `y` is drawn against; None: each setting that is not the same in all runs.
    Raises ProjectError for unknown names and where there is no run, UsageError for an unknown `x` or `y` and where
    nothing can be drawn.
    """
    tried = store.experiments(project)
    records = list({(r.rev, r.name): r for r in (resolve(project, name, tried) for name in names)}.values()) or tried
    if not records:
        raise ProjectError("there is no experiment to plot yet", where=str(project.root), hint="tiles train")
    numbers = {name for record in records for name, value in record.metrics.items() if is_number(value)}
    if set(kinds) & {PARALLEL, SCATTER} or y in numbers:
        _check(y, sorted(numbers), "no run has a metric", ", ".join(headline_metrics(records)))
    if x is not None:
        known = sorted(numbers | {name for record in records for name in record.params})
        _check(x, known, "no run has a param or metric", ", ".join(changed_params(records)))
    records = _sorted(records, y)
    notes = []
    if len(records) > MOST_RUNS:
        notes.append(f"only the best {MOST_RUNS} of {len(records)} runs by {y}")
    runs = _runs(project, records[:MOST_RUNS], with_series=CURVES in kinds)
    return _plot(runs, x, y, kinds, notes)


def _plot(runs: list[Run], x: str | None, y: str, kinds: Sequence[str], notes: list[str]) -> Plot:
    measured = [run for run in runs if is_number(run.value(y))]
    unlike = changed_params([Record(run.name, "", "", 0.0, run.params) for run in measured])
    bare = [run.name for run in runs if run not in measured]
    if bare and set(kinds) & {PARALLEL, SCATTER}:
        notes.append(f"without {y}: {', '.join(bare[:5])}{f' and {len(bare) - 5} more' if len(bare) > 5 else ''}")
    parallel: tuple[Axis, ...] = ()
    if PARALLEL in kinds:
        if len(measured) < 2:
            notes.append(f"parallel coordinates need two runs with {y}")
        else:
            figures = headline_metrics([Record(run.name, "", "", 0.0, {}, run.metrics) for run in measured])
            figures = [name for name in figures if name != y and len({run.value(name) for run in measured}) > 1] + [y]
            parallel = (
                *(_setting(name, measured) for name in unlike[:_MOST_AXES]),
                *(_axis(name, measured) for name in figures),
            )
            if len(unlike) > _MOST_AXES:
                notes.append(f"parallel coordinates leave out {', '.join(unlike[_MOST_AXES:])}")
    scatter: tuple[Axis, ...] = ()
    if SCATTER in kinds:
        chosen = [x] if x else unlike[:_MOST_SCATTERS]
        scatter = tuple(_setting(name, measured) if name in unlike else _axis(name, measured) for name in chosen)
        if not chosen:
            notes.append(f"every run has the same settings, so {y} is drawn against none; --x names one")
        elif not x and len(unlike) > _MOST_SCATTERS:
            notes.append(f"{y} against {', '.join(unlike[_MOST_SCATTERS:])}: --x draws it")
    curves = tuple(name for name in SERIES if any(run.series.get(name) for run in runs))
    if CURVES in kinds and not curves:
        notes.append("no run has a learning curve")
    if not (parallel or scatter or curves):
        raise UsageError(f"nothing can be drawn: {'; '.join(notes)}", hint="tiles exp compare shows what there is")
    return Plot(y, tuple(runs), parallel, scatter, curves, tuple(notes))


def _check(name: str, known: list[str], words: str, others: str) -> None:
    if name not in known:
        raise UsageError(f"{words} '{name}'", hint=near_matches(name, known) or others or "tiles exp compare --all")


def _setting(name: str, runs: Sequence[Run]) -> Axis:
    """A figure may have the name of a setting: `train.loss` is the loss that is minimised, and what it came to."""
    return axis(name, [run.params.get(name) for run in runs])


def _axis(name: str, runs: Sequence[Run]) -> Axis:
    return axis(name, [run.value(name) for run in runs])


def _sorted(records: Sequence[Record], y: str) -> list[Record]:
    sign = -1 if higher_is_better(y) else 1

    def order(record: Record) -> tuple[bool, float]:
        value = record.metrics.get(y)
        return (not is_number(value), sign * value if is_number(value) else 0.0)

    return sorted(records, key=order)


def _runs(project: Project, records: Sequence[Record], *, with_series: bool) -> list[Run]:
    folder = project.training / "plots" / "metrics"
    wanted = [(record.rev, folder / file) for record in records for file, _ in SERIES.values()] if with_series else []
    texts = iter(snapshot.texts_at(project, wanted))
    names = [record.name for record in records]
    runs = []
    for record in records:
        # DVC takes one name twice where the two started from different commits.
        name = record.name if names.count(record.name) == 1 else f"{record.name} ({record.rev[:7]})"
        series = {name: parse_series(next(texts) or "") for name in SERIES} if with_series else {}
        runs.append(Run(name, record.params, record.metrics, series, record.intervals))
    return runs


def parse_series(text: str) -> Series:
    """The numbers of one of DVCLive's TSV files, `step` and a value; rows that are no numbers are passed over."""
    found = []
    for row in csv.reader(text.splitlines(), delimiter="\t"):
        try:
            step, value = float(row[0]), float(row[1])
        except (ValueError, IndexError):
            continue
        if is_number(step) and is_number(value):
            found.append((step, value))
    return tuple(found)


def ending(out: Path) -> str:
    """`html` or `png`, by the name of the file to write; UsageError for others."""
    kind = out.suffix.lower().lstrip(".")
    if kind not in ("html", "png"):
        raise UsageError(f"'{out.name}' is neither .html nor .png", hint=f"--out {out.stem or 'experiments'}.html")
    return kind
