// A stroke or a polygon that is being drawn, on one photo or on all exposures of its spot.

import { drawLine, drawPolygon } from "./raster.js";

const CLOSE = 8; // CSS px from a polygon's first point that close it

export class Sketch {
  /** easel: gives the tool, its size, the exposures and the view, and takes what is done as a step. */
  constructor(easel) {
    this.easel = easel;
    this.stroke = null; // { exposures, before, last }
    this.points = []; // corners of a polygon, px of the first photo
    this.pane = null; // that the polygon is drawn in
  }

  /** The pointer goes down at a place of the first photo. */
  down(pane, at) {
    if (this.easel.tool === "polygon") {
      this.#corner(pane, at);
      return;
    }
    const exposures = this.#drawnOn(pane);
    this.stroke = { exposures, before: this.easel.history.begin(exposures.map(({ doc }) => doc)), last: at };
    this.move(at);
  }

  move(at) {
    if (!this.stroke) return;
    const { exposures, last } = this.stroke;
    const value = this.easel.tool === "eraser" ? 0 : 1;
    for (const { doc, right, down } of exposures) {
      const [from, to] = [last, at].map(({ x, y }) => ({ x: x + right, y: y + down }));
      drawLine(doc.mask, doc, from, to, this.easel.thick, value);
      doc.changed();
    }
    this.stroke.last = at;
    this.easel.draw();
  }

  up() {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) this.easel.drawn(stroke.before);
  }

  /** A second click at one place: the first of the two has set a corner already. */
  twice() {
    if (this.points.length < 4) return;
    this.points.pop();
    this.close();
  }

  /** Take the last corner back. Returns whether there was one. */
  back() {
    return this.points.pop() !== undefined;
  }

  /** A second finger came: the first did not mean to draw. */
  interrupt() {
    if (this.stroke) this.cancel();
    else this.back();
  }

  /** Give it up. Returns whether there was something. */
  cancel() {
    const busy = this.stroke !== null || this.points.length > 0;
    if (this.stroke) this.easel.history.cancel(this.stroke.before);
    this.stroke = null;
    this.points = [];
    return busy;
  }

  /** Draw the polygon whose corners are set; `value` 0 cuts it out. */
  close(value = 1) {
    const { points } = this;
    this.points = [];
    if (points.length < 3) return;
    this.easel.change((doc, right, down) => {
      drawPolygon(doc.mask, doc, points.map(({ x, y }) => ({ x: x + right, y: y + down })), value);
    }, this.#drawnOn(this.pane));
  }

  #corner(pane, at) {
    if (this.points.length === 0) this.pane = pane;
    const [first] = this.points;
    const { scale } = this.easel.view;
    const near = first && Math.hypot(at.x - first.x, at.y - first.y) * scale < CLOSE * devicePixelRatio;
    if (near && this.points.length > 2) this.close();
    else this.points.push(at);
  }

  #drawnOn(pane) {
    const { linked, exposures } = this.easel;
    return linked ? exposures : exposures.filter(({ doc }) => doc === pane.doc);
  }
}
