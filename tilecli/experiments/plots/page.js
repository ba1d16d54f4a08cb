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
const runs = new Set(places.flatMap(place => place.data.map(t => t.meta)).filter(run => run !== undefined));
if (runs.size > 0 && runs.size <= 100) {
  for (const place of places) {
    place.on("plotly_hover", event => emphasise(event.points[0].data.meta));
    place.on("plotly_unhover", () => emphasise(null));
  }
}
root.dataset.drawn = places.length;
