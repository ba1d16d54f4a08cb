"""What all charts on a page share, as Plotly's JSON: layout, texts, names beside lines. Needs no plotly."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape as escape_tags
from typing import Any

from tilecli.experiments.plots import axes
from tilecli.experiments.plots.looks import Look
from tilecli.experiments.plots.plot import Run

HEIGHT = 400  # px, of a chart
_TOP, _BOTTOM = 34, 50  # px of margin; the buttons are above the drawing area
_AREA = HEIGHT - _TOP - _BOTTOM
_LINE_HEIGHT = 15 / _AREA  # of a label, as a share of the drawing area


@dataclass(frozen=True)
class Chart:
    """One chart: its heading in words, Plotly's `data` and `layout`, and the room it needs on a page."""

    heading: str
    spec: dict[str, Any]
    wide: bool = False  # as wide as the page
    least: int = 440  # px of width, below which it is scrolled
    # Of parallel coordinates, for each axis what parallel.js needs to put it elsewhere.
    axes: list[dict[str, Any]] = field(default_factory=list)


def names(ends: list[tuple[Look, str, float, float, float]], theme: dict[str, str]) -> list[dict[str, Any]]:
    """A name beside the end of each line that has one, with a short line in its colour leading there.

    `ends`: look, name, x, y and the place of y as a share of the axis.
    """
    named = [end for end in ends if end[0].named]
    places = axes.spread([end[4] for end in named], _LINE_HEIGHT)
    return [
        text(safe(name), x, y, theme["ink"])
        | {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": look.colour, "xanchor": "left"}
        | {"ax": 18, "ay": (place - moved) * _AREA}
        for (look, name, x, y, place), moved in zip(named, places, strict=True)
    ]


def trace(run: Run, row: int, look: Look) -> dict[str, Any]:
    """What all traces of a run have in common; `row` is its number among the runs."""
    return {
        "type": "scatter",
        "name": safe(run.name),
        "meta": row,  # the same run in every chart
        "line": {"color": look.colour, "width": look.width, "dash": look.dash},
        "hoverinfo": "text",
    }


def said(run: Run, name: str) -> str:
    """What pointing at a run says: its name, and the metric or setting `name`."""
    return f"<b>{safe(run.name)}</b><br>{fact(run, name)}"


def fact(run: Run, name: str) -> str:
    """The metric or setting `name` of a run, with its interval."""
    value = run.value(name)
    ends = run.interval(name)
    words = f"{value:.4g}" if axes.is_number(value) else axes.label(value)
    return f"{safe(name)}: {safe(words)}" + (f" ({ends[0]:.3f}–{ends[1]:.3f})" if ends else "")


def safe(text: str) -> str:
    """Plotly reads tags and formulas ($…$) in every text; a name is neither."""
    return escape_tags(text).replace("$", "&#36;")


def text(text: str, x: float, y: float, colour: str) -> dict[str, Any]:
    """An annotation at a place of the axes, without its arrow."""
    font = {"color": colour, "size": 11}
    return {"text": text, "x": x, "y": y, "xref": "x", "yref": "y", "showarrow": False, "font": font}


def axis_title(text: str) -> dict[str, Any]:
    """The title of an axis, clear of what is written along it."""
    return {"title": {"text": safe(text), "standoff": 10}}


def layout(theme: dict[str, str]) -> dict[str, Any]:
    """The layout of a chart in the colours of `theme`, still without titles of its axes."""
    axis = {
        "gridcolor": theme["line"],
        "linecolor": theme["muted"],
        "zerolinecolor": theme["line"],
        "tickcolor": theme["line"],
        "automargin": True,
    }
    return {
        "height": HEIGHT,
        "margin": {"l": 60, "r": 30, "t": _TOP, "b": _BOTTOM},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": theme["ink"]},
        "hoverlabel": {"bgcolor": theme["panel"], "bordercolor": theme["muted"], "font": {"color": theme["ink"]}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": theme["muted"], "activecolor": theme["ink"]},
        "showlegend": False,
        "hovermode": "closest",
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }
