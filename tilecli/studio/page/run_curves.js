// Learning curves: Dice and loss over epochs, smoothed or not, redrawn in place while the training goes on.

import { keep, said } from "studio/address.js";
import { h } from "studio/dom.js";
import { figure } from "studio/format.js";

const CHARTS = [
  {
    name: "dice",
    title: "Dice on the valid subset over epochs",
    lines: [
      ["valid/dice", "at 0.5", "--accent-line", "solid"],
      ["valid/dice_best", "best threshold", "--good", "dot"],
    ],
  },
  {
    name: "loss",
    title: "Loss over epochs",
    lines: [
      ["train/loss", "train", "--uncertain", "solid"],
      ["valid/loss", "valid", "--accent-line", "dash"],
    ],
  },
  { name: "rate", title: "Learning rate over epochs", lines: [["lr", "rate", "--muted", "solid"]] },
];
const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false, showSendToCloud: false, plotlyServerURL: "" };

/** Exponential smoothing with a right start, as TensorBoard's: `amount` (0–1) of each value is what came before. */
export function smooth(rows, amount) {
  let sum = 0;
  let weight = 0;
  return rows.map(([step, value]) => {
    sum = sum * amount + value * (1 - amount);
    weight = weight * amount + (1 - amount);
    return [step, sum / weight];
  });
}

export class Curves {
  constructor(place) {
    this.series = {};
    this.amount = h("input", { type: "range", min: 0, max: 0.95, step: 0.05, value: said("smooth", "0"), id: "smooth" });
    this.amountSaid = h("output", { for: "smooth" });
    this.log = h("input", { type: "checkbox", id: "log-axis", checked: said("log") === "1" });
    this.charts = CHARTS.map(chart => ({ ...chart, box: h("div", { class: "chart" }), words: h("p", { class: "unseen" }) }));
    this.place = place;
    place.replaceChildren(
      h("div", { class: "bar-of-tools" },
        h("h2", {}, "Learning curves"),
        h("label", {}, "smoothing ", this.amount, " ", this.amountSaid),
        h("label", {}, this.log, " logarithmic loss")),
      h("div", { class: "charts" }, this.charts.map(chart =>
        h("figure", { "aria-label": chart.title }, h("figcaption", {}, chart.title), chart.box, chart.words))),
    );
    this.amount.addEventListener("input", () => {
      keep({ smooth: this.amount.value === "0" ? "" : this.amount.value });
      this.again();
    });
    this.log.addEventListener("change", () => {
      keep({ log: this.log.checked ? "1" : "" });
      this.again();
    });
    new MutationObserver(() => this.again()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.again());
    // A chart that is drawn while its tab is hidden has no width.
    document.addEventListener("tab", ({ detail }) => detail === "training" && this.again());
  }

  draw(series) {
    const text = JSON.stringify(series);
    if (text === this.text) return;
    this.text = text;
    this.series = series;
    this.again();
  }

  again() {
    this.place.hidden = !Object.keys(this.series).length;
    if (this.place.hidden || this.place.closest("[hidden]")) return;
    const style = getComputedStyle(this.place);
    const colour = name => style.getPropertyValue(name).trim();
    const amount = Number(this.amount.value);
    this.amountSaid.textContent = amount ? amount.toFixed(2) : "off";
    for (const chart of this.charts) {
      const lines = chart.lines.filter(([name]) => this.series[name]);
      chart.box.parentElement.hidden = !lines.length;
      if (!lines.length) continue;
      chart.words.textContent = lines.map(([name, words]) => inWords(words, this.series[name])).join(" ");
      const last = Math.max(1, ...lines.flatMap(([name]) => this.series[name].map(row => row[0])));
      const traces = [];
      const notes = [];
      const logarithmic = chart.name === "loss" && this.log.checked;
      for (const [name, words, tone, dash] of lines) {
        const bare = this.series[name];
        const drawn = amount ? smooth(bare, amount) : bare;
        const line = { color: colour(tone), width: 2, dash };
        const common = { mode: bare.length > 1 ? "lines" : "markers", hovertemplate: `${words}: %{y:.4~g}<extra></extra>` };
        if (amount) traces.push({ x: bare.map(row => row[0]), y: bare.map(row => row[1]), ...common, line: { ...line, width: 1 }, opacity: 0.3, hoverinfo: "skip", hovertemplate: null });
        traces.push({ x: drawn.map(row => row[0]), y: drawn.map(row => row[1]), name: words, ...common, line, marker: { color: line.color, size: 8 } });
        const [step, value] = drawn.at(-1);
        notes.push({ x: step, y: logarithmic ? Math.log10(value) : value, text: lines.length > 1 ? `${figure(value)} ${words}` : figure(value), font: { color: line.color, size: 12 } });
      }
      apart(notes, chart.box.clientHeight || 220);
      const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line"), linecolor: colour("--line"), fixedrange: false };
      const layout = {
        height: 240,
        margin: { l: 48, r: 16 + 6.2 * Math.max(...notes.map(note => note.text.length)), t: 8, b: 32 },
        paper_bgcolor: "transparent",
        plot_bgcolor: "transparent",
        font: { family: style.fontFamily, size: 12, color: colour("--muted") },
        hovermode: "x unified",
        hoverlabel: { bgcolor: colour("--panel"), font: { color: colour("--ink") } },
        showlegend: false,
        uirevision: "same", // a zoom stays when an epoch is added
        xaxis: { ...axis, title: { text: "epoch", standoff: 4 }, range: [0, last], tickformat: "d", nticks: 8 },
        yaxis: { ...axis, type: logarithmic ? "log" : "linear", rangemode: chart.name === "dice" ? "tozero" : "normal" },
        annotations: notes.map(note => ({ ...note, showarrow: false, xanchor: "left", yanchor: "middle", xshift: 6, xref: "x", yref: "y" })),
      };
      window.Plotly.react(chart.box, traces, layout, CONFIG);
    }
  }
}

/** Move labels of line ends apart that would lie on each other. */
function apart(notes, height) {
  if (notes.length < 2) return;
  const values = notes.map(note => note.y);
  const near = Math.abs(values[0] - values[1]);
  const span = Math.max(...values.map(Math.abs)) || 1;
  if ((near / span) * height < 16) {
    const upper = values[0] >= values[1] ? 0 : 1;
    notes[upper].yshift = 8;
    notes[1 - upper].yshift = -8;
  }
}

function inWords(words, rows) {
  const values = rows.map(row => row[1]);
  const [last] = rows.slice(-1);
  return `${words}: ${figure(values[0])} in epoch ${rows[0][0]}, ${figure(last[1])} in epoch ${last[0]}, between ${figure(Math.min(...values))} and ${figure(Math.max(...values))}.`;
}
