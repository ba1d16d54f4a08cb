"""Charts of runs as Plotly's JSON: `data` and `layout` as plain dicts. Opens nothing and needs no plotly."""

from __future__ import annotations

from typing import Any

from tilecli.experiments.plots import axes, chart
from tilecli.experiments.plots.axes import Axis
from tilecli.experiments.plots.chart import Chart
from tilecli.experiments.plots.looks import Look, looks, metric_title
from tilecli.experiments.plots.parallel_plotly import parallel
from tilecli.experiments.plots.plot import SERIES, Plot


def charts(plot: Plot, theme: dict[str, str]) -> list[Chart]:
    """Every chart of `plot` in the colours of `theme`; text is escaped, because Plotly reads tags in it."""
    drawn = looks(len(plot.runs), theme)
    found = []
    if plot.parallel:
        found.append(parallel(plot, drawn, theme))
    found += [Chart(f"{plot.y} over {x.name}", _scatter(plot, x, drawn, theme)) for x in plot.scatter]
    found += [Chart(f"{SERIES[name][1]} over epochs", _curves(plot, name, drawn, theme)) for name in plot.curves]
    return found


def _scatter(plot: Plot, x: Axis, drawn: list[Look], theme: dict[str, str]) -> dict[str, Any]:
    data = []
    for row, (run, look) in enumerate(zip(plot.measured, drawn, strict=False)):
        trace = chart.trace(run, row, look) | {
            "mode": "markers+text" if look.named else "markers",
            "x": [_at(x.values[row])],
            "y": [run.value(plot.y)],
            "text": [chart.safe(run.name)],
            "textposition": "middle right",
            "textfont": {"color": theme["ink"], "size": 11},
            "cliponaxis": False,
            "marker": {"size": 9, "color": look.colour, "symbol": look.shape},
            "hovertext": [f"{chart.said(run, x.name)}<br>{chart.fact(run, plot.y)}"],
        }
        ends = run.interval(plot.y)
        if ends and look.named:  # bars of many runs cover each other
            value = float(run.value(plot.y))
            bar = {"array": [ends[1] - value], "arrayminus": [value - ends[0]], "thickness": 1, "width": 3}
            trace["error_y"] = bar | {"type": "data", "symmetric": False, "color": look.colour}
        data.append(trace)
    data.reverse()
    layout = chart.layout(theme)
    layout["margin"] |= {"r": 110}
    layout["xaxis"] |= chart.axis_title(x.name) | {"type": x.kind}
    if x.kind == axes.CATEGORY:
        layout["xaxis"] |= {"categoryorder": "array", "categoryarray": [_at(tick.value) for tick in x.ticks]}
    elif x.ticks_suffice:
        labels = [tick.label for tick in x.ticks]
        layout["xaxis"] |= {"tickvals": [tick.value for tick in x.ticks], "ticktext": labels}
    layout["yaxis"] |= chart.axis_title(metric_title(plot.y))
    return {"data": data, "layout": layout}


def _curves(plot: Plot, name: str, drawn: list[Look], theme: dict[str, str]) -> dict[str, Any]:
    data, ends = [], []
    for row, (run, look) in enumerate(zip(plot.runs, drawn, strict=True)):
        series = run.series.get(name)
        if not series:
            continue
        words = SERIES[name][1]
        trace = chart.trace(run, row, look) | {
            "mode": "lines+markers" if len(series) == 1 else "lines",
            "x": [step for step, _ in series],
            "y": [value for _, value in series],
            "hovertext": [f"<b>{chart.safe(run.name)}</b><br>epoch {s:g}<br>{words}: {v:.4g}" for s, v in series],
        }
        data.append(trace)
        ends.append((look, run.name, *series[-1]))
    data.reverse()
    layout = chart.layout(theme)
    layout["margin"] |= {"r": 120}
    values = [value for trace in data for value in trace["y"]]
    top = max([1e-9, *values]) * 1.03
    low = min(0.0, *values)
    layout["yaxis"] |= chart.axis_title(SERIES[name][1]) | {"range": [low, top]}
    steps = [step for trace in data for step in trace["x"]]
    layout["xaxis"] |= chart.axis_title("epoch") | {"range": [min(0.0, *steps), max(1.0, *steps)]}
    layout["annotations"] = chart.names([(*end, (end[3] - low) / (top - low)) for end in ends], theme)
    return {"data": data, "layout": layout}


def _at(value: float | str | None) -> float | str | None:
    """A place on an axis; categories are written beside it as they are."""
    return chart.safe(value) if isinstance(value, str) else value
