// A chart of curves in a figure of its own: names beside the lines, the best point of each, a stretch that can be enlarged.

import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { plot } from "studio/plot.js";
import { Readout } from "studio/readout.js";
import { brief, spread } from "studio/scale.js";
import { DASHES, fill, s, widthOf } from "studio/svg.js";

const LEAST = 280; // px, width of a chart
const LINE = 15; // px, between two names
const LEAD = 20; // px, from the curves to their names

/**
 * `picked(x)` is called where a place is clicked; null: a click does nothing.
 * draw({ title, over, sayX, lines: [{ name, colour, dash, points, raw, mark }], log, zero, valued }): over is "epoch" or
 * "time", sayX says one in words. points and raw are [x, y]; raw is drawn thin behind. mark: { x, words } of the point that
 * counts most, or null. zero: whether heights begin at 0. valued: whether last values stand beside the lines.
 */
export class Lines {
  constructor(picked = null) {
    this.heading = h("h3", {});
    this.drawing = s("svg", { "aria-hidden": "true" });
    this.words = h("p", {});
    this.back = h("button", { type: "button", class: "text", hidden: true, onclick: () => this.#zoom(null) }, "whole curve");
    this.readout = new Readout(this.drawing, { zoomed: range => this.#zoom(range), picked });
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, this.heading, this.back), this.words, this.readout.pane);
    this.range = null;
    this.here = null;
    new ResizeObserver(() => this.shown && this.element.clientWidth !== this.width && this.#render()).observe(this.element);
  }

  draw(shown) {
    if (this.shown && this.shown.over !== shown.over) this.range = null;
    this.shown = shown;
    this.heading.textContent = `${shown.title} over ${shown.over === "epoch" ? "epochs" : shown.over}`;
    this.element.setAttribute("aria-label", this.heading.textContent);
    this.#render();
  }

  /** Mark the x that something else shows; null: none. */
  point(x) {
    this.here = x;
    if (this.plot) this.#pointHere();
  }

  #render() {
    this.width = this.element.clientWidth;
    if (!this.width) return; // in a tab that is hidden: drawn once it has a width
    const { title, log, lines } = this.shown;
    const drawn = ([x, y]) => Number.isFinite(y) && (!log || y > 0) && (this.range === null || (x >= this.range[0] && x <= this.range[1]));
    const useful = lines.map(line => ({ ...line, points: line.points.filter(drawn), raw: (line.raw ?? []).filter(drawn) }));
    const any = useful.some(line => line.points.length);
    this.plot = any ? plot({ ...this.shown, lines: useful }, this.range, Math.max(LEAST, this.width)) : null;
    this.back.hidden = this.range === null;
    this.readout.pane.hidden = !any;
    this.words.className = any ? "unseen" : "muted";
    this.words.textContent = any ? this.#inWords() : `${title}: ${log ? "nothing above 0" : "no values"}`;
    if (any) this.#fill();
  }

  #fill() {
    const { inner, lines, width, height, over, log, ticks, across, sayX, shared, x, y } = this.plot;
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) this.drawing.setAttribute(name, value);
    this.pointer = s("path", { class: "here" });
    fill(
      this.drawing,
      s("g", { class: "grid" }, ticks.map(value => [
        s("line", { x1: inner.left, x2: inner.right, y1: y(value), y2: y(value) }),
        s("text", { x: inner.left - 8, y: y(value) + 4, "text-anchor": "end" }, brief(value)),
      ])),
      s("g", { class: "grid" }, across.map(value => [
        s("line", { x1: x(value), x2: x(value), y1: inner.top, y2: inner.bottom }),
        s("text", { x: x(value), y: inner.bottom + 18, "text-anchor": "middle" }, sayX(value)),
      ])),
      s("text", { class: "title", x: inner.right, y: height - 4, "text-anchor": "end" }, log ? `${over} (logarithmic height)` : over),
      shared ? this.#rule(shared) : null,
      this.pointer,
      lines.map(line => line.raw.length > 1 ? this.#path(line.raw, line, "raw") : null),
      lines.map(line => line.points.length === 1
        ? s("circle", { r: 3.5, cx: x(line.points[0][0]), cy: y(line.points[0][1]), fill: line.colour })
        : line.points.length ? this.#path(line.points, line, "curve") : null),
      lines.map(line => this.#ring(line)),
      this.#names(),
      this.readout.over(this.plot),
    );
    this.#pointHere();
  }

  #path(points, line, kind) {
    const d = points.map(([x, y], at) => `${at ? "L" : "M"}${this.plot.x(x).toFixed(1)} ${this.plot.y(y).toFixed(1)}`).join("");
    return s("path", { d, class: kind, stroke: line.colour, "stroke-dasharray": kind === "curve" ? DASHES[line.dash] : null });
  }

  /** Around the point of a line that counts most. */
  #ring({ mark, points, colour }) {
    const point = mark && points.find(([x]) => x === mark.x);
    return point ? s("circle", { class: "ring", r: 4.5, cx: this.plot.x(point[0]), cy: this.plot.y(point[1]), stroke: colour }) : null;
  }

  /** Through all lines, where that is the same x in all of them; with its name above. */
  #rule(mark) {
    const { inner, left, right } = this.plot;
    if (mark.x < left || mark.x > right) return null;
    const x = this.plot.x(mark.x);
    const half = widthOf(mark.words) / 2;
    const at = Math.max(inner.left + half, Math.min(inner.right - half, x));
    return [s("line", { class: "rule", x1: x, x2: x, y1: inner.top, y2: inner.bottom }), s("text", { class: "strong", x: at, y: inner.top - 5, "text-anchor": "middle" }, mark.words)];
  }

  #pointHere() {
    const { inner, left, right } = this.plot;
    const seen = this.here !== null && this.here >= left && this.here <= right;
    this.pointer.setAttribute("visibility", seen ? "visible" : "hidden");
    if (!seen) return;
    const x = this.plot.x(this.here).toFixed(1);
    this.pointer.setAttribute("d", `M${x} ${inner.bottom}l-5 8h10zV${inner.top}`);
  }

  /** The name of each line beside its end. */
  #names() {
    const { inner, lines, labels, x, y } = this.plot;
    const ends = lines.map((line, at) => ({ line, label: labels[at] })).filter(({ line }) => line.points.length)
      .map(end => ({ ...end, x: x(end.line.points.at(-1)[0]), y: y(end.line.points.at(-1)[1]) }));
    const places = spread(ends.map(end => end.y), LINE, inner.top + 4, inner.bottom);
    const at = inner.right + LEAD;
    return ends.map((end, n) => [
      s("path", { class: "lead", d: `M${end.x} ${end.y}L${inner.right + 6} ${end.y}L${at - 4} ${places[n]}`, stroke: end.line.colour }),
      s("text", { class: "name", x: at, y: places[n] + 4 }, end.label, s("title", {}, end.line.name)),
    ]);
  }

  /** The chart in words. */
  #inWords() {
    const { title, over, sayX, lines } = this.plot;
    const said = lines.filter(line => line.points.length).map(({ name, points, mark }) => {
      const values = points.map(point => point[1]);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const best = mark && points.find(([x]) => x === mark.x);
      const span = points.length > 1 ? `, from ${figure(values[0])} at ${over} ${sayX(points[0][0])}, between ${figure(least)} and ${figure(most)}` : "";
      return `${name} ends with ${figure(values.at(-1))} at ${over} ${sayX(points.at(-1)[0])}${span}${best ? `, ${figure(best[1])} at ${mark.words}` : ""}`;
    });
    return `${title} over ${over}: ${said.join("; ")}`;
  }

  #zoom(range) {
    this.range = range;
    this.#render();
  }
}
