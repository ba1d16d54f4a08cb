"""Charts of runs as one PNG by matplotlib: for a mail or a document. Needs no browser and no display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilecli import palette
from tilecli.experiments.compare import HEADLINE, higher_is_better
from tilecli.experiments.plots import axes, sheet
from tilecli.experiments.plots.axes import Axis
from tilecli.experiments.plots.looks import Look, legend, looks, metric_title, title
from tilecli.experiments.plots.plot import SERIES, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 2
_DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}


def write(plot: Plot, out: Path, project: str) -> None:
    """Write every chart of `plot` to `out`, one below the other. MissingExtraError without matplotlib."""
    small = len(plot.scatter) + len(plot.curves)
    rows = bool(plot.parallel) + -(-small // _COLUMNS)
    figure = sheet.new(f"Experiments of {project}", rows)
    grid = figure.add_gridspec(rows, _COLUMNS)
    drawn = looks(len(plot.runs), palette.LIGHT)
    if plot.parallel:
        _parallel(figure.add_subplot(grid[0, :]), plot, drawn)
    cells = [(row, column) for row in range(bool(plot.parallel), rows) for column in range(_COLUMNS)]
    for x, cell in zip(plot.scatter, cells, strict=False):
        _scatter(figure.add_subplot(grid[cell]), plot, x, drawn)
    for name, cell in zip(plot.curves, cells[len(plot.scatter) :], strict=False):
        _curves(figure.add_subplot(grid[cell]), plot, name, drawn)
    sheet.save(figure, [legend(len(plot.runs), plot.y), *plot.notes], out)


def _parallel(area: Axes, plot: Plot, drawn: list[Look]) -> None:
    last = len(plot.parallel) - 1
    for row, look in reversed(list(enumerate(drawn[: len(plot.measured)]))):
        known = [(place, axis.places[row]) for place, axis in enumerate(plot.parallel) if axis.places[row] is not None]
        area.plot(*zip(*known, strict=True), **_line(look), marker="o", markersize=3)
    for place, axis in enumerate(plot.parallel):
        area.axvline(place, color=sheet.MUTED, linewidth=0.8, zorder=0)
        name = "\n".join(title(axis.name))
        if axis.name in HEADLINE and not higher_is_better(axis.name):
            name += "\n(lower is better)"
        area.annotate(sheet.plain(name), (place, 1), (0, 8), ha="center", **sheet.TEXT)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5}
        for tick in axis.ticks:
            style = sheet.TEXT | {"ha": "right", "va": "center", "fontsize": 7, "color": sheet.MUTED, "bbox": box}
            area.annotate(sheet.plain(tick.label), (place, tick.place), (-4, 0), **style)
    ends = zip(drawn, plot.measured, plot.parallel[last].places, strict=False)
    _write_names(area, [(look, run.name, last, place) for look, run, place in ends if place is not None], (0.0, 1.0))
    area.set_axis_off()
    area.set_ylim(-0.03, 1.03)


def _scatter(area: Axes, plot: Plot, x: Axis, drawn: list[Look]) -> None:
    for row, (run, look) in reversed(list(enumerate(zip(plot.measured, drawn, strict=False)))):
        if x.values[row] is None:
            continue
        # Categories by their place, so that their order is that of the axis.
        place: Any = x.places[row] if x.kind == axes.CATEGORY else x.values[row]
        value, ends = float(run.value(plot.y)), run.interval(plot.y)
        # Bars of many runs would cover each other.
        bar = None if ends is None or not look.named else [[max(0.0, value - ends[0])], [max(0.0, ends[1] - value)]]
        style: dict[str, Any] = {"color": look.colour, "marker": sheet.SHAPES[look.shape], "markersize": 6}
        area.errorbar([place], [value], yerr=bar, elinewidth=0.8, capsize=2, **style)
        if look.named:
            area.annotate(sheet.plain(run.name), (place, value), (6, 0), va="center", **sheet.TEXT)
    if x.kind == axes.CATEGORY:
        area.set_xticks([tick.place for tick in x.ticks], [sheet.plain(tick.label) for tick in x.ticks])
    else:
        area.set_xscale(x.kind)
        if x.ticks_suffice:
            area.minorticks_off()
            area.set_xticks([float(tick.value) for tick in x.ticks], [tick.label for tick in x.ticks])
    area.margins(x=0.15)
    sheet.frame(area, f"{plot.y} over {x.name}", x.name, metric_title(plot.y))


def _curves(area: Axes, plot: Plot, name: str, drawn: list[Look]) -> None:
    ends = []
    for run, look in reversed(list(zip(plot.runs, drawn, strict=True))):
        series = run.series.get(name)
        if series:
            area.plot(*zip(*series, strict=True), **_line(look), marker="o" if len(series) == 1 else None)
            ends.append((look, run.name, *series[-1]))
    low, high = area.get_ylim()
    low = min(0.0, low) if low < 0 else 0.0
    area.set_ylim(low, high)
    area.set_xlim(min(0.0, *(end[2] for end in ends)), max(1.0, *(end[2] for end in ends)))
    _write_names(area, ends, (low, high))
    sheet.frame(area, f"{SERIES[name][1]} over epochs", "epoch", SERIES[name][1])


def _write_names(area: Axes, ends: list[tuple[Look, str, float, float]], limits: tuple[float, float]) -> None:
    """The name of each line that has one beside its end, moved apart where they would cover each other.

    `ends`: look, name, x and y; `limits`: of y.
    """
    low, high = limits
    named = [end for end in ends if end[0].named]
    places = axes.spread([(y - low) / (high - low) for _, _, _, y in named], 0.05)
    for (look, name, x, y), place in zip(named, places, strict=True):
        style = sheet.TEXT | {"textcoords": ("offset points", "data"), "va": "center"}
        style["arrowprops"] = {"arrowstyle": "-", "color": look.colour, "linewidth": 0.8}
        area.annotate(sheet.plain(name), (x, y), (14, low + place * (high - low)), annotation_clip=False, **style)


def _line(look: Look) -> dict[str, Any]:
    return {"color": look.colour, "linestyle": _DASHES[look.dash], "linewidth": 0.75 * look.width}
