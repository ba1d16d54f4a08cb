"""Parallel coordinates as Plotly's JSON.

They are drawn as lines, not as Plotly's own `parcoords`: that one needs WebGL, which remote desktops often lack, and
cannot say on hover which run a line is.
"""

from __future__ import annotations

from typing import Any

from tilecli.experiments.compare import HEADLINE, higher_is_better
from tilecli.experiments.plots import chart
from tilecli.experiments.plots.axes import Axis
from tilecli.experiments.plots.chart import Chart
from tilecli.experiments.plots.looks import Look, title
from tilecli.experiments.plots.plot import Plot

_HEADING = "Settings and figures of every run"


def parallel(plot: Plot, drawn: list[Look], theme: dict[str, str]) -> Chart:
    """A line for each measured run of `plot`, over an axis for each of `plot.parallel`."""
    last = len(plot.parallel) - 1
    data = []
    for row, (run, look) in enumerate(zip(plot.measured, drawn, strict=False)):
        data.append(
            chart.trace(run, row, look)
            | {
                "mode": "lines+markers",
                "x": list(range(last + 1)),
                "y": [axis.places[row] for axis in plot.parallel],
                "connectgaps": True,
                "marker": {"size": 5, "color": look.colour},
                "hovertext": [chart.said(run, axis.name) for axis in plot.parallel],
            }
        )
    # The best is drawn last, above the others.
    data.reverse()
    placed = [_axis(plot, axis, drawn, theme) for axis in plot.parallel]
    layout = chart.layout(theme)
    layout["margin"] = {"l": placed[0]["left"], "r": 150, "t": 70, "b": 20}
    layout["xaxis"] = {"range": [-0.05, last + 0.02], "visible": False, "fixedrange": True}
    layout["yaxis"] = {"range": [-0.05, 1.05], "visible": False, "fixedrange": True}
    line = {"type": "line", "y0": 0, "y1": 1, "line": {"color": theme["muted"], "width": 1}, "layer": "below"}
    layout["shapes"] = [line | {"x0": place, "x1": place} for place in range(last + 1)]
    layout["annotations"] = [mark | {"x": place} for place, axis in enumerate(placed) for mark in axis["marks"]]
    layout["annotations"] += [end | {"x": last} for end in placed[last]["ends"]]
    least = 95 * len(plot.parallel) + 200
    return Chart(_HEADING, {"data": data, "layout": layout}, wide=True, least=least, axes=placed)


def _axis(plot: Plot, axis: Axis, drawn: list[Look], theme: dict[str, str]) -> dict[str, Any]:
    """What goes with an axis wherever it stands.

    `marks`: its title and ticks; `ends`: the names of runs, where it is the last one; `left`: px of margin, where it is
    the first one. Marks and ends lack their x.
    """
    text = "<br>".join(chart.safe(line) for line in title(axis.name))
    if axis.name in HEADLINE and not higher_is_better(axis.name):
        text += "<br><i>lower is better</i>"
    marks = [chart.text(text, 0, 1.0, theme["ink"]) | {"yanchor": "bottom", "yshift": 12}]
    beside = {"xanchor": "right", "xshift": -5, "bgcolor": theme["panel"], "borderpad": 1, "opacity": 0.9}
    marks += [chart.text(chart.safe(tick.label), 0, tick.place, theme["muted"]) | beside for tick in axis.ticks]
    ends = zip(drawn, plot.measured, axis.places, strict=False)
    named: list[tuple[Look, str, float, float, float]]
    named = [(look, run.name, 0, place, place) for look, run, place in ends if place is not None]
    left = 16 + 7 * max((len(tick.label) for tick in axis.ticks), default=0)
    return {"marks": marks, "ends": chart.names(named, theme), "left": left}
