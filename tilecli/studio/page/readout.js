// What is read off a chart of curves: a hair that the pointer or keys move, every value there, a stretch that is dragged.

import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { DASHES, s } from "studio/svg.js";

const FINE = 8; // px, least width of a stretch that is dragged; less is a click
const PAGE = 10; // places, of a key that moves far
const CLOSER = { "+": 0.5, "=": 0.5, "-": 2 }; // of what is drawn, that a key leaves
const ASIDE = 12; // px, from the hair to what is said
const WIDEST = 340; // px, of what is said

/** `told`: zoomed([from, to] or null), and picked(x) where a click or Enter chooses one, or null. */
export class Readout {
  constructor(drawing, told) {
    this.told = told;
    this.said = h("div", { class: "said", hidden: true });
    this.now = null;
    this.pressed = null;
    this.pane = h("div", {
      class: "pane", tabindex: 0, role: "slider", "aria-valuemin": 0,
      onkeydown: event => this.#key(event),
      onpointermove: event => this.#move(event),
      onpointerdown: event => this.#press(event),
      onpointerup: event => this.#release(event),
      onpointerleave: () => this.#point(null),
      onblur: () => this.#point(null),
      ondblclick: () => told.zoomed(null),
    }, drawing, this.said);
  }

  /** What belongs on top of the drawing of `plot`; what was read stays where it was. */
  over(plot) {
    this.plot = plot;
    const { inner, xs } = plot;
    this.hair = s("line", { class: "hair", y1: inner.top, y2: inner.bottom });
    this.stretch = s("rect", { class: "stretch", y: inner.top, height: inner.bottom - inner.top, visibility: "hidden" });
    this.dots = plot.lines.map(line => s("circle", { r: 4, fill: line.colour }));
    this.pane.setAttribute("aria-label", `${plot.title}: ${plot.over}`);
    this.pane.setAttribute("aria-valuemax", xs.length - 1);
    this.#point(xs.includes(this.now) ? this.now : null);
    return [this.stretch, this.hair, this.dots];
  }

  /** Each line's value at x, or the last one before it. */
  #at(x) {
    return this.plot.lines.map(line => {
      const point = line.points.findLast(one => one[0] <= x) ?? null;
      return point && (line.points.at(-1)[0] >= x || this.plot.over !== "epoch") ? { line, point } : null;
    });
  }

  #inWords(x, found) {
    const values = found.filter(Boolean).map(({ line, point }) => `${line.name} ${figure(point[1])}${marked(line, point)}`);
    return `${this.plot.over} ${this.plot.sayX(x)}: ${values.join(", ")}`;
  }

  #point(x) {
    if (!this.plot) return;
    this.now = x;
    const { plot } = this;
    const found = this.#at(x ?? plot.xs.at(-1));
    for (const mark of [this.hair, ...this.dots]) mark.setAttribute("visibility", "hidden");
    this.said.hidden = x === null;
    this.pane.setAttribute("aria-valuenow", plot.xs.indexOf(x ?? plot.xs.at(-1)));
    this.pane.setAttribute("aria-valuetext", this.#inWords(x ?? plot.xs.at(-1), found));
    if (x === null) return;
    const px = plot.x(x);
    place(this.hair, { x1: px, x2: px });
    found.forEach((one, at) => one && place(this.dots[at], { cx: plot.x(one.point[0]), cy: plot.y(one.point[1]) }));
    this.said.replaceChildren(
      h("p", {}, `${plot.over} ${plot.sayX(x)}`),
      ...found.filter(Boolean).sort((a, b) => b.point[1] - a.point[1])
        .map(({ line, point }) => h("p", {}, swatch(line), h("b", {}, figure(point[1])), ` ${line.name}${marked(line, point)}`)),
    );
    const after = px < plot.width / 2;
    this.said.style.left = after ? `${px + ASIDE}px` : "";
    this.said.style.right = after ? "" : `${plot.width - px + ASIDE}px`;
    this.said.style.maxWidth = `${Math.min(WIDEST, Math.max(px, plot.width - px) - 2 * ASIDE)}px`;
  }

  #offset(event) {
    const { inner } = this.plot;
    return Math.max(inner.left, Math.min(inner.right, event.clientX - this.pane.getBoundingClientRect().left));
  }

  #nearest(px) {
    const wanted = this.plot.backX(px);
    return this.plot.xs.reduce((best, value) => (Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best));
  }

  #move(event) {
    const px = this.#offset(event);
    if (this.pressed === null) this.#point(this.#nearest(px));
    else place(this.stretch, { x: Math.min(px, this.pressed), width: Math.abs(px - this.pressed) });
  }

  #press(event) {
    if (event.button !== 0) return;
    this.pressed = this.#offset(event);
    this.pane.setPointerCapture(event.pointerId);
  }

  #release(event) {
    if (this.pressed === null) return;
    const ends = [this.pressed, this.#offset(event)].sort((a, b) => a - b);
    this.pressed = null;
    this.stretch.setAttribute("visibility", "hidden");
    if (ends[1] - ends[0] >= FINE) this.#zoom(ends.map(this.plot.backX));
    else this.told.picked?.(this.#nearest(ends[1]));
  }

  #zoom(range) {
    if (this.plot.xs.filter(x => x >= range[0] && x <= range[1]).length > 1) this.told.zoomed(range);
  }

  #key(event) {
    const { xs, left, right } = this.plot;
    const now = this.now === null ? xs.length - 1 : xs.indexOf(this.now);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now + PAGE, PageDown: now - PAGE, Home: 0, End: xs.length - 1 }[event.key];
    const span = (right - left) * (CLOSER[event.key] ?? 0);
    if (event.key === "Escape") this.told.zoomed(null);
    else if (event.key === "Enter") this.told.picked?.(xs[now]);
    else if (span) this.#zoom([xs[now] - span / 2, xs[now] + span / 2]);
    else if (to === undefined) return;
    else this.#point(xs[Math.max(0, Math.min(xs.length - 1, to))]);
    event.preventDefault();
  }
}

const marked = ({ mark }, point) => (mark?.x === point[0] ? `, ${mark.words}` : "");

function place(element, attributes) {
  for (const [name, value] of Object.entries({ ...attributes, visibility: "visible" })) element.setAttribute(name, value);
}

/** The look of a line, as a key. */
export const swatch = line => s("svg", { class: "swatch", width: 22, height: 10, "aria-hidden": "true" },
  s("line", { x1: 0, x2: 22, y1: 5, y2: 5, stroke: line.colour, "stroke-width": 3, "stroke-dasharray": DASHES[line.dash] }));
