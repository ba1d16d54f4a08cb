"""`tiles exp`: what the experiments were and which is the best."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.store import Record
    from tilecli.layout import Project

app = typer.Typer(no_args_is_help=True, help="Experiments: compare what was tried.")


@app.callback()
def _group() -> None:
    """Keep `compare` a sub-command while it is the only one."""


@app.command("compare")
@verb
def compare(
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
    from tilecli.layout import find_project

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
    columns = [("experiment", "left"), ("created", "left")]
    columns += [(_short(name), "right") for name in (*metrics, *params)]
    top_values = {name: comparison.best(tried, name) for name in metrics}
    rows = [_row(record, metrics, params, top_values) for record in records]
    terminal.console().print(terminal.table("", columns, rows))
    for record in records:
        if record.broken:
            terminal.say(f"[warning]![/] {record.name}: cannot read {', '.join(record.broken)}")


def _short(name: str) -> str:
    """A column's heading: the setting without its section, broken where a line may break."""
    return name.removeprefix("train.") if name != "train.loss" else name


def _row(record: Record, metrics: list[str], params: list[str], top: dict[str, float | None]) -> list[str]:
    from datetime import datetime

    created = datetime.fromtimestamp(record.created).strftime("%d %b %H:%M") if record.created else "–"
    cells = [record.name, created]
    for name in metrics:
        value = record.metrics.get(name)
        text = terminal.number(value) if isinstance(value, (int, float)) or value is None else str(value)
        is_best = record.rev and value is not None and value == top[name]
        cells.append(f"[best]{text}[/]" if is_best else text)
    for name in params:
        value = record.params.get(name)
        cells.append(f"{value:g}" if isinstance(value, float) else "–" if value is None else str(value))
    return cells
