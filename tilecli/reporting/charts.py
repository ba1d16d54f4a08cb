"""The report's charts, drawn by matplotlib: as SVG in the colours of the page that it stands on, and as PNG."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilecli import palette
from tilecli.experiments.plots import sheet
from tilecli.experiments.plots.plot import SERIES, Series
from tilecli.reporting.collect import Report, Type

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = (5.6, 3.4)  # inches
_DPI = 110
# What a page has a name for: the same chart is legible in the light and in the dark.
_VARIABLES = {sheet.INK: "--ink", sheet.MUTED: "--muted", sheet.LINE: "--line", palette.ACCENT: "--accent"}
_OWN_IDS = re.compile(r' id="[A-Za-z0-9.]+_\d+"')  # of groups; twice on a page with two charts, and of no use


@dataclass(frozen=True)
class Drawn:
    """One chart."""

    name: str  # of its file
    title: str
    svg: str  # an <svg> element
    png: bytes


def draw(report: Report) -> list[Drawn]:
    """Learning curves, precision over recall and Dice by type, as far as there is anything to draw."""
    names = [record.name for record in (report.base, report.run.record) if record is not None]
    plans: list[tuple[str, str, Callable[[Axes], None]]] = []
    for key, series in report.curves.items():
        if series:
            title = f"{SERIES[key][1]} over epochs"
            plans.append((key.replace(".", "-"), title, _lines(series, names, "epoch", SERIES[key][1])))
    if report.recall_precision:
        lines = _lines(report.recall_precision, names, "recall of pixels", "precision of pixels", square=True)
        plans.append(("precision-recall", "Precision over recall", lines))
    if report.types:
        plans.append(("types", "Dice by type", _bars(report.types, report.base.name if report.base else "")))
    return [_drawn(*plan) for plan in plans]


def _lines(
    series: Mapping[str, Series], names: Sequence[str], x: str, y: str, *, square: bool = False
) -> Callable[[Axes], None]:
    def plot(area: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        for name in names:
            points = series.get(name)
            if not points:
                continue
            is_run = name == names[-1]
            (line,) = area.plot(*zip(*points, strict=True), label=sheet.plain(name))
            line.set(color=palette.ACCENT if is_run else sheet.MUTED, linewidth=2 if is_run else 1.5)
            line.set(linestyle="-" if is_run else "--", marker="o" if len(points) == 1 else "")
        area.set_ylim(bottom=0, top=1.02 if square else None)
        area.set_xlim(left=0, right=1.02 if square else None)
        if not square:
            area.xaxis.set_major_locator(MaxNLocator(integer=True))
        if sum(bool(series.get(name)) for name in names) > 1:
            area.legend(frameon=False, fontsize=8, labelcolor=sheet.INK)
        sheet.frame(area, "", x, y)

    return plot


def _bars(types: Sequence[Type], base: str) -> Callable[[Axes], None]:
    def plot(area: Axes) -> None:
        rows = list(reversed(types))
        places = range(len(rows))
        area.barh(places, [row.dice or 0 for row in rows], height=0.55, color=palette.ACCENT, label="this run")
        known = [(row.base_dice, place) for row, place in zip(rows, places, strict=True) if row.base_dice is not None]
        if known:
            (marks,) = area.plot(*zip(*known, strict=True), label=sheet.plain(base))
            marks.set(color=sheet.INK, marker="D", markersize=5, linestyle="none")
            # Above the bars, which leave no room.
            style = {"frameon": False, "fontsize": 8, "labelcolor": sheet.INK}
            area.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2, **style)
        area.set_yticks(places, [sheet.plain(f"{row.name} ({row.photos})") for row in rows])
        area.set_xlim(0, 1.02)
        sheet.frame(area, "", "Dice, pooled over the type's photos", "")

    return plot


def _drawn(name: str, title: str, plot: Callable[[Axes], None]) -> Drawn:
    import matplotlib as mpl

    # Text stays text, so that it has the page's own letters; the same chart gives the same bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure = _figure()
        plot(figure.add_subplot())
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
    return Drawn(name, title, _for_page(svg.getvalue(), title), png.getvalue())


def _figure() -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=72, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _for_page(text: str, title: str) -> str:
    """matplotlib's file as an element of a page: without prologue, named, in the page's colours."""
    element = _OWN_IDS.sub("", text[text.index("<svg") :])
    for colour, variable in _VARIABLES.items():
        element = element.replace(colour.lower(), f"var({variable})")
    return element.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
