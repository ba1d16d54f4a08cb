// Parallel coordinates: a line for each run over axes that are moved, turned over and brushed, by pointer or by keys.

import { h } from "studio/dom.js";
import { axis, breakable, short, spread, written } from "studio/scale.js";
import { fill, s, token } from "studio/svg.js";

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
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.above = h("canvas", { "aria-hidden": "true" });
    this.drawing = s("svg", { "aria-hidden": "true" });
    this.heads = h("div", {});
    this.said = h("div", { class: "said", hidden: true });
    this.field = h("div", {
      class: "field",
      onpointerdown: event => this.#press(event), onpointermove: event => this.#move(event),
      onpointerup: event => this.#release(event), onlostpointercapture: () => { this.grip = null; },
      onpointerleave: () => this.point(null), ondblclick: event => event.target === this.above && this.#clear(),
    }, this.canvas, this.drawing, this.above, this.heads, this.said);
    this.element = h("div", { class: "coordinates", role: "group", "aria-label": "Axes" }, this.field);
    new ResizeObserver(() => this.shown && this.#layout()).observe(this.element);
  }

  /** columns: name → { values, high }; axes: [{ name, turned }]; ranges: name → [low, high] as shares; colours of the runs; names. */
  draw(shown) {
    this.shown = shown;
    this.scales = new Map(shown.axes.map(({ name }) => [name, axis(shown.columns.get(name).values)]));
    this.places = new Map(shown.axes.map(({ name }) => [name, shown.columns.get(name).values.map(this.scales.get(name).place)]));
    this.#layout();
  }

  /** Other colours, and which runs are chosen, of what is drawn already. */
  paint() {
    const context = this.#clean(this.canvas);
    const { colours, chosen } = this.shown;
    const few = colours.length < 60;
    const stroke = (run, alpha, width) => {
      context.globalAlpha = alpha;
      context.lineWidth = width;
      context.strokeStyle = colours[run];
      this.#trace(context, run);
    };
    colours.forEach((_, run) => chosen && !chosen.has(run) && stroke(run, few ? 0.15 : 0.06, 1));
    colours.forEach((_, run) => (!chosen || chosen.has(run)) && stroke(run, few ? 0.95 : 0.55, few ? 1.8 : 1.2));
    fill(this.drawing, this.shown.axes.map((one, at) => this.#axis(one, at)), this.#named() ? this.#names() : null);
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
    const context = this.#clean(this.above);
    this.said.hidden = run === null || place === null;
    if (run !== null) {
      context.lineWidth = 6;
      context.strokeStyle = token("--panel");
      this.#trace(context, run);
      context.lineWidth = 3;
      context.strokeStyle = this.shown.colours[run];
      this.#trace(context, run);
    }
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
    const width = Math.max(this.element.clientWidth, sides + LEAST * (axes.length - 1));
    this.gap = (width - sides) / Math.max(1, axes.length - 1);
    this.field.style.width = `${width}px`;
    const ratio = devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.above]) {
      Object.assign(canvas, { width: width * ratio, height: HEIGHT * ratio });
      Object.assign(canvas.style, { width: `${width}px`, height: `${HEIGHT}px` });
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", HEIGHT);
    const held = this.heads.contains(document.activeElement) ? document.activeElement.dataset.holds : null;
    this.heads.replaceChildren(...axes.flatMap((one, at) => this.#head(one, at)));
    if (held) this.heads.querySelector(`[data-holds="${CSS.escape(held)}"]`)?.focus();
    this.paint();
  }

  #clean(canvas) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
    context.lineJoin = "round";
    return context;
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

  #trace(context, run) {
    context.beginPath();
    this.#points(run).forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
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

  #head({ name, turned }, at) {
    const { axes, columns } = this.shown;
    const left = `${this.#x(at)}px`;
    const low = columns.get(name).high === false ? "lower is better" : "";
    const about = `${name} ${low}, axis ${at + 1} of ${axes.length}. Left and right arrows move it, Delete takes it away.`;
    const label = h("button", { type: "button", class: "name", "aria-label": about, title: name, data: { holds: `name ${name}` }, onkeydown: event => this.#key(event, at), onpointerdown: event => this.#grab(event, name) }, h("span", {}, breakable(name.replace(/^train\./, "")), low ? h("small", {}, low) : null));
    const turn = h("button", { type: "button", class: "turn", "aria-label": `Turn ${name} over`, "aria-pressed": String(turned), title: turned ? "high values are below" : "turn over", data: { holds: `turn ${name}` }, onclick: () => this.#change(axes.map((one, n) => (n === at ? { ...one, turned: !turned } : one))) }, turned ? "↓" : "↑");
    const box = h("div", { class: "head" }, label, turn);
    box.style.left = left;
    const range = this.shown.ranges.get(name) ?? [0, 1];
    return [box, ...[["from", range[0], 0], ["to", range[1], 1]].map(([words, place, end]) => {
      const value = this.scales.get(name).value(place);
      const handle = h("div", {
        class: "end", role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-label": `${name}, ${words}`, data: { holds: `${words} ${name}` },
        "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(100 * place), "aria-valuetext": written(value),
        onkeydown: event => this.#nudge(event, name, turned, end), onpointerdown: event => this.#grabEnd(event, name, end),
      });
      Object.assign(handle.style, { left, top: `${this.#y(place, turned)}px` });
      return handle;
    })];
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

  #nudge(event, name, turned, end) {
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

  #grabEnd(event, name, end) {
    if (event.button !== 0) return;
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
      if (this.pointed !== null && this.pointed !== undefined && event.target === this.above) this.told.opened(this.pointed);
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
      const run = spot.near || event.target !== this.above ? null : this.#nearest(spot);
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
    const { values } = columns.get(name);
    const places = values.map(axis(values).place);
    return run => places[run] !== null && places[run] >= low - SLACK && places[run] <= high + SLACK;
  });
  return new Set(Array.from({ length: count }, (_, run) => run).filter(run => tests.every(test => test(run))));
}
