// The learning curves of the compared runs: which series, how smooth, over what.

import { asked, keepSoon } from "studio/address.js";
import { h } from "studio/dom.js";
import { duration, figure } from "studio/format.js";
import { Lines, smooth } from "studio/lines.js";

const TITLES = { "valid.dice": "Valid Dice", "valid.loss": "Valid loss", "train.loss": "Train loss", "valid.jaccard": "Valid Jaccard", lr: "Learning rate" };
const FIRST = ["valid.dice", "train.loss"];
const place = id => document.getElementById(id);

export class Curves {
  constructor() {
    this.charts = new Map();
    const query = asked();
    this.chosen = query.has("series") ? query.get("series").split(",").filter(Boolean) : null;
    place("smoothing").value = Number(query.get("smooth")) || 0;
    place("log").checked = query.has("log");
    this.over = query.get("x") ?? "epoch";
    place("smoothing").addEventListener("input", () => this.#change({ smooth: Number(place("smoothing").value) ? place("smoothing").value : null }));
    place("log").addEventListener("change", () => this.#change({ log: place("log").checked ? "1" : null }));
    place("x").addEventListener("change", () => {
      this.over = place("x").value;
      this.#change({ x: this.over === "epoch" ? null : this.over });
    });
  }

  draw(shown) {
    this.shown = shown;
    const { names, epoch_s: paces } = shown.curves;
    const timed = paces.some(pace => pace !== null);
    if (!timed) this.over = "epoch";
    place("x").replaceChildren(...[["epoch", "epochs"], ...(timed ? [["time", "time, at the mean pace"]] : [])].map(([value, words]) => h("option", { value, selected: value === this.over }, words)));
    const wanted = this.#wanted();
    const boxes = names.map(name => h("label", {}, h("input", { type: "checkbox", value: name, checked: wanted.includes(name), onchange: () => this.#choose() }), titled(name)));
    if (!place("series").contains(document.activeElement)) place("series").replaceChildren(place("series").firstElementChild, ...boxes);
    this.#render();
  }

  #wanted() {
    const { names } = this.shown.curves;
    const first = FIRST.filter(name => names.includes(name));
    return this.chosen === null ? (first.length ? first : names.slice(0, 2)) : this.chosen.filter(name => names.includes(name));
  }

  #choose() {
    this.chosen = [...place("series").querySelectorAll("input:checked")].map(box => box.value);
    this.#change({ series: this.chosen.join(",") });
  }

  #change(values) {
    keepSoon(values);
    this.#render();
  }

  #render() {
    const { runs, curves } = this.shown;
    const weight = Number(place("smoothing").value);
    place("smoothed").textContent = weight ? weight.toFixed(2) : "none";
    const wanted = this.#wanted();
    for (const name of wanted) if (!this.charts.has(name)) this.charts.set(name, new Lines());
    const elements = wanted.map(name => this.charts.get(name).element);
    if (elements.some((element, at) => place("curves").children[at] !== element) || place("curves").children.length !== elements.length) {
      place("curves").replaceChildren(...(elements.length ? elements : [h("p", {}, curves.names.length ? "Choose a series." : "No run has a learning curve yet: tiles train writes one.")]));
    }
    for (const name of wanted) {
      const lines = runs.flatMap((run, at) => {
        const points = this.#over(curves.series[at][name] ?? [], curves.epoch_s[at]);
        if (points.length === 0) return [];
        return [{ name: run.name, colour: run.colour, dash: run.dash, points: weight ? smooth(points, weight) : points, raw: weight ? points : [] }];
      });
      const x = this.over === "time" ? "time" : "epoch";
      this.charts.get(name).draw({ title: titled(name), x, sayX: x === "time" ? duration : figure, lines, log: place("log").checked });
    }
  }

  /** Points over time instead of epochs, at the mean pace of the run. */
  #over(points, pace) {
    if (this.over !== "time") return points;
    return pace === null ? [] : points.map(([epoch, value]) => [epoch * pace, value]);
  }
}

const titled = name => TITLES[name] ?? name;
