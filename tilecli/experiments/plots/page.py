"""Charts as one HTML page that works offline: Plotly's script is inlined once, nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from tilecli import files, palette
from tilecli.errors import MissingExtraError
from tilecli.experiments.plots.chart import HEIGHT, Chart
from tilecli.ui import offline_policy

# Below parallel coordinates: which runs lie in the ranges that were dragged along axes.
_CHOSEN = (
    '<div class="chosen" id="chosen-{number}">'
    "<p>Drag along an axis to choose runs, and the name of an axis to move it; double click clears.</p>"
    '<p><output></output> <button type="button">Clear</button></p><ol></ol></div>'
)


@dataclass(frozen=True)
class Page:
    """What a page says and shows."""

    title: str
    summary: str  # HTML, unlike the others
    light: Sequence[Chart]
    dark: Sequence[Chart]  # the same ones in the other colours
    notes: Sequence[str]
    runs: Sequence[dict[str, str]] = ()  # name and value, by the number that is the `meta` of their traces


def write(page: Page, out: Path) -> None:
    """Write the page to `out`, as a whole or not at all. MissingExtraError without plotly."""
    files.write_text(out, html(page, plotly_script()))


def plotly_script() -> str:
    """Plotly's own script. MissingExtraError without plotly."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError("plotly", "data") from error
    return str(get_plotlyjs())


def html(page: Page, plotly: str) -> str:
    """The page; `plotly` is Plotly's script."""
    sections = [_section(number, chart) for number, chart in enumerate(page.light)]
    data = {
        "light": [chart.spec | {"axes": chart.axes or None} for chart in page.light],
        "dark": [chart.spec | {"axes": chart.axes or None} for chart in page.dark],
        "runs": list(page.runs),
    }
    return Template(_beside("page.html")).substitute(
        policy=offline_policy("data: blob:"),
        title=escape(page.title),
        light=_tokens(palette.LIGHT),
        dark=_tokens(palette.DARK),
        style=_beside("page.css"),
        plotly=plotly,
        summary=page.summary,
        sections="\n".join(sections),
        notes="".join(f"<p>{escape(note)}</p>" for note in page.notes),
        charts=as_json(data),
        code=_beside("parallel.js") + _beside("page.js"),
    )


def _section(number: int, chart: Chart) -> str:
    heading = escape(chart.heading)
    # Plotly measures the element at each change of the window, and would find none of its own height.
    style = f"min-width: {chart.least}px; height: {HEIGHT}px"
    place = f'<div id="chart-{number}" role="img" aria-label="{heading}" style="{style}"></div>'
    below = _CHOSEN.format(number=number) if chart.axes else ""
    return f'<section class="{"wide" if chart.wide else ""}"><h2>{heading}</h2>{place}{below}</section>'


def as_json(value: object) -> str:
    """JSON that can stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _tokens(theme: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in {**theme, "accent": palette.ACCENT}.items())
