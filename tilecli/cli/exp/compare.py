"""`tiles exp compare`: what the experiments were and which is the best."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.store import Record
    from tilecli.layout import Project

_HEADING_WIDTH = 9  # characters; a figure is no wider

# What may make way in a narrow terminal, the most telling first.
_HIDEABLE = ("false_alarm_rate", "dice_photo", "defect_recall", "auroc", "valid.dice")


@verb
def compare(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[A B]", help="Two of experiments, commits and workspace: is A really better?"),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="NAME", help="A metric (best first) or a param.")
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only the first N rows.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every metric and every param.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the workspace, the last commit and every experiment in one table.

    Example: tiles exp compare --sort dice_mean
    """
    from tilecli.cli.exp.judge import judge
    from tilecli.errors import UsageError
    from tilecli.layout import find_project

    if names:
        if len(names) != 2:
            raise UsageError(f"compare takes two names or none, not {len(names)}", hint="tiles exp compare A B")
        judge(find_project(), *names, as_json=as_json)
        return
    show_comparison(find_project(), sort, top, everything=everything, as_json=as_json)


def show_comparison(
    project: Project,
    sort: str | None = None,
    top: int | None = None,
    *,
    everything: bool = False,
    as_json: bool = False,
) -> None:
    """The table behind `exp compare`."""
    from tilecli.experiments import compare as comparison
    from tilecli.experiments import store

    tried = store.experiments(project)
    if sort:
        tried = comparison.sort_records(tried, sort)
    tried = tried[:top]
    if as_json:
        terminal.print_json([asdict(record) for record in (store.workspace(project), *tried)])
        return
    if not tried:
        terminal.say("no experiments yet. [muted]next:[/]  [command]tiles train[/]")
        return
    records = [store.workspace(project), *tried]
    metrics = comparison.headline_metrics(records)
    params = comparison.changed_params(tried)
    if everything:
        metrics = list(dict.fromkeys(name for record in records for name in record.metrics))
        params = list(dict.fromkeys(name for record in records for name in record.params))
    top_values = {name: comparison.best(tried, name) for name in metrics}
    names = [*metrics, *params]
    rows = [_row(record, metrics, params, top_values) for record in records]
    out = terminal.console()
    hidden = [] if everything else _too_wide(names, rows, out.width, keep=sort)
    shown = [place for place, name in enumerate(names) if name not in hidden]
    columns = [("experiment", "left"), ("created", "left"), *((_heading(names[place]), "right") for place in shown)]
    out.print(terminal.table("", columns, [[*row[:2], *(row[2 + place] for place in shown)] for row in rows]))
    if hidden:
        terminal.say(f"[muted]no room for {', '.join(hidden)}: a wider terminal or --all shows them[/]")
    for record in records:
        if record.broken:
            terminal.say(f"[warning]![/] {record.name}: cannot read {', '.join(record.broken)}")


def _too_wide(names: list[str], rows: list[list[str]], width: int, keep: str | None) -> list[str]:
    """The figures that are left out, the least telling first, until the table fits into `width` characters."""
    from rich.text import Text

    def cells(place: int) -> int:
        heading = "" if place < 2 else _heading(names[place - 2])
        texts = [*heading.split("\n"), *(Text.from_markup(row[place]).plain for row in rows)]
        return max(len(text) for text in texts) + 2

    widths = {name: cells(place + 2) for place, name in enumerate(names)}
    room = width - max(cells(0), 12) - max(cells(1), 9)
    hidden: list[str] = []
    for name in reversed([name for name in _HIDEABLE if name in names and name != keep]):
        if sum(widths.values()) <= room:
            break
        del widths[name]
        hidden.insert(0, name)
    return hidden


def _heading(name: str) -> str:
    """A column's heading: the setting without its section, broken after _ and . so that narrow columns can carry it."""
    lines = [""]
    for word in re.findall(r"[^_.]+[_.]?", name.removeprefix("train.") if name != "train.loss" else name):
        if lines[-1] and len(lines[-1]) + len(word) > _HEADING_WIDTH:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def _when(created: float) -> str:
    """The time of day for today's experiments, the day for older ones."""
    from datetime import datetime

    moment = datetime.fromtimestamp(created)
    return f"{moment:%H:%M}" if moment.date() == datetime.now().date() else f"{moment:%d %b}"


def _row(record: Record, metrics: list[str], params: list[str], top: dict[str, float | None]) -> list[str]:
    cells = [record.name, _when(record.created) if record.created else "–"]
    for name in metrics:
        value = record.metrics.get(name)
        text = terminal.number(value) if isinstance(value, (int, float)) or value is None else str(value)
        is_best = record.rev and value is not None and value == top[name]
        cells.append(f"[best]{text}[/]" if is_best else text)
    for name in params:
        value = record.params.get(name)
        cells.append(f"{value:g}" if isinstance(value, float) else "–" if value is None else str(value))
    return cells
