// Every run as a point of two columns.

import { h } from "studio/dom.js";
import { placed, short, written } from "studio/scale.js";
import { fill, s } from "studio/svg.js";

const HEIGHT = 360;
const EDGE = { top: 16, right: 24, bottom: 44, left: 64 };
const STEP = 0.62; // of the distance of two categories, over which their points are spread

/** `told`: pointed(run or null), opened(run). */
export class Scatter {
  constructor(told) {
    this.told = told;
    this.drawing = s("svg", { role: "img" });
    this.drawing.addEventListener("pointerover", event => this.#hover(runOf(event)));
    this.drawing.addEventListener("click", event => runOf(event) !== null && this.told.opened(runOf(event)));
    this.said = h("div", { class: "said", hidden: true });
    this.pane = h("div", { class: "pane", onpointerleave: () => this.#hover(null) }, this.drawing, this.said);
    this.element = h("figure", { class: "chart points" }, this.pane);
    new ResizeObserver(() => this.shown && this.pane.clientWidth !== this.room && this.#render()).observe(this.pane);
  }

  /** x, y: { name, values }; colours, names, chosen (a set of runs, or null: all). */
  draw(shown) {
    this.shown = shown;
    this.#render();
  }

  /** Which runs are chosen has changed. */
  choose(chosen) {
    this.shown.chosen = chosen;
    for (const [run, dot] of this.dots) dot.classList.toggle("out", chosen !== null && !chosen.has(run));
  }

  /** A run stands out, or none. */
  point(run) {
    for (const [other, dot] of this.dots ?? []) dot.classList.toggle("pointed", other === run);
    const dot = run === null ? null : this.dots?.get(run);
    if (dot) dot.parentNode.append(dot); // above the others
  }

  #render() {
    const { x, y, colours, names } = this.shown;
    this.room = this.pane.clientWidth;
    const width = Math.max(300, this.room);
    const [across, up] = [x, y].map(({ values }) => placed(values).scale);
    const inner = { left: EDGE.left, right: width - EDGE.right, top: EDGE.top, bottom: HEIGHT - EDGE.bottom };
    const at = (place, from, to) => from + (0.04 + 0.92 * place) * (to - from);
    const toX = place => at(place, inner.left, inner.right);
    const toY = place => at(place, inner.bottom, inner.top);
    const apart = scale => (scale.kind === "category" && scale.labels.length > 1 ? 0.92 * STEP / (scale.labels.length - 1) : 0);
    // Runs of one category would cover each other; which way each is moved depends on its number alone.
    const aside = (run, scale, length) => ((run * 0.618034) % 1 - 0.5) * apart(scale) * length * 0.5;
    const runs = names.map((_, run) => ({ run, px: across.place(x.values[run]), py: up.place(y.values[run]) })).filter(({ px, py }) => px !== null && py !== null);
    this.dots = new Map(runs.map(({ run, px, py }) => [run, s("circle", {
      r: runs.length > 200 ? 4 : 5.5, fill: colours[run], "data-run": run,
      cx: (toX(px) + aside(run, across, inner.right - inner.left)).toFixed(1), cy: (toY(py) + aside(run, up, inner.bottom - inner.top)).toFixed(1),
    })]));
    const along = apartBy(across.ticks, inner.right - inner.left);
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", HEIGHT);
    this.drawing.setAttribute("aria-label", `${y.name} against ${x.name}, ${runs.length} runs; the table of experiments has their values`);
    fill(this.drawing,
      s("g", { class: "grid" }, up.ticks.map(tick => [
        s("line", { x1: inner.left, x2: inner.right, y1: toY(tick.place), y2: toY(tick.place) }),
        s("text", { x: inner.left - 8, y: toY(tick.place) + 4, "text-anchor": "end" }, short(tick.label, 9)),
      ]), along.map(tick => [
        s("line", { x1: toX(tick.place), x2: toX(tick.place), y1: inner.top, y2: inner.bottom }),
        s("text", { x: toX(tick.place), y: inner.bottom + 18, "text-anchor": "middle" }, short(tick.label, 12)),
      ])),
      s("text", { class: "strong", x: inner.right, y: HEIGHT - 6, "text-anchor": "end" }, titled(x.name, across)),
      s("text", { class: "strong", x: 4, y: 11 }, titled(y.name, up)),
      s("g", {}, [...this.dots.values()]),
    );
    this.choose(this.shown.chosen);
  }

  #hover(run) {
    this.point(run);
    this.told.pointed(run);
    this.said.hidden = run === null;
    if (run === null) return;
    const { x, y, names, more } = this.shown;
    const columns = [y, x, ...more].filter((column, at, all) => all.findIndex(other => other.name === column.name) === at);
    this.said.replaceChildren(h("p", {}, h("b", {}, names[run])), ...columns.map(({ name, values }) => h("p", {}, `${name}: ${written(values[run])}`)));
    const px = Number(this.dots.get(run).getAttribute("cx"));
    const left = px < this.pane.clientWidth / 2;
    Object.assign(this.said.style, { left: left ? `${px + 14}px` : "", right: left ? "" : `${this.pane.clientWidth - px + 14}px` });
  }
}

/** The run whose dot is pointed at, or null. */
const runOf = ({ target }) => (target.dataset.run === undefined ? null : Number(target.dataset.run));

/** Those ticks whose labels have room side by side on `length` px. */
function apartBy(ticks, length) {
  const kept = [];
  const half = tick => 4 * Math.min(12, tick.label.length) + 4;
  for (const tick of ticks) {
    const last = kept.at(-1);
    if (!last || (tick.place - last.place) * length * 0.92 >= half(tick) + half(last)) kept.push(tick);
  }
  return kept;
}

const titled = (name, { kind }) => (kind === "log" ? `${name} (logarithmic)` : name);
