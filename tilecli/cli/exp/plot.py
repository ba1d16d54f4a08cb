"""`tiles exp plot`: settings against figures, and learning curves, as a page or a picture."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.exp import picture
from tilecli.cli.verb import verb


class Kind(StrEnum):
    """What is drawn."""

    parallel = "parallel"
    scatter = "scatter"
    curves = "curves"
    all = "all"


@verb
def plot(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAMES]", help="Experiments, commits, workspace. Default: every experiment."),
    ] = None,
    x: Annotated[
        str | None,
        typer.Option("--x", metavar="PARAM", help="What the metric is drawn against. Default: what was changed."),
    ] = None,
    y: Annotated[str, typer.Option("--y", metavar="METRIC", help="The metric.")] = "dice_mean",
    kind: Annotated[
        Kind, typer.Option("--kind", help="Parallel coordinates, metric against param, learning curves.")
    ] = Kind.all,
    out: picture.Out = None,
    open_: picture.Open = False,
) -> None:
    """Draw several runs: parallel coordinates, a metric against a param, learning curves.

    On the page, ranges dragged along the axes of the parallel coordinates choose runs, and list them.
    Example: tiles exp plot --x train.learning_rate --y dice_mean --out rates.html
    """
    from tilecli.experiments.plots import plot as drawing
    from tilecli.layout import find_project

    project = find_project()
    # Not into the project: DVC would ask about a file that git does not know.
    out = out or project.scratch / "experiments.html"
    ending = drawing.ending(out)
    if x and kind in (Kind.parallel, Kind.curves):
        terminal.say(f"[warning]--x has no part in --kind {kind.value}[/]")
    kinds = drawing.KINDS if kind is Kind.all else (kind.value,)
    found = drawing.collect(project, names or (), x=x, y=y, kinds=kinds)
    if ending == "html":
        from tilecli.experiments.plots.figures_html import write
    else:
        from tilecli.experiments.plots.figures_png import write
    write(found, out, project.root.name)
    typer.echo(str(out))
    from rich.markup import escape

    for note in found.notes:
        terminal.say(f"[muted]{escape(note)}[/]")
    if open_:
        picture.show(out)
    elif ending == "html":
        terminal.next_commands("the same with --open shows it in the browser")
