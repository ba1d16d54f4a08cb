"""Charts of runs as one HTML page that works offline: Plotly's script is inlined once, nothing is fetched."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template

from tilecli import files, palette
from tilecli.errors import MissingExtraError
from tilecli.experiments.plots import looks
from tilecli.experiments.plots.figures_plotly import charts
from tilecli.experiments.plots.plot import Plot

# The browser itself refuses whatever the page would fetch from elsewhere.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
_POLICY += "form-action 'none'; base-uri 'none'"

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
:root { color-scheme: light; $light }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { color-scheme: dark; $dark } }
:root[data-theme="dark"] { color-scheme: dark; $dark }
* { box-sizing: border-box; }
html { overflow-y: scroll; /* a bar that comes while charts are drawn would make the first ones too wide */ }
body { margin: 0; padding: 24px; background: var(--bg); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
header, main, footer { max-width: 1360px; margin: 0 auto; }
header { display: flex; align-items: flex-start; gap: 16px; margin-bottom: 16px; }
header > div { flex: 1; min-width: 0; }
h1 { font-size: 28px; font-weight: 600; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 15px; font-weight: 600; margin: 0 0 4px; overflow-wrap: anywhere; }
p { margin: 0; max-width: 75ch; color: var(--muted); overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; color: var(--ink); }
button { font: 13px system-ui, sans-serif; padding: 4px 12px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--panel); color: var(--ink); cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--accent); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 16px; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 16px; min-width: 0;
  overflow-x: auto; }
section > div { min-width: 440px; }
section.wide { grid-column: 1 / -1; }
section.wide > div { min-width: $width; }
footer { margin-top: 16px; font-size: 13px; }
</style>
<script>$script</script>
</head>
<body>
<header>
<div>
<h1>$title</h1>
<p>$summary</p>
</div>
<button type="button" id="theme"></button>
</header>
<main>
$sections
</main>
<footer>$notes<noscript><p>The charts need JavaScript.</p></noscript></footer>
<script type="application/json" id="charts">$charts</script>
<script>
const charts = JSON.parse(document.getElementById("charts").textContent);
const places = charts.light.map((_, i) => document.getElementById("chart-" + i));
const root = document.documentElement, button = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");
// Named one by one: Plotly's own set has a button that uploads the chart.
const buttons = [["toImage", "zoom2d", "pan2d", "resetScale2d"]];
const config = { responsive: true, displaylogo: false, showSendToCloud: false,
  plotlyServerURL: "", modeBarButtons: buttons };
const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
function draw() {
  button.textContent = theme() === "dark" ? "Light" : "Dark";
  // Plotly changes what it is given, and the other theme is wanted unchanged.
  charts[theme()].forEach((spec, i) => {
    const own = structuredClone(spec);
    Plotly.react(places[i], own.data, own.layout, config);
  });
}
// A run that is pointed at stands out in every chart.
function emphasise(run) {
  for (const place of places) {
    Plotly.restyle(place, { opacity: place.data.map(t => run === null || t.meta === run ? 1 : 0.15) });
  }
}
button.addEventListener("click", () => { root.dataset.theme = theme() === "dark" ? "light" : "dark"; draw(); });
system.addEventListener("change", draw);
draw();
if ($runs <= 100) {
  for (const place of places) {
    place.on("plotly_hover", event => emphasise(event.points[0].data.meta));
    place.on("plotly_unhover", () => emphasise(null));
  }
}
root.dataset.drawn = places.length;
</script>
</body>
</html>
""")


def write(plot: Plot, out: Path, project: str) -> None:
    """Write the page to `out`, as a whole or not at all; `project` is its name. MissingExtraError without plotly."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError("plotly", "train") from error
    files.write_text(out, page(plot, project, get_plotlyjs()))


def page(plot: Plot, project: str, script: str) -> str:
    """The page; `script` is Plotly's."""
    light, dark = charts(plot, palette.LIGHT), charts(plot, palette.DARK)
    sections = [
        f'<section class="{"wide" if chart.wide else ""}"><h2>{escape(chart.heading)}</h2>'
        f'<div id="chart-{number}" role="img" aria-label="{escape(chart.heading)}"></div></section>'
        for number, chart in enumerate(light)
    ]
    data = {"light": [chart.spec for chart in light], "dark": [chart.spec for chart in dark]}
    return _PAGE.substitute(
        policy=_POLICY,
        title=escape(f"Experiments of {project}"),
        light=_tokens(palette.LIGHT),
        dark=_tokens(palette.DARK),
        width=f"{95 * len(plot.parallel) + 200}px",
        script=script,
        summary=_summary(plot),
        sections="\n".join(sections),
        notes="".join(f"<p>{escape(note)}</p>" for note in plot.notes),
        charts=as_json(data),
        runs=len(plot.runs),
    )


def _summary(plot: Plot) -> str:
    count = len(plot.runs)
    words = f"{count} run{'' if count == 1 else 's'}."
    if plot.measured:
        best = plot.measured[0]
        words += f" The best by {escape(plot.y)}: <code>{escape(best.name)}</code>, {best.value(plot.y):.3f}."
    return f"{words} {escape(looks.legend(count, plot.y))}".strip()


def _tokens(theme: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in {**theme, "accent": palette.ACCENT}.items())


def as_json(value: object) -> str:
    """JSON that can stand inside a script element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
