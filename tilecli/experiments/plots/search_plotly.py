"""Charts of a search as Plotly's JSON: what each trial reached, and what it hung on. Needs no plotly."""

from __future__ import annotations

from typing import Any

from tilecli.experiments.plots import axes, chart
from tilecli.experiments.plots.chart import Chart
from tilecli.experiments.plots.looks import accent, metric_title, trial_looks
from tilecli.experiments.queue.study import Search, Trial

_FEW = 15  # trials, up to which each has a tick
_THICKEST = 0.1  # of a bar, as a share of the chart's height


def charts(search: Search, theme: dict[str, str]) -> list[Chart]:
    """The history of `search`, and the importances where there are some, in the colours of `theme`."""
    found = [Chart(f"{search.metric} over trials", _history(search, theme), wide=not search.importances)]
    if search.importances:
        found.append(Chart(f"What {search.metric} hung on", _importances(search, theme)))
    return found


def _history(search: Search, theme: dict[str, str]) -> dict[str, Any]:
    numbers = [trial.number for trial in search.measured]
    best = search.ranked[0]
    line = {"color": theme["muted"], "width": 2, "shape": "hv"}
    steps = {"type": "scatter", "mode": "lines", "name": "best so far", "line": line, "hoverinfo": "skip"}
    data: list[dict[str, Any]] = [steps | {"x": numbers, "y": search.best_so_far}]
    for state, (words, look) in trial_looks(theme).items():
        trials = [trial for trial in search.measured if trial.state == state]
        if trials:
            points = {"type": "scatter", "mode": "markers", "name": words, "hoverinfo": "text", "cliponaxis": False}
            places = {"x": [trial.number for trial in trials], "y": [trial.figure for trial in trials]}
            said = {"hovertext": [_said(trial, search.metric) for trial in trials]}
            data.append(points | places | said | {"marker": {"size": 9, "color": look.colour, "symbol": look.shape}})
    layout = chart.layout(theme)
    layout["showlegend"] = True
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    layout["xaxis"] |= chart.axis_title("trial") | {"range": [min(numbers) - 0.5, max(numbers) + 0.5]}
    if len(numbers) <= _FEW:
        layout["xaxis"]["dtick"] = 1
    layout["yaxis"] |= chart.axis_title(metric_title(search.metric))
    name = chart.text(f"<b>{chart.safe(best.experiment)}</b>", best.number, best.figure, theme["ink"])
    layout["annotations"] = [name | {"yanchor": "bottom", "yshift": 7}]
    return {"data": data, "layout": layout}


def _importances(search: Search, theme: dict[str, str]) -> dict[str, Any]:
    shares = dict(reversed(search.importances.items()))  # Plotly draws the first at the bottom
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * share for share in shares.values()],
        "y": [chart.safe(name.removeprefix("train.")) for name in shares],
        "text": [f"{100 * share:.1f} %" for share in shares.values()],
        "textposition": "outside",
        "cliponaxis": False,
        "width": min(0.6, _THICKEST * len(shares)),
        "marker": {"color": accent(theme)},
        "hoverinfo": "skip",
    }
    layout = chart.layout(theme)
    layout["margin"] |= {"r": 50}
    layout["xaxis"] |= chart.axis_title("share, %") | {"rangemode": "tozero"}
    layout["yaxis"] |= {"type": "category", "showgrid": False}
    return {"data": [bars], "layout": layout}


def _said(trial: Trial, metric: str) -> str:
    words = [f"<b>{chart.safe(trial.experiment)}</b>, trial {trial.number}", f"{metric}: {trial.figure:.4g}"]
    words += [f"{name.removeprefix('train.')}: {axes.label(value)}" for name, value in trial.settings.items()]
    return "<br>".join([words[0], *map(chart.safe, words[1:])])
