// A chart of curves: names beside the lines, a hair that says every value, a stretch of x that can be enlarged.

import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { brief, decades, ofClock, round, short, spread } from "studio/scale.js";
import { DASHES, fill, s } from "studio/svg.js";

const HEIGHT = 300;
const EDGE = { top: 12, right: 132, bottom: 40, left: 56 };
const LINE = 15; // px, between two names
const FINE = 8; // px, least width of a stretch that is dragged

/** The moving average of a curve: exponential, each value weighing `weight` less than the next, free of its start's bias. */
export function smooth(points, weight) {
  let [sum, norm] = [0, 0];
  return points.map(([x, y]) => {
    sum = weight * sum + (1 - weight) * y;
    norm = weight * norm + (1 - weight);
    return [x, sum / norm];
  });
}

/**
 * One chart in a figure of its own.
 * draw({ title, x, sayX, lines: [{ name, colour, dash, points, raw }], log }): points and raw are [x, y]; raw is drawn thin
 * behind. sayX: an x in words.
 */
export class Lines {
  constructor() {
    this.heading = h("h3", {});
    this.drawing = s("svg", { "aria-hidden": "true" });
    this.words = h("p", { class: "unseen" });
    this.said = h("div", { class: "said", hidden: true });
    this.pane = h("div", {
      class: "pane", tabindex: 0, role: "slider", "aria-valuemin": 0,
      onkeydown: event => this.#key(event),
      onpointermove: event => this.#move(event),
      onpointerdown: event => this.#press(event),
      onpointerup: event => this.#release(event),
      onpointerleave: () => this.#pointAt(null),
      onblur: () => this.#pointAt(null),
      ondblclick: () => this.#zoom(null),
    }, this.drawing, this.said);
    this.back = h("button", { type: "button", class: "text", hidden: true, onclick: () => this.#zoom(null) }, "whole curve");
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, this.heading, this.back), this.words, this.pane);
    this.range = null;
    new ResizeObserver(() => this.shown && this.#render()).observe(this.pane);
  }

  draw(shown) {
    if (this.shown && this.shown.x !== shown.x) this.range = null;
    this.shown = shown;
    this.heading.textContent = `${shown.title} over ${shown.x}`;
    this.#render();
  }

  #render() {
    const { title, x, sayX, lines, log } = this.shown;
    const width = Math.max(320, this.pane.clientWidth);
    this.inner = { left: EDGE.left, right: width - EDGE.right, top: EDGE.top, bottom: HEIGHT - EDGE.bottom };
    const inside = ([at]) => this.range === null || (at >= this.range[0] && at <= this.range[1]);
    const useful = ([, y]) => Number.isFinite(y) && (!log || y > 0);
    const drawn = lines.map(line => ({ ...line, points: line.points.filter(useful).filter(inside), raw: (line.raw ?? []).filter(useful).filter(inside) }));
    const all = drawn.flatMap(line => [...line.points, ...line.raw]);
    this.xs = [...new Set(drawn.flatMap(line => line.points.map(point => point[0])))].sort((a, b) => a - b);
    this.lines = drawn;
    this.back.hidden = this.range === null;
    if (all.length === 0) {
      this.drawing.replaceChildren();
      this.words.textContent = `${title}: ${log ? "nothing above 0" : "no values"}`;
      this.words.className = "muted";
      this.pane.hidden = true;
      return;
    }
    this.pane.hidden = false;
    const [left, right] = this.range ?? [Math.min(...this.xs), Math.max(...this.xs)];
    let [low, high] = [Math.min(...all.map(point => point[1])), Math.max(...all.map(point => point[1]))];
    if (!log && low > 0 && low < 0.35 * high) low = 0; // zero where it is near
    if (high === low) [low, high] = log ? [low / 2, high * 2] : [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
    const move = log ? Math.log10 : value => value;
    const room = (move(high) - move(low)) * 0.03;
    const [from, to] = [low === 0 && !log ? 0 : move(low) - room, move(high) + room];
    this.x = value => this.inner.left + (right > left ? (value - left) / (right - left) : 0.5) * (this.inner.right - this.inner.left);
    this.y = value => this.inner.bottom - (move(value) - from) / (to - from) * (this.inner.bottom - this.inner.top);
    this.backX = px => left + (px - this.inner.left) / (this.inner.right - this.inner.left) * (right - left);
    const wide = log ? decades(low, high) : [];
    const ticks = wide.length > 3 ? wide : round(low, high).filter(value => !log || value > 0);
    this.hair = s("line", { class: "hair", y1: this.inner.top, y2: this.inner.bottom, visibility: "hidden" });
    this.dots = drawn.map(line => s("circle", { r: 4, fill: line.colour, visibility: "hidden" }));
    this.stretch = s("rect", { class: "stretch", y: this.inner.top, height: this.inner.bottom - this.inner.top, visibility: "hidden" });
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", HEIGHT);
    this.words.textContent = this.#inWords();
    this.words.className = "unseen";
    fill(
      this.drawing,
      s("g", { class: "grid" }, ticks.map(value => [
        s("line", { x1: this.inner.left, x2: this.inner.right, y1: this.y(value), y2: this.y(value) }),
        s("text", { x: this.inner.left - 8, y: this.y(value) + 4, "text-anchor": "end" }, brief(value)),
      ])),
      s("g", { class: "grid" }, this.#xTicks(left, right, sayX)),
      s("text", { class: "title", x: this.inner.right, y: HEIGHT - 4, "text-anchor": "end" }, log ? `${x} (logarithmic height)` : x),
      this.stretch,
      drawn.map(line => line.raw.length > 1 ? this.#path(line.raw, line, "raw") : null),
      drawn.map(line => line.points.length === 1
        ? s("circle", { r: 3.5, cx: this.x(line.points[0][0]), cy: this.y(line.points[0][1]), fill: line.colour })
        : line.points.length ? this.#path(line.points, line, "curve") : null),
      this.#names(),
      this.hair,
      this.dots,
    );
    this.pane.setAttribute("aria-label", `${title}: ${x}`);
    this.pane.setAttribute("aria-valuemax", this.xs.length - 1);
    this.pane.setAttribute("aria-valuenow", this.xs.length - 1);
    this.pane.setAttribute("aria-valuetext", this.#saidAt(this.xs.at(-1)));
  }

  #path(points, line, kind) {
    const d = points.map(([x, y], at) => `${at ? "L" : "M"}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`).join("");
    return s("path", { d, class: kind, stroke: line.colour, "stroke-dasharray": kind === "curve" ? DASHES[line.dash] : null });
  }

  #xTicks(left, right, sayX) {
    const shown = this.shown.x === "epoch" ? round(left, right, 8).filter(Number.isInteger) : ofClock(left, right);
    return (shown.length ? shown : [left, right]).map(value => [
      s("line", { x1: this.x(value), x2: this.x(value), y1: this.inner.top, y2: this.inner.bottom }),
      s("text", { x: this.x(value), y: this.inner.bottom + 18, "text-anchor": "middle" }, sayX(value)),
    ]);
  }

  /** The name of each line beside its end. */
  #names() {
    const ends = this.lines.filter(line => line.points.length).map(line => ({ line, x: this.x(line.points.at(-1)[0]), y: this.y(line.points.at(-1)[1]) }));
    const places = spread(ends.map(end => end.y), LINE, this.inner.top + 4, this.inner.bottom);
    const at = this.inner.right + 20;
    return ends.map(({ line, x, y }, n) => [
      s("path", { class: "lead", d: `M${x} ${y}L${this.inner.right + 6} ${y}L${at - 4} ${places[n]}`, stroke: line.colour }),
      s("text", { class: "name", x: at, y: places[n] + 4 }, short(line.name, 17), s("title", {}, line.name)),
    ]);
  }

  /** The chart in words. */
  #inWords() {
    const { title, x, sayX } = this.shown;
    const ends = this.lines.filter(line => line.points.length).map(line => `${line.name} ends with ${figure(line.points.at(-1)[1])} at ${x} ${sayX(line.points.at(-1)[0])}`);
    return `${title} over ${x}: ${ends.join("; ")}`;
  }

  #nearest(px) {
    const wanted = this.backX(px);
    return this.xs.reduce((best, value) => (Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best), this.xs[0]);
  }

  /** Each line's value at x, or the last one before it. */
  #at(x) {
    return this.lines.map(line => line.points.findLast(point => point[0] <= x) ?? null).map((point, n) => {
      const last = this.lines[n].points.at(-1);
      return point && (last[0] >= x || this.shown.x !== "epoch") ? point : null;
    });
  }

  #saidAt(x) {
    const values = this.#at(x).map((point, n) => (point ? `${this.lines[n].name} ${figure(point[1])}` : null)).filter(Boolean);
    return `${this.shown.x} ${this.shown.sayX(x)}: ${values.join(", ")}`;
  }

  #pointAt(x) {
    if (!this.hair) return;
    this.now = x;
    const hide = x === null ? "hidden" : "visible";
    this.hair.setAttribute("visibility", hide);
    this.said.hidden = x === null;
    const found = x === null ? [] : this.#at(x);
    this.dots.forEach((dot, n) => {
      const point = found[n];
      dot.setAttribute("visibility", point ? "visible" : "hidden");
      if (point) {
        dot.setAttribute("cx", this.x(point[0]));
        dot.setAttribute("cy", this.y(point[1]));
      }
    });
    if (x === null) return;
    const px = this.x(x);
    this.hair.setAttribute("x1", px);
    this.hair.setAttribute("x2", px);
    this.said.replaceChildren(
      h("p", {}, `${this.shown.x} ${this.shown.sayX(x)}`),
      ...found.map((point, n) => (point ? [n, point] : null)).filter(Boolean).sort((a, b) => b[1][1] - a[1][1])
        .map(([n, point]) => h("p", {}, swatch(this.lines[n]), h("b", {}, figure(point[1])), ` ${this.lines[n].name}`)),
    );
    const space = this.inner.right - px;
    this.said.style.left = space > 200 ? `${px + 12}px` : "";
    this.said.style.right = space > 200 ? "" : `${this.pane.clientWidth - px + 12}px`;
    this.pane.setAttribute("aria-valuenow", this.xs.indexOf(x));
    this.pane.setAttribute("aria-valuetext", this.#saidAt(x));
  }

  #offset(event) {
    return Math.max(this.inner.left, Math.min(this.inner.right, event.clientX - this.pane.getBoundingClientRect().left));
  }

  #move(event) {
    if (this.pressed === undefined || this.pressed === null) {
      this.#pointAt(this.#nearest(this.#offset(event)));
      return;
    }
    const px = this.#offset(event);
    this.stretch.setAttribute("visibility", "visible");
    this.stretch.setAttribute("x", Math.min(px, this.pressed));
    this.stretch.setAttribute("width", Math.abs(px - this.pressed));
  }

  #press(event) {
    if (event.button !== 0) return;
    this.pressed = this.#offset(event);
    this.pane.setPointerCapture(event.pointerId);
  }

  #release(event) {
    const ends = [this.pressed, this.#offset(event)].sort((a, b) => a - b);
    this.pressed = null;
    this.stretch.setAttribute("visibility", "hidden");
    if (ends[1] - ends[0] < FINE) return;
    const range = ends.map(this.backX);
    if (this.xs.filter(x => x >= range[0] && x <= range[1]).length > 1) this.#zoom(range);
  }

  #zoom(range) {
    this.range = range;
    this.#render();
  }

  #key(event) {
    const now = this.now === null || this.now === undefined ? this.xs.length - 1 : this.xs.indexOf(this.now);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: this.xs.length - 1 }[event.key];
    if (event.key === "Escape") this.#zoom(null);
    if (to === undefined) return;
    event.preventDefault();
    this.#pointAt(this.xs[Math.max(0, Math.min(this.xs.length - 1, to))]);
  }
}

/** The look of a line, as a key. */
export const swatch = line => s("svg", { class: "swatch", width: 22, height: 10, "aria-hidden": "true" },
  s("line", { x1: 0, x2: 22, y1: 5, y2: 5, stroke: line.colour, "stroke-width": 3, "stroke-dasharray": DASHES[line.dash] }));
