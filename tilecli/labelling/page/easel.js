// The stage: the exposures of one spot side by side, the tools that draw on them, size and place of what is seen.

import { History } from "./history.js";
import { Pane } from "./pane.js";
import { listen } from "./pen.js";
import { copyOnto, difference, drawLine, drawPolygon, fillHoles } from "./raster.js";

const NEAR = 32; // CSS px that one photo pixel may take at most
const STEP = 1.4; // of zoom, by key, button or wheel
const GROW = 1.15; // of the brush, by key or wheel
const THICKEST = 400; // px of the photo
const CLOSE = 8; // CSS px from a polygon's first point that close it

export class Easel {
  /** changed(docs) after a step, undone or not; sized(px) when the brush changes; moved(scale) the size of the photo. */
  constructor(stage, { changed, sized, moved }) {
    Object.assign(this, { stage, changed, sized, moved });
    this.grid = stage.querySelector("#panes");
    this.panes = [];
    this.docs = []; // of all exposures, the first is the one that is looked at; also those that are not shown
    this.history = new History();
    this.tool = "brush";
    this.thick = 9; // px of the photo
    this.linked = false; // whether a stroke draws on every exposure
    this.beside = true; // whether the other exposures are shown
    this.contrast = 1;
    this.held = false; // the space bar, which moves the photo
    this.look = { shown: true, opacity: 0.35, colours: readColours() };
    this.view = { scale: 1, x: 0, y: 0 }; // of the first photo, device px
    this.fitted = true;
    this.pointer = null; // { pane, x, y } in px of the first photo
    this.points = []; // of a polygon that is being drawn
    this.stroke = null;
    this.box = null;
    this.asked = 0;
    new ResizeObserver(() => this.#resize()).observe(stage);
  }

  /** exposures: { doc, right, down }, the photo that is looked at first. */
  show(exposures, history, box) {
    this.cancel();
    Object.assign(this, { exposures, history, box, docs: exposures.map(({ doc }) => doc) });
    this.#hang();
  }

  setBeside(beside) {
    this.beside = beside;
    if (this.docs.length > 0) this.#hang();
  }

  /** contrast: 1 as the photos are, see `Pane.stretch`. */
  setContrast(contrast) {
    this.contrast = contrast;
    for (const pane of this.panes) pane.stretch(contrast);
  }

  setTool(tool) {
    this.cancel();
    this.tool = tool;
    this.stage.dataset.tool = tool;
    this.draw();
  }

  setThick(px) {
    this.thick = Math.min(THICKEST, Math.max(1, Math.round(px)));
    this.sized(this.thick);
    this.draw();
  }

  grow(steps) {
    const wanted = this.thick * GROW ** steps;
    this.setThick(steps > 0 ? Math.max(wanted, this.thick + 1) : Math.min(wanted, this.thick - 1));
  }

  fit() {
    this.fitted = true;
    if (this.panes.length > 0) this.#move({ scale: this.#fitScale(), x: 0, y: 0 });
  }

  /** Larger (steps > 0) or smaller about a place in CSS px of a pane; about its middle without one. */
  zoom(steps, place = null) {
    if (this.panes.length === 0) return;
    const { width, height } = this.panes[0].photo;
    const ratio = devicePixelRatio;
    const [x, y] = place ? [place.x * ratio, place.y * ratio] : [width / 2, height / 2];
    const least = this.#fitScale();
    const scale = Math.min(this.view.scale * STEP ** steps, Math.max(least, NEAR * ratio));
    if (scale <= least * 1.001) {
      this.fit();
      return;
    }
    this.fitted = false;
    const factor = scale / this.view.scale;
    this.#move({ scale, x: x - (x - this.view.x) * factor, y: y - (y - this.view.y) * factor });
  }

  /** Move what is seen by CSS px. */
  pan(dx, dy) {
    if (this.fitted) return;
    const { scale, x, y } = this.view;
    this.#move({ scale, x: x + dx * devicePixelRatio, y: y + dy * devicePixelRatio });
  }

  /** Do something to photos as one step: work(doc, right, down) for the first, or for all where they are linked. */
  step(work, exposures = this.linked ? this.exposures : this.exposures.slice(0, 1)) {
    const before = this.history.begin(exposures.map(({ doc }) => doc));
    for (const { doc, right, down } of exposures) {
      work(doc, right, down);
      doc.changed();
    }
    this.#end(before);
  }

  fillHoles() {
    this.#draw(this.exposures, doc => fillHoles(doc.mask, doc));
  }

  clear() {
    this.#draw(this.exposures, doc => doc.mask.fill(0));
  }

  /** Give every exposure the mask and the type of the one that is looked at. */
  copyToAll() {
    const [{ doc: first }] = this.exposures;
    this.step((doc, right, down) => {
      if (doc !== first) copyOnto(first.mask, first, doc.mask, doc, right, down);
      doc.take({ action: "label", defect: first.defect, reason: "" });
    }, this.exposures);
  }

  undo() {
    if (this.points.length > 0) this.points.pop();
    else this.changed(this.history.undo());
    this.draw();
  }

  redo() {
    this.changed(this.history.redo());
    this.draw();
  }

  /** Give up a stroke or a polygon that is not finished. Returns whether there was one. */
  cancel() {
    const busy = this.stroke !== null || this.points.length > 0;
    if (this.stroke) this.history.cancel(this.stroke.before);
    this.stroke = null;
    this.points = [];
    this.draw();
    return busy;
  }

  /** Draw the polygon whose points are set; `value` 0 cuts it out. */
  close(value = 1) {
    const { points } = this;
    this.points = [];
    if (points.length > 2) {
      this.#draw(this.#drawnOn(this.polygonPane), (doc, right, down) => {
        drawPolygon(doc.mask, doc, points.map(({ x, y }) => ({ x: x + right, y: y + down })), value);
      });
    }
    this.draw();
  }

  /** Paint everything on the next frame. */
  draw() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.#paint();
    });
  }

  #hang() {
    for (const { frame } of this.panes) frame.remove();
    const shown = this.beside ? this.exposures : this.exposures.slice(0, 1);
    this.panes = shown.map((exposure, index) => new Pane(exposure.doc, { ...exposure, first: index === 0 }));
    this.grid.append(...this.panes.map(({ frame }) => frame));
    this.grid.classList.toggle("several", this.panes.length > 1);
    for (const pane of this.panes) this.#listen(pane);
    this.setContrast(this.contrast);
    this.pointer = null;
    this.#resize(true);
  }

  /** As many columns as show the photos largest. */
  #arrange() {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    const { left, top, right, bottom } = this.#extent();
    const count = this.panes.length;
    const scale = columns => Math.min(wide / columns / (right - left), high / Math.ceil(count / columns) / (bottom - top));
    const best = this.panes.map((_, index) => index + 1).reduce((a, b) => (scale(b) > scale(a) ? b : a));
    this.grid.style.setProperty("--columns", best);
    this.grid.style.setProperty("--rows", Math.ceil(count / best));
  }

  /** What the photos that are shown cover together, px of the first. */
  #extent() {
    const all = this.panes.map(({ doc, right, down }) => [-right, -down, doc.width - right, doc.height - down]);
    const edge = (index, pick) => pick(...all.map(box => box[index]));
    return { left: edge(0, Math.min), top: edge(1, Math.min), right: edge(2, Math.max), bottom: edge(3, Math.max) };
  }

  #fitScale() {
    const { left, top, right, bottom } = this.#extent();
    const { width, height } = this.panes[0].photo;
    return Math.min(width / (right - left), height / (bottom - top));
  }

  /** Take a view; photos smaller than the pane stand in its middle, larger ones never leave it. */
  #move({ scale, x, y }) {
    const { left, top, right, bottom } = this.#extent();
    const { width, height } = this.panes[0].photo;
    const keep = (at, room, from, to) => {
      const length = (to - from) * scale;
      const start = at + from * scale;
      const kept = length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, start));
      return Math.round(kept - from * scale);
    };
    this.view = { scale, x: keep(x, width, left, right), y: keep(y, height, top, bottom) };
    this.moved(scale / devicePixelRatio);
    this.draw();
  }

  #resize(fresh = false) {
    if (this.panes.length === 0) return;
    this.#arrange();
    for (const pane of this.panes) pane.resize();
    if (this.fitted || fresh) this.fit();
    else this.#move(this.view);
    this.#paint(); // at once: a canvas that changed its size is empty
  }

  #paint() {
    const erase = this.tool === "eraser";
    const thick = erase || this.tool === "brush" ? this.thick : 0;
    for (const pane of this.panes) {
      const drawsHere = this.pointer && (this.linked || pane === this.pointer.pane);
      const pointer = this.pointer && (this.tool !== "hand" || !drawsHere) ? this.pointer : null;
      const points = this.linked || pane === this.polygonPane ? this.points : [];
      pane.tell();
      pane.paintPhoto(this.view);
      pane.paintMask(this.view, this.look);
      pane.paintMarks(this.view, { pointer, thick: drawsHere ? thick : 0, erase, points, box: this.box });
    }
  }

  #drawnOn(pane) {
    return this.linked ? this.exposures : this.exposures.filter(({ doc }) => doc === pane.doc);
  }

  /** Change masks as one step. */
  #draw(exposures, work) {
    const meant = this.linked ? exposures : exposures.slice(0, 1);
    const before = this.history.begin(meant.map(({ doc }) => doc));
    for (const { doc, right, down } of meant) work(doc, right, down);
    this.#drawn(before);
  }

  /** Masks were drawn on: whose mask is another now has been labelled. */
  #drawn(before) {
    for (const { doc, mask } of before) {
      doc.changed();
      if (difference(mask, doc.mask, doc)) this.labelled(doc);
    }
    this.#end(before);
  }

  #end(before) {
    const docs = this.history.end(before);
    if (docs.length > 0) this.changed(docs);
    this.draw();
  }

  #down(pane, place) {
    const at = pane.place(place, this.view);
    if (this.tool === "polygon") {
      this.#corner(pane, at);
      return;
    }
    const exposures = this.#drawnOn(pane);
    this.stroke = { exposures, before: this.history.begin(exposures.map(({ doc }) => doc)), last: at };
    this.#line(at);
  }

  #corner(pane, at) {
    if (this.points.length === 0) this.polygonPane = pane;
    const [first] = this.points;
    const near = first && Math.hypot(at.x - first.x, at.y - first.y) * this.view.scale < CLOSE * devicePixelRatio;
    if (near && this.points.length > 2) this.close();
    else this.points.push(at);
    this.draw();
  }

  #line(at) {
    const { exposures, last } = this.stroke;
    const value = this.tool === "eraser" ? 0 : 1;
    for (const { doc, right, down } of exposures) {
      const [from, to] = [last, at].map(({ x, y }) => ({ x: x + right, y: y + down }));
      drawLine(doc.mask, doc, from, to, this.thick, value);
      doc.changed();
    }
    this.stroke.last = at;
    this.draw();
  }

  #listen(pane) {
    listen(pane, {
      tool: () => this.tool,
      held: () => this.held,
      down: (on, place) => this.#down(on, place),
      move: (on, place) => this.stroke && this.#line(on.place(place, this.view)),
      up: () => {
        const { stroke } = this;
        this.stroke = null;
        if (stroke) this.#drawn(stroke.before);
      },
      cancel: () => this.cancel(),
      hover: (on, place) => {
        this.pointer = place && { pane: on, ...on.place(place, this.view) };
        this.draw();
      },
      pan: (dx, dy) => this.pan(dx, dy),
      pinch: (factor, place) => this.zoom(Math.log(factor) / Math.log(STEP), place),
      wheel: (steps, place, zooms) => {
        if (zooms || this.tool === "hand" || this.tool === "polygon") this.zoom(steps, place);
        else this.grow(steps);
      },
      twice: (on, place) => {
        if (this.tool === "hand") this.fitted ? this.zoom(3, place) : this.fit();
        else if (this.tool === "polygon" && this.points.length > 3) {
          this.points.pop(); // the second click of two has set a point already
          this.close();
        }
      },
    });
  }

  /** A photo's mask was changed by hand; set by the page, which knows the types. */
  labelled() {}
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const token = name => style.getPropertyValue(name).trim();
  return { defect: token("--defect"), outline: Number.parseFloat(token("--outline")) };
}
