// Learning curves with what they are seen by: which charts, how smooth, over what, on which scale. Kept in the address.

import { asked, keepSoon } from "studio/address.js";
import { h } from "studio/dom.js";
import { duration, figure } from "studio/format.js";
import { Lines } from "studio/lines.js";

const TITLES = {
  "valid.dice": "Valid Dice", "valid.dice_best": "Valid Dice at its best threshold", "valid.loss": "Valid loss", "train.loss": "Train loss",
  "valid.jaccard": "Valid Jaccard", "valid.threshold": "Best threshold on the valid subset",
  "valid.foreground_acc": "Share of the valid defects' pixels that is found", lr: "Learning rate",
};
const SAYS = ["drag to enlarge", "arrow keys to read"];

/** A series as the title of a chart. */
export const titled = name => TITLES[name] ?? name;

/** The moving average of a curve: exponential, each value weighing `weight` less than the next, free of its start's bias. */
export function smooth(points, weight) {
  let [sum, norm] = [0, 0];
  return points.map(([x, y]) => {
    sum = weight * sum + (1 - weight) * y;
    norm = weight * norm + (1 - weight);
    return [x, sum / norm];
  });
}

/** `empty`: what stands where there is no chart. `log`: what a logarithmic scale is called. picked(epoch): a click on one. */
export class Curves {
  constructor(place, { empty = "", log = "Logarithmic", picked = null } = {}) {
    this.empty = empty;
    this.picked = picked;
    this.drawn = new Map(); // name → { chart, text: what it shows }
    this.here = null;
    const query = asked();
    this.chosen = query.has("series") ? query.get("series").split(",").filter(Boolean) : null;
    this.over = query.get("x") ?? "epoch";
    this.amount = h("input", { type: "range", id: "smoothing", min: 0, max: 0.99, step: 0.01, value: Number(query.get("smooth")) || 0, oninput: () => this.#change({ smooth: Number(this.amount.value) ? this.amount.value : null }) });
    this.amountSaid = h("output", { for: "smoothing" });
    this.log = h("input", { type: "checkbox", id: "logarithmic", checked: query.has("log"), onchange: () => this.#change({ log: this.log.checked ? "1" : null }) });
    this.x = h("select", { id: "x", onchange: () => {
      this.over = this.x.value;
      this.#change({ x: this.over === "epoch" ? null : this.over });
    } });
    this.series = h("fieldset", { "aria-label": "Series that are drawn" });
    this.says = h("span", { class: "muted" });
    this.charts = h("div", { class: "charts" });
    place.replaceChildren(
      h("div", { class: "bar" },
        h("h2", { id: "curves-title" }, "Learning curves"),
        h("details", { class: "menu" }, h("summary", {}, "Series"), this.series),
        h("label", {}, "Smoothing ", this.amount, " ", this.amountSaid),
        h("label", {}, "Over ", this.x),
        h("label", {}, this.log, ` ${log}`),
        this.says),
      this.charts,
    );
  }

  /**
   * `charts`: { name, title, lines: [{ name, colour, dash, points, epochS, best }] } and, where they are so: `first`, drawn
   * unless others are chosen; `linear`, never on a logarithmic scale; `zero` and `valued`, see Lines. points are [epoch, value], `best` the epoch whose weights the model has. picks: whether a click has any effect.
   */
  draw(charts, { picks = false } = {}) {
    this.given = charts;
    const lines = charts.flatMap(chart => chart.lines);
    const timed = lines.some(line => line.epochS !== null);
    if (!timed) this.over = "epoch";
    const ways = [["epoch", "epochs"], ...(timed ? [["time", "time, at the mean pace"]] : [])];
    if (this.x.length !== ways.length) this.x.replaceChildren(...ways.map(([value, words]) => h("option", { value, selected: value === this.over }, words)));
    const names = charts.map(chart => chart.name).join();
    if (names !== this.names) {
      this.names = names;
      const wanted = this.#wanted();
      this.series.replaceChildren(...charts.map(chart => h("label", {},
        h("input", { type: "checkbox", value: chart.name, checked: wanted.includes(chart), onchange: () => this.#choose() }), chart.title)));
    }
    this.says.textContent = [...(lines.some(line => line.best !== null) ? ["○ best epoch"] : []), ...SAYS, ...(picks ? ["click for the photos of an epoch (▲)"] : [])].join(" · ");
    this.charts.classList.toggle("picks", picks);
    this.#render();
  }

  /** Mark the epoch that something else shows at the moment; null: none. */
  point(epoch) {
    this.here = epoch;
    for (const { chart, epochS } of this.drawn.values()) chart.point(epoch === null ? null : epoch * (epochS ?? 1));
  }

  #wanted() {
    if (this.chosen !== null) return this.given.filter(chart => this.chosen.includes(chart.name));
    const first = this.given.filter(chart => chart.first);
    return first.length ? first : this.given.slice(0, 2);
  }

  #choose() {
    this.chosen = [...this.series.querySelectorAll("input:checked")].map(box => box.value);
    this.#change({ series: this.chosen.join(",") });
  }

  #change(values) {
    keepSoon(values);
    this.#render();
  }

  #render() {
    const weight = Number(this.amount.value);
    this.amountSaid.textContent = weight ? weight.toFixed(2) : "none";
    const wanted = this.#wanted();
    const elements = wanted.map(({ name }) => this.#chart(name).chart.element);
    if (!elements.length) elements.push(h("p", { class: "muted" }, this.given.length ? "Choose a series." : this.empty));
    if (elements.length !== this.charts.children.length || elements.some((element, at) => this.charts.children[at] !== element)) this.charts.replaceChildren(...elements);
    for (const chart of wanted) this.#draw(chart, weight);
  }

  #chart(name) {
    if (!this.drawn.has(name)) {
      const picked = this.picked && (x => this.picked(x / (this.drawn.get(name).epochS ?? 1)));
      this.drawn.set(name, { chart: new Lines(picked), text: "", epochS: null });
    }
    return this.drawn.get(name);
  }

  /** Only where something has changed: while a run trains, this is asked for once a second. */
  #draw({ name, title, linear = false, zero = false, valued = false, lines }, weight) {
    const own = this.drawn.get(name);
    const timed = this.over === "time";
    const shown = {
      title, over: timed ? "time" : "epoch", log: this.log.checked && !linear, zero, valued,
      lines: lines.filter(line => line.points.length && (!timed || line.epochS !== null)).map(({ name: said, colour, dash, points: bare, epochS, best }) => {
        const unit = timed ? epochS : 1;
        const points = bare.map(([epoch, value]) => [epoch * unit, value]);
        const mark = best === null ? null : { x: best * unit, words: `best epoch ${figure(best)}` };
        return { name: said, colour, dash, points: weight ? smooth(points, weight) : points, raw: weight ? points : [], mark };
      }),
    };
    const text = JSON.stringify(shown);
    if (text === own.text) return;
    own.text = text;
    own.epochS = timed ? lines.find(line => line.epochS !== null)?.epochS ?? null : null;
    own.chart.draw({ ...shown, sayX: timed ? duration : figure });
    this.point(this.here);
  }
}
