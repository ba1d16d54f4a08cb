"""Charts of runs as a page."""

from __future__ import annotations

from html import escape
from pathlib import Path

from tilecli import palette
from tilecli.experiments.plots import axes, looks, page
from tilecli.experiments.plots.figures_plotly import charts
from tilecli.experiments.plots.plot import Plot, Run


def write(plot: Plot, out: Path, project: str) -> None:
    """Write the page to `out`, as a whole or not at all; `project` is its name. MissingExtraError without plotly."""
    light, dark = charts(plot, palette.LIGHT), charts(plot, palette.DARK)
    runs = [{"name": run.name, "value": _figure(run, plot.y)} for run in plot.runs]
    page.write(page.Page(f"Experiments of {project}", _summary(plot), light, dark, plot.notes, runs), out)


def _summary(plot: Plot) -> str:
    count = len(plot.runs)
    words = f"{count} run{'' if count == 1 else 's'}."
    if plot.measured:
        best = plot.measured[0]
        words += f" The best by {escape(plot.y)}: <code>{escape(best.name)}</code>, {_figure(best, plot.y)}."
    return f"{words} {escape(looks.legend(count, plot.y))}".strip()


def _figure(run: Run, name: str) -> str:
    value = run.value(name)
    return f"{value:.3f}" if axes.is_number(value) else ""
