"""Charts of runs as Plotly's JSON: `data` and `layout` as plain dicts. Opens nothing and needs no plotly.

Parallel coordinates are drawn as lines, not as Plotly's own `parcoords`: that one needs WebGL, which remote desktops
often lack, and cannot say on hover which run a line is.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape as escape_tags
from typing import Any

from tilecli.experiments.compare import HEADLINE, higher_is_better
from tilecli.experiments.plots import axes
from tilecli.experiments.plots.axes import Axis
from tilecli.experiments.plots.looks import Look, looks, title
from tilecli.experiments.plots.plot import SERIES, Plot, Run

_HEIGHT = 400  # px, of a chart
_TOP, _BOTTOM = 34, 50  # px of margin; the buttons are above the drawing area
_AREA = _HEIGHT - _TOP - _BOTTOM
_LINE_HEIGHT = 15 / _AREA  # of a label, as a share of the drawing area


@dataclass(frozen=True)
class Chart:
    """One chart: its heading in words, and whether it needs the page's whole width."""

    heading: str
    wide: bool
    spec: dict[str, Any]


def charts(plot: Plot, theme: dict[str, str]) -> list[Chart]:
    """Every chart of `plot` in the colours of `theme`; text is escaped, because Plotly reads tags in it."""
    drawn = looks(len(plot.runs), theme)
    found = []
    if plot.parallel:
        found.append(Chart("Settings and figures of every run", True, _parallel(plot, drawn, theme)))
    found += [Chart(f"{plot.y} over {x.name}", False, _scatter(plot, x, drawn, theme)) for x in plot.scatter]
    found += [Chart(f"{SERIES[name][1]} over epochs", False, _curves(plot, name, drawn, theme)) for name in plot.curves]
    return found


def _parallel(plot: Plot, drawn: list[Look], theme: dict[str, str]) -> dict[str, Any]:
    last = len(plot.parallel) - 1
    data = []
    for row, (run, look) in enumerate(zip(plot.measured, drawn, strict=False)):
        data.append(
            _trace(run, row, look)
            | {
                "mode": "lines+markers",
                "x": list(range(last + 1)),
                "y": [axis.places[row] for axis in plot.parallel],
                "connectgaps": True,
                "marker": {"size": 5, "color": look.colour},
                "hovertext": [_said(run, axis.name) for axis in plot.parallel],
            }
        )
    # The best is drawn last, above the others.
    data.reverse()
    layout = _layout(theme)
    layout["margin"] = {
        "l": 16 + 7 * max(len(tick.label) for tick in plot.parallel[0].ticks),
        "r": 150,
        "t": 70,
        "b": 20,
    }
    layout["xaxis"] = {"range": [-0.05, last + 0.02], "visible": False, "fixedrange": True}
    layout["yaxis"] = {"range": [-0.05, 1.05], "visible": False, "fixedrange": True}
    line = {"type": "line", "y0": 0, "y1": 1, "line": {"color": theme["muted"], "width": 1}, "layer": "below"}
    layout["shapes"] = [line | {"x0": place, "x1": place} for place in range(last + 1)]
    layout["annotations"] = []
    for place, axis in enumerate(plot.parallel):
        layout["annotations"].append(_axis_title(axis, place, theme))
        for tick in axis.ticks:
            layout["annotations"].append(
                _text(_safe(tick.label), place, tick.place, theme["muted"])
                | {"xanchor": "right", "xshift": -5, "bgcolor": theme["panel"], "borderpad": 1, "opacity": 0.9}
            )
    ends = [
        (look, run.name, place)
        for look, run, place in zip(drawn, plot.measured, plot.parallel[last].places, strict=False)
    ]
    layout["annotations"] += _names([(*end[:2], last, end[2], end[2]) for end in ends if end[2] is not None], theme)
    return {"data": data, "layout": layout}


def _axis_title(axis: Axis, place: int, theme: dict[str, str]) -> dict[str, Any]:
    text = "<br>".join(_safe(line) for line in title(axis.name))
    if axis.name in HEADLINE and not higher_is_better(axis.name):
        text += "<br><i>lower is better</i>"
    return _text(text, place, 1.0, theme["ink"]) | {"yanchor": "bottom", "yshift": 12}


def _scatter(plot: Plot, x: Axis, drawn: list[Look], theme: dict[str, str]) -> dict[str, Any]:
    data = []
    for row, (run, look) in enumerate(zip(plot.measured, drawn, strict=False)):
        trace = _trace(run, row, look) | {
            "mode": "markers+text" if look.named else "markers",
            "x": [_at(x.values[row])],
            "y": [run.value(plot.y)],
            "text": [_safe(run.name)],
            "textposition": "middle right",
            "textfont": {"color": theme["ink"], "size": 11},
            "cliponaxis": False,
            "marker": {"size": 9, "color": look.colour, "symbol": look.shape},
            "hovertext": [f"{_said(run, x.name)}<br>{_fact(run, plot.y)}"],
        }
        ends = run.interval(plot.y)
        if ends and look.named:  # bars of many runs cover each other
            value = float(run.value(plot.y))
            bar = {"array": [ends[1] - value], "arrayminus": [value - ends[0]], "thickness": 1, "width": 3}
            trace["error_y"] = bar | {"type": "data", "symmetric": False, "color": look.colour}
        data.append(trace)
    data.reverse()
    layout = _layout(theme)
    layout["margin"] |= {"r": 110}
    layout["xaxis"] |= {"title": {"text": _safe(x.name)}, "type": x.kind}
    if x.kind == axes.CATEGORY:
        layout["xaxis"] |= {"categoryorder": "array", "categoryarray": [_at(tick.value) for tick in x.ticks]}
    elif x.ticks_suffice:
        labels = [tick.label for tick in x.ticks]
        layout["xaxis"] |= {"tickvals": [tick.value for tick in x.ticks], "ticktext": labels}
    layout["yaxis"] |= {"title": {"text": _safe(plot.y) + ("" if higher_is_better(plot.y) else ", lower is better")}}
    return {"data": data, "layout": layout}


def _curves(plot: Plot, name: str, drawn: list[Look], theme: dict[str, str]) -> dict[str, Any]:
    data, ends = [], []
    for row, (run, look) in enumerate(zip(plot.runs, drawn, strict=True)):
        series = run.series.get(name)
        if not series:
            continue
        words = SERIES[name][1]
        trace = _trace(run, row, look) | {
            "mode": "lines+markers" if len(series) == 1 else "lines",
            "x": [step for step, _ in series],
            "y": [value for _, value in series],
            "hovertext": [f"<b>{_safe(run.name)}</b><br>epoch {s:g}<br>{words}: {v:.4g}" for s, v in series],
        }
        data.append(trace)
        ends.append((look, run.name, *series[-1]))
    data.reverse()
    layout = _layout(theme)
    layout["margin"] |= {"r": 120}
    values = [value for trace in data for value in trace["y"]]
    top = max([1e-9, *values]) * 1.03
    low = min(0.0, *values)
    layout["yaxis"] |= {"title": {"text": SERIES[name][1]}, "range": [low, top]}
    steps = [step for trace in data for step in trace["x"]]
    layout["xaxis"] |= {"title": {"text": "epoch"}, "range": [min(0.0, *steps), max(1.0, *steps)]}
    layout["annotations"] = _names([(*end, (end[3] - low) / (top - low)) for end in ends], theme)
    return {"data": data, "layout": layout}


def _names(ends: list[tuple[Look, str, float, float, float]], theme: dict[str, str]) -> list[dict[str, Any]]:
    """A name beside the end of each line that has one, with a short line in its colour leading there.

    `ends`: look, name, x, y and the place of y as a share of the axis.
    """
    named = [end for end in ends if end[0].named]
    places = axes.spread([end[4] for end in named], _LINE_HEIGHT)
    return [
        _text(_safe(name), x, y, theme["ink"])
        | {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": look.colour, "xanchor": "left"}
        | {"ax": 18, "ay": (place - moved) * _AREA}
        for (look, name, x, y, place), moved in zip(named, places, strict=True)
    ]


def _at(value: float | str | None) -> float | str | None:
    """A place on an axis; categories are written beside it as they are."""
    return _safe(value) if isinstance(value, str) else value


def _safe(text: str) -> str:
    """Plotly reads tags and formulas ($…$) in every text; a name is neither."""
    return escape_tags(text).replace("$", "&#36;")


def _trace(run: Run, row: int, look: Look) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": _safe(run.name),
        "meta": row,  # the same run in every chart
        "line": {"color": look.colour, "width": look.width, "dash": look.dash},
        "hoverinfo": "text",
    }


def _said(run: Run, name: str) -> str:
    return f"<b>{_safe(run.name)}</b><br>{_fact(run, name)}"


def _fact(run: Run, name: str) -> str:
    value = run.value(name)
    ends = run.interval(name)
    text = f"{value:.4g}" if axes.is_number(value) else axes.label(value)
    return f"{_safe(name)}: {_safe(text)}" + (f" ({ends[0]:.3f}–{ends[1]:.3f})" if ends else "")


def _text(text: str, x: float, y: float, colour: str) -> dict[str, Any]:
    """An annotation at a place of the axes, without its arrow."""
    font = {"color": colour, "size": 11}
    return {"text": text, "x": x, "y": y, "xref": "x", "yref": "y", "showarrow": False, "font": font}


def _layout(theme: dict[str, str]) -> dict[str, Any]:
    axis = {
        "gridcolor": theme["line"],
        "linecolor": theme["muted"],
        "zerolinecolor": theme["line"],
        "tickcolor": theme["line"],
        "automargin": True,
    }
    return {
        "height": _HEIGHT,
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
