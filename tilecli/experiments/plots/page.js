// Draws the page's charts, again in other colours where they are asked for, and lets runs stand out.
const { runs, ...charts } = JSON.parse(document.getElementById("charts").textContent);
const places = charts.light.map((_, i) => document.getElementById("chart-" + i));
const root = document.documentElement, button = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");
// Named one by one: Plotly's own set has a button that uploads the chart.
const buttons = i => [parallel[i] ? ["toImage"] : ["toImage", "zoom2d", "pan2d", "resetScale2d"]];
const config = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
let pointed = null; // the run that is pointed at
let chosen = null; // a set of runs; null: all

const parallel = charts.light.map(({ axes }, i) => axes && parallelCoordinates(places[i], axes.length, what => {
  if (what === "order") show(i);
  else choose(i);
}));

function show(i) {
  // Plotly changes what it is given, and the other theme is wanted unchanged.
  const own = structuredClone(charts[theme()][i]);
  const { data, layout } = parallel[i] ? parallel[i].arrange(own) : own;
  Plotly.react(places[i], data, layout, { ...config, modeBarButtons: buttons(i) });
}

function draw() {
  button.textContent = theme() === "dark" ? "Light" : "Dark";
  places.forEach((_, i) => show(i));
}

function opacity(run) {
  if (pointed !== null) return run === pointed ? 1 : 0.15;
  return chosen === null || chosen.has(run) ? 1 : 0.08;
}

// Plotly.restyle would draw every trace again: too slow to follow the pointer.
function emphasise() {
  for (const place of places) {
    const drawn = place.querySelectorAll(".scatterlayer > .trace");
    place.data.forEach((trace, k) => {
      trace.opacity = opacity(trace.meta); // for the picture that can be saved
      drawn[k].style.opacity = trace.opacity;
    });
  }
}

function point(run) {
  pointed = run;
  emphasise();
}

// The ranges of chart `i` have changed.
function choose(i) {
  const spec = charts[theme()][i];
  chosen = parallel[i].chosen(spec.data);
  list(i);
  Plotly.relayout(places[i], { shapes: parallel[i].shapes(spec) });
  emphasise();
}

// Says below chart `i` which runs are chosen, the best first.
function list(i) {
  const box = document.getElementById("chosen-" + i), names = box.querySelector("ol");
  box.classList.toggle("some", chosen !== null);
  if (chosen === null) return;
  const measured = charts.light[i].data.length;
  box.querySelector("output").textContent = chosen.size === 0 ? `none of ${measured} runs lies in every range`
    : `${chosen.size} of ${measured} runs`;
  names.replaceChildren(...[...chosen].sort((a, b) => a - b).map(run => {
    const item = document.createElement("li"), name = document.createElement("code");
    name.textContent = runs[run].name;
    item.append(name, " ", runs[run].value);
    item.addEventListener("pointerenter", () => point(run));
    item.addEventListener("pointerleave", () => point(null));
    return item;
  }));
}

button.addEventListener("click", () => { root.dataset.theme = theme() === "dark" ? "light" : "dark"; draw(); });
system.addEventListener("change", draw);
draw();
parallel.forEach((chart, i) => {
  if (chart) document.querySelector(`#chosen-${i} button`).addEventListener("click", chart.clear);
});
if (runs.length > 0) {
  for (const place of places) {
    place.on("plotly_afterplot", emphasise);
    place.on("plotly_hover", event => point(event.points[0].data.meta));
    place.on("plotly_unhover", () => point(null));
  }
}
root.dataset.drawn = places.length;
