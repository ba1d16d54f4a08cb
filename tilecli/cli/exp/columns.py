"""The columns of the comparison: which there are, what stands in them, and which make way in a narrow terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tilecli.cli import terminal
from tilecli.experiments import compare

if TYPE_CHECKING:
    from tilecli.experiments.compare import Row
    from tilecli.experiments.store import Record

_HEADING_WIDTH = 9  # characters; a figure is no wider
_MODEL_WIDTH = 7  # characters of the model's hash that are shown
_BARS = "▁▂▃▄▅▆▇█"
_TRAINING = re.compile(r"(train|valid|best|lr|epoch|step|seconds|photos_per_s|resumed)\b")  # metrics of the training
_STATE_STYLES = {"running": "accent", "queued": "muted", "failed": "error", "stopped": "uncertain"}


@dataclass(frozen=True)
class Cell:
    """One value as it is shown: its text, and the style that carries a meaning."""

    text: str
    style: str = ""

    def markup(self) -> str:
        """The text for rich."""
        from rich.markup import escape

        return f"[{self.style}]{escape(self.text)}[/]" if self.style else escape(self.text)


@dataclass(frozen=True)
class Column:
    """One column: its name, its heading, and what it holds for a row."""

    name: str
    heading: str
    cell: Callable[[Row], Cell]
    right: bool = True
    fixed: bool = False  # never makes way

    def width(self, cells: Sequence[Cell]) -> int:
        """Characters that the column takes."""
        return max(len(text) for text in (*self.heading.split("\n"), *(cell.text for cell in cells)))


@dataclass(frozen=True)
class Wish:
    """Which columns the user asked for."""

    everything: bool = False
    keep: re.Pattern[str] | None = None
    drop: re.Pattern[str] | None = None
    sort: str | None = None
    digits: int = 3


def named(rows: Sequence[Row], wish: Wish) -> tuple[list[str], list[str]]:
    """The metrics and the params that get a column."""
    records = [row.record for row in rows]
    tried = [record for record in records if record.kind != "workspace"]
    all_metrics = list(dict.fromkeys(name for record in records for name in record.metrics))
    all_params = list(dict.fromkeys(name for record in records for name in record.params))
    main = main_metric(records, wish.sort)
    headline = [name for name in compare.headline_metrics(records) if name == main or _varies(tried, name)]
    metrics = all_metrics if wish.everything else headline
    params = all_params if wish.everything else compare.changed_params(records)
    for names, known in ((metrics, all_metrics), (params, all_params)):
        names += [name for name in known if name not in names and (name == wish.sort or _matches(wish.keep, name))]
    chosen = [[name for name in names if not _matches(wish.drop, name)] for names in (metrics, params)]
    return chosen[0], chosen[1]


def main_metric(records: Sequence[Record], sort: str | None) -> str | None:
    """The metric that deltas and intervals are about: the one sorted by, else the first headline figure."""
    if sort and any(sort in record.metrics for record in records):
        return sort
    return next(iter(compare.headline_metrics(records)), None)


def columns(rows: Sequence[Row], wish: Wish) -> list[Column]:
    """All columns that the table could have, in reading order."""
    records = [row.record for row in rows]
    metrics, params = named(rows, wish)
    main = main_metric(records, wish.sort)
    found = [Column("created", "created", lambda row: Cell(_when(row.record.created)), right=False)]
    if wish.everything or any(record.state != "success" for record in records):
        found.append(Column("state", "state", _state, right=False, fixed=True))
    tried = [record for record in records if record.kind != "workspace"]
    for name in metrics:
        found.append(_metric(name, compare.best(tried, name), wish.digits, fixed=name == main))
        if name == main:
            found += _beside(name, rows, wish.digits)
    longest = [value for record in records for value in record.valid_dice]
    if longest:
        low, high = min(longest), max(longest)
        found.append(Column("trend", "valid Dice\nby epoch", lambda row: _trend(row.record, low, high), right=False))
    found += [_param(name, fixed=name == wish.sort) for name in params]
    if any(record.model for record in records):
        found.append(Column("model", "model", lambda row: Cell(row.record.model[:_MODEL_WIDTH] or "–"), right=False))
    shown = [column for column in found if not _matches(wish.drop, column.name)]
    kept = [column for column in shown if _matches(wish.keep, column.name)]
    return [Column(c.name, c.heading, c.cell, c.right, fixed=True) if c in kept else c for c in shown]


def fit(found: Sequence[Column], grid: Sequence[Sequence[Cell]], room: int, gap: int) -> list[Column]:
    """The columns that make way, the least varied first, until the others fit into `room` characters.

    `grid`: the cells of each column. The model's hash goes first: it is never the same twice and says little by itself.
    """
    widths = [column.width(cells) + gap for column, cells in zip(found, grid, strict=True)]
    variety = [
        0 if column.name == "model" else len({cell.text for cell in cells})
        for column, cells in zip(found, grid, strict=True)
    ]
    places = [place for place, column in enumerate(found) if not column.fixed]
    hidden: list[int] = []
    for place in sorted(places, key=lambda place: (variety[place], -place)):
        if sum(widths) <= room:
            break
        widths[place] = 0
        hidden.append(place)
    return [found[place] for place in sorted(hidden)]


def sparkline(series: Sequence[float], low: float, high: float, width: int = 8) -> str:
    """A small curve of block characters; several epochs to a block where there are more than `width`."""
    steps = min(len(series), width)
    ends = [round(len(series) * step / steps) for step in range(1, steps + 1)] if steps else []
    span = (high - low) or 1.0
    text = ""
    for first, last in zip([0, *ends], ends, strict=False):
        value = sum(series[first:last]) / (last - first)
        level = (value - low) / span * (len(_BARS) - 1)
        # An epoch whose Dice is undefined leaves a gap.
        text += " " if math.isnan(value) else _BARS[round(max(0.0, min(level, len(_BARS) - 1)))]
    return text


def _metric(name: str, top: float | None, digits: int, *, fixed: bool) -> Column:
    def cell(row: Row) -> Cell:
        value = row.record.metrics.get(name)
        if value is None:
            return _nothing(row.record, "training/metrics.json" if _TRAINING.match(name) else "evaluation/metrics.json")
        is_best = row.record.kind != "workspace" and value == top
        return Cell(_figure(value, digits), "best" if is_best else "")

    return Column(name, heading(name), cell, fixed=fixed)


def _beside(name: str, rows: Sequence[Row], digits: int) -> list[Column]:
    """What stands beside the main metric: the difference to the baseline, and the 95 % interval."""

    def difference(row: Row) -> Cell:
        value = compare.delta(row, name)
        return Cell("" if value is None else f"{value:+.{digits}f}", "muted")

    def interval(row: Row) -> Cell:
        ends = row.record.intervals.get(name)
        return Cell("–".join(terminal.number(end, digits - 1) for end in ends) if ends else "", "muted")

    found = []
    if any(compare.delta(row, name) is not None for row in rows):
        found.append(Column("delta", "to\nbaseline", difference))
    if any(name in row.record.intervals for row in rows):
        found.append(Column("interval", "95 %\ninterval", interval))
    return found


def _param(name: str, *, fixed: bool) -> Column:
    def cell(row: Row) -> Cell:
        value = row.record.params.get(name)
        return _nothing(row.record, "params.yaml") if value is None else Cell(_plain(value))

    return Column(name, heading(name), cell, fixed=fixed)


def _nothing(record: Record, file: str) -> Cell:
    """For a value that is not there: `!` where its file cannot be read."""
    return Cell("!", "warning") if file in record.broken else Cell("–")


def _state(row: Row) -> Cell:
    state = row.record.state if row.record.kind == "experiment" else ""
    return Cell("" if state == "success" else state, _STATE_STYLES.get(state, ""))


def _trend(record: Record, low: float, high: float) -> Cell:
    return Cell(sparkline(record.valid_dice, low, high))


def heading(name: str) -> str:
    """A column's heading: the setting without its section, broken after _ and . so that narrow columns can carry it."""
    lines = [""]
    for word in re.findall(r"[^_.]+[_.]?", name.removeprefix("train.") if name != "train.loss" else name):
        if lines[-1] and len(lines[-1]) + len(word) > _HEADING_WIDTH:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def _when(created: float) -> str:
    """The time of day for today's experiments, the day for older ones."""
    if not created:
        return "–"
    moment, today = datetime.fromtimestamp(created), datetime.now()
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    return f"{moment:%d %b}" if moment.year == today.year else f"{moment:%d %b %Y}"


def _figure(value: Any, digits: int) -> str:
    return terminal.number(value, digits) if isinstance(value, (int, float)) else str(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _matches(pattern: re.Pattern[str] | None, name: str) -> bool:
    return pattern is not None and pattern.search(name) is not None


def _varies(records: Sequence[Record], metric: str) -> bool:
    """Whether a figure tells the records apart; with one record there is nothing to tell."""
    return len(records) < 2 or len({str(record.metrics.get(metric)) for record in records}) > 1
