"""Charts of a search as a page."""

from __future__ import annotations

from html import escape
from pathlib import Path

from tilecli import palette
from tilecli.experiments.plots import axes, page
from tilecli.experiments.plots.search_plotly import charts
from tilecli.experiments.queue.study import Search


def write(search: Search, out: Path, project: str) -> None:
    """Write the page to `out`, as a whole or not at all; `project` is its name. MissingExtraError without plotly."""
    light, dark = charts(search, palette.LIGHT), charts(search, palette.DARK)
    page.write(page.Page(f"Study {search.name} of {project}", _summary(search), light, dark, search.notes), out)


def _summary(search: Search) -> str:
    best = search.ranked[0]
    chosen = ", ".join(f"{name.removeprefix('train.')} {axes.label(value)}" for name, value in best.settings.items())
    code = f"<code>{escape(best.experiment)}</code>"
    return f"{escape(search.words)}. The best: {code}, {escape(search.metric)} {best.figure:.3f}, by {escape(chosen)}."
