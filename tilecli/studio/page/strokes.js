// The lines of parallel coordinates on three canvases: all runs faint, the chosen ones above them, the pointed one on top.

import { h } from "studio/dom.js";
import { token } from "studio/svg.js";

const FEW = 60; // runs, whose lines may be strong

export class Strokes {
  constructor() {
    this.behind = h("canvas", { "aria-hidden": "true", hidden: true });
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.above = h("canvas", { "aria-hidden": "true" });
  }

  /** All canvases of that many px; empty where that is another size. */
  resize(width, height) {
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width === Math.floor(width * ratio)) return;
    for (const canvas of [this.behind, this.canvas, this.above]) {
      Object.assign(canvas, { width: width * ratio, height: height * ratio });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.drawnFor = null;
  }

  /**
   * `points(run)`: [x, y] of its line; `chosen`: a set of runs, or null; `places`: a text that differs where lines run
   * elsewhere. What is faint is drawn again only then, so that a range that moves costs the chosen lines alone.
   */
  draw(points, colours, chosen, places) {
    this.points = points;
    this.colours = colours;
    const few = colours.length < FEW;
    if (chosen !== null && (this.drawnFor !== places || this.drawnIn !== colours)) {
      this.#draw(this.behind, colours.keys(), few ? 0.15 : 0.06, 1);
      [this.drawnFor, this.drawnIn] = [places, colours];
    }
    this.behind.hidden = chosen === null;
    // Up to 1 px browsers draw lines many times faster.
    this.#draw(this.canvas, chosen ?? colours.keys(), few ? 0.95 : 0.65, few ? 1.8 : 1);
  }

  /** One run stands out, or none. */
  point(run) {
    const context = clean(this.above);
    if (run === null) return;
    for (const [width, colour] of [[6, token("--panel")], [3, this.colours[run]]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      this.#trace(context, run);
    }
  }

  #draw(canvas, runs, alpha, width) {
    const context = clean(canvas);
    context.globalAlpha = alpha;
    context.lineWidth = width;
    for (const run of runs) {
      context.strokeStyle = this.colours[run];
      this.#trace(context, run);
    }
  }

  #trace(context, run) {
    context.beginPath();
    this.points(run).forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  }
}

function clean(canvas) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.globalAlpha = 1;
  return context;
}
