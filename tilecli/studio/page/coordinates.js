// Parallel coordinates: a line for each run over axes that are moved, turned over and brushed, by pointer or by keys.

import { h } from "studio/dom.js";
import { Heads } from "studio/heads.js";
import { placed, short, spread, written } from "studio/scale.js";
import { Strokes } from "studio/strokes.js";
import { fill, s } from "studio/svg.js";

const TOP = 92; // px, above the axes: their names
const HEIGHT = 400;
const BOTTOM = HEIGHT - 20;
const SIDE = 72; // px, left of the first axis and right of the last, unless names stand there
const NAMED = 8; // up to so many runs have their names beside the last axis
const BESIDE = 150; // px, for those
const LEAST = 104; // px, between two axes
const REACH = 18; // px, from an axis to where a range can be dragged
const CLICK = 3; // px, that a click may move
const NEAR = 8; // px, from a line that is pointed at
const NUDGE = 0.02; // of an axis, that an arrow key moves an end
const SLACK = 1e-4; // of an axis: the ends of a range are rounded in the address

/** `told`: changed(axes, ranges) when the user has changed them, pointed(run or null), opened(run). */
export class Coordinates {
  constructor(told) {
    this.told = told;
    this.strokes = new Strokes();
    this.drawing = s("svg", { "aria-hidden": "true" });
    this.heads = new Heads({
      named: (event, at) => this.#key(event, at), grabbed: (event, name) => this.#grab(event, name), turned: at => this.#turn(at),
      nudged: (event, at, end) => this.#nudge(event, at, end), taken: (event, at, end) => this.#grabEnd(event, at, end),
    });
    this.said = h("div", { class: "said", hidden: true });
    this.field = h("div", {
      class: "field",
      onpointerdown: event => this.#press(event), onpointermove: event => this.#move(event),
      onpointerup: event => this.#release(event), onlostpointercapture: () => { this.grip = null; },
      onpointerleave: () => this.point(null), ondblclick: event => event.target === this.strokes.above && this.#clear(),
    }, this.strokes.behind, this.strokes.canvas, this.drawing, this.strokes.above, this.heads.element, this.said);
    this.element = h("div", { class: "coordinates", role: "group", "aria-label": "Axes" }, this.field);
    new ResizeObserver(() => this.shown && this.element.clientWidth !== this.room && this.#layout()).observe(this.element);
  }

  /** columns: name → { values, high }; axes: [{ name, turned }]; ranges: name → [low, high] as shares; colours of the runs; names. */
  draw(shown) {
    this.shown = shown;
    const known = shown.axes.map(({ name }) => [name, placed(shown.columns.get(name).values)]);
    this.scales = new Map(known.map(([name, { scale }]) => [name, scale]));
    this.places = new Map(known.map(([name, { places }]) => [name, places]));
    this.#layout();
  }

  #paint() {
    const { axes, colours, chosen } = this.shown;
    this.strokes.draw(run => this.#points(run), colours, chosen, JSON.stringify([axes, this.gap]));
    fill(this.drawing, axes.map((one, at) => this.#axis(one, at)), this.#named() ? this.#names() : null);
  }

  #named() {
    return this.shown.names.length <= NAMED;
  }

  /** Each run's name beside the last axis. */
  #names() {
    const { names, axes, colours } = this.shown;
    const last = axes.at(-1);
    const ends = names.map((name, run) => ({ name, run, place: this.places.get(last.name)[run] })).filter(({ place }) => place !== null);
    const ys = ends.map(({ place }) => this.#y(place, last.turned));
    const apart = spread(ys, 15, TOP, BOTTOM);
    const x = this.#x(axes.length - 1);
    return ends.map(({ name, run }, at) => [
      s("path", { d: `M${x} ${ys[at]}L${x + 16} ${apart[at]}`, fill: "none", stroke: colours[run] }),
      s("text", { x: x + 20, y: apart[at] + 4 }, short(name, 17)),
    ]);
  }

  /** A run stands out, or none. */
  point(run, place = null) {
    this.strokes.point(run);
    this.said.hidden = run === null || place === null;
    if (run !== this.pointed) {
      this.pointed = run;
      this.told.pointed(run);
    }
    if (this.said.hidden) return;
    const { names, axes, columns } = this.shown;
    this.said.replaceChildren(h("p", {}, h("b", {}, names[run])), ...axes.map(({ name }) => h("p", {}, `${name}: ${written(columns.get(name).values[run])}`)));
    const box = this.field.getBoundingClientRect();
    const right = place.x - box.left < box.width / 2;
    Object.assign(this.said.style, { left: right ? `${place.x - box.left + 16}px` : "", right: right ? "" : `${box.right - place.x + 16}px`, top: `${TOP}px` });
  }

  #layout() {
    const { axes } = this.shown;
    const sides = SIDE + (this.#named() ? BESIDE : SIDE);
    this.room = this.element.clientWidth;
    const width = Math.max(this.room, sides + LEAST * (axes.length - 1));
    this.gap = (width - sides) / Math.max(1, axes.length - 1);
    this.field.style.width = `${width}px`;
    this.strokes.resize(width, HEIGHT);
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", HEIGHT);
    this.heads.draw(this.shown, this.scales, at => this.#x(at), (place, turned) => this.#y(place, turned));
    this.#paint();
  }

  #x(at) {
    return SIDE + at * this.gap;
  }

  #y(place, turned) {
    return TOP + (turned ? place : 1 - place) * (BOTTOM - TOP);
  }

  /** Share of an axis at a height in px. */
  #share(y, turned) {
    const down = Math.min(1, Math.max(0, (y - TOP) / (BOTTOM - TOP)));
    return turned ? down : 1 - down;
  }

  #points(run) {
    return this.shown.axes.map(({ name, turned }, at) => {
      const place = this.places.get(name)[run];
      return place === null ? null : [this.#x(at), this.#y(place, turned)];
    }).filter(point => point !== null);
  }

  #axis({ name, turned }, at) {
    const x = this.#x(at);
    const range = this.shown.ranges.get(name);
    const [a, b] = range ? range.map(place => this.#y(place, turned)).sort((p, q) => p - q) : [0, 0];
    return [
      s("line", { class: "rule", x1: x, x2: x, y1: TOP, y2: BOTTOM }),
      this.scales.get(name).ticks.map(tick => s("text", { x: x - 7, y: this.#y(tick.place, turned) + 4, "text-anchor": "end" }, short(tick.label, 13))),
      range ? s("rect", { class: "range", x: x - 7, width: 14, y: a, height: Math.max(2, b - a), rx: 2 }) : null,
    ];
  }

  #turn(at) {
    this.#change(this.shown.axes.map((one, n) => (n === at ? { ...one, turned: !one.turned } : one)));
  }

  #change(axes, ranges = this.shown.ranges) {
    this.told.changed(axes, ranges);
  }

  #setRange(name, ends) {
    const ranges = new Map(this.shown.ranges);
    const [low, high] = ends.map(end => Math.min(1, Math.max(0, end))).sort((a, b) => a - b);
    if (low <= 0 && high >= 1) ranges.delete(name);
    else ranges.set(name, [low, high]);
    this.#change(this.shown.axes, ranges);
  }

  #clear() {
    this.#change(this.shown.axes, new Map());
  }

  #key(event, at) {
    const { axes } = this.shown;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1 }[event.key];
    if (to !== undefined && to >= 0 && to < axes.length) this.#change(moved(axes, at, to));
    else if (event.key === "Delete" && axes.length > 2) this.#change(axes.filter((_, n) => n !== at));
    else if (event.key !== "Escape") return;
    else this.#clear();
    event.preventDefault();
  }

  #nudge(event, at, end) {
    const { name, turned } = this.shown.axes[at];
    const ends = [...(this.shown.ranges.get(name) ?? [0, 1])];
    const up = turned ? -1 : 1;
    const step = this.#step(name);
    const to = { ArrowUp: ends[end] + up * step, ArrowDown: ends[end] - up * step, ArrowRight: ends[end] + step, ArrowLeft: ends[end] - step, PageUp: ends[end] + 5 * step, PageDown: ends[end] - 5 * step, Home: 0, End: 1 }[event.key];
    if (event.key === "Escape") this.#setRange(name, [0, 1]);
    else if (to === undefined) return;
    else {
      ends[end] = end ? Math.max(to, ends[0]) : Math.min(to, ends[1]);
      this.#setRange(name, ends);
    }
    event.preventDefault();
  }

  /** From one category to the next, else a fiftieth. */
  #step(name) {
    const { labels } = this.scales.get(name);
    return labels?.length > 1 ? 1 / (labels.length - 1) : NUDGE;
  }

  #grab(event, name) {
    if (event.button !== 0) return;
    this.grip = { part: "name", name };
    this.field.setPointerCapture(event.pointerId);
  }

  #grabEnd(event, at, end) {
    if (event.button !== 0) return;
    const { name } = this.shown.axes[at];
    event.stopPropagation();
    const ends = this.shown.ranges.get(name) ?? [0, 1];
    this.grip = { part: "range", name, other: ends[1 - end], start: event.clientY, moved: false };
    this.field.setPointerCapture(event.pointerId);
  }

  #spot(event) {
    const box = this.field.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const at = Math.min(this.shown.axes.length - 1, Math.max(0, Math.round((x - SIDE) / this.gap)));
    return { x, y, at, near: Math.abs(x - this.#x(at)) <= REACH && y >= TOP - 4 && y <= BOTTOM + 8 };
  }

  #press(event) {
    if (event.button !== 0 || this.grip) return;
    const spot = this.#spot(event);
    if (!spot.near) {
      if (this.pointed !== null && this.pointed !== undefined && event.target === this.strokes.above) this.told.opened(this.pointed);
      return;
    }
    const { name, turned } = this.shown.axes[spot.at];
    const share = this.#share(spot.y, turned);
    const range = this.shown.ranges.get(name);
    const inside = range && share > range[0] && share < range[1];
    this.grip = { part: "range", name, start: event.clientY, moved: false, ...(inside ? { from: share, range } : { other: share }) };
    this.field.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const spot = this.#spot(event);
    const { grip } = this;
    if (!grip) {
      this.field.style.cursor = spot.near ? "crosshair" : "";
      const run = spot.near || event.target !== this.strokes.above ? null : this.#nearest(spot);
      if (run !== null) this.field.style.cursor = "pointer";
      this.point(run, { x: event.clientX });
      return;
    }
    const at = this.shown.axes.findIndex(one => one.name === grip.name);
    if (grip.part === "name") {
      if (spot.at !== at) this.#change(moved(this.shown.axes, at, spot.at));
      return;
    }
    if (!grip.moved && Math.abs(event.clientY - grip.start) <= CLICK) return;
    grip.moved = true;
    const share = this.#share(spot.y, this.shown.axes[at].turned);
    if ("from" in grip) {
      const way = Math.min(1 - grip.range[1], Math.max(-grip.range[0], share - grip.from));
      this.#setRange(grip.name, grip.range.map(end => end + way));
    } else this.#setRange(grip.name, [grip.other, share]);
  }

  #release() {
    const { grip } = this;
    this.grip = null;
    if (grip?.part === "range" && !grip.moved && this.shown.ranges.has(grip.name) && "from" in grip) this.#setRange(grip.name, [0, 1]);
  }

  /** The chosen run whose line is nearest to the pointer, or null. */
  #nearest({ x, y }) {
    let [best, least] = [null, NEAR];
    this.shown.colours.forEach((_, run) => {
      if (this.shown.chosen && !this.shown.chosen.has(run)) return;
      const points = this.#points(run);
      const next = points.findIndex(point => point[0] >= x);
      if (next < 1) return;
      const [[x0, y0], [x1, y1]] = [points[next - 1], points[next]];
      const away = Math.abs(y0 + (y1 - y0) * (x - x0) / (x1 - x0) - y) / Math.hypot(1, (y1 - y0) / (x1 - x0));
      if (away < least) [best, least] = [run, away];
    });
    return best;
  }
}

/** A list with the element at `from` put at `to`. */
function moved(list, from, to) {
  const other = [...list];
  other.splice(to, 0, ...other.splice(from, 1));
  return other;
}

/** The runs that lie in every range, as a set of numbers; null where there is no range. */
export function chosen(columns, ranges, count) {
  if (ranges.size === 0) return null;
  const tests = [...ranges].map(([name, [low, high]]) => {
    const { places } = placed(columns.get(name).values);
    return run => places[run] !== null && places[run] >= low - SLACK && places[run] <= high + SLACK;
  });
  return new Set(Array.from({ length: count }, (_, run) => run).filter(run => tests.every(test => test(run))));
}
