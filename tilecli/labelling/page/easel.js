// The stage: the exposures of one spot side by side, the tools that draw on them, size and place of what is seen.

import { History } from "./history.js";
import { Pane, readColours } from "./pane.js";
import { listen } from "./pen.js";
import { copyOnto, difference, fillHoles } from "./raster.js";
import { Sketch } from "./sketch.js";
import { columnsFor, stepsOf, View } from "./view.js";

const GROW = 1.15; // of the brush, by key or wheel
const THICKEST = 400; // px of the photo

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
    this.view = new View();
    this.pointer = null; // { pane, x, y } in px of the first photo
    this.sketch = new Sketch(this);
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
    this.#see(view => view.fit());
  }

  /** As `View.zoom`. */
  zoom(steps, place = null) {
    this.#see(view => view.zoom(steps, place));
  }

  /** As `View.pan`. */
  pan(dx, dy) {
    this.#see(view => view.pan(dx, dy));
  }

  /** Do something to photos as one step: work(doc, right, down) for the first, or for all where they are linked. */
  step(work, exposures = this.#meant) {
    const before = this.history.begin(exposures.map(({ doc }) => doc));
    for (const { doc, right, down } of exposures) {
      work(doc, right, down);
      doc.changed();
    }
    this.#end(before);
  }

  /** Change masks by hand as one step; work and exposures as in `step`. */
  change(work, exposures = this.#meant) {
    const before = this.history.begin(exposures.map(({ doc }) => doc));
    for (const { doc, right, down } of exposures) work(doc, right, down);
    this.drawn(before);
  }

  /** Masks were drawn on: whose mask is another now has been labelled. */
  drawn(before) {
    for (const { doc, mask } of before) {
      doc.changed();
      if (difference(mask, doc.mask, doc)) this.labelled(doc);
    }
    this.#end(before);
  }

  get #meant() {
    return this.linked ? this.exposures : this.exposures.slice(0, 1);
  }

  fillHoles() {
    this.change(doc => fillHoles(doc.mask, doc));
  }

  clear() {
    this.change(doc => doc.mask.fill(0));
  }

  /** Give every exposure the mask and the type of the one that is looked at, but for those cropped beside the defect. */
  copyToAll() {
    const [{ doc: first }] = this.exposures;
    this.step((doc, right, down) => {
      const own = doc.mask.slice();
      if (doc !== first) copyOnto(first.mask, first, doc.mask, doc, right, down);
      if (first.area > 0 && doc.area === 0) doc.mask.set(own);
      else doc.take({ action: "label", defect: first.defect, reason: "" });
    }, this.exposures);
  }

  undo() {
    if (!this.sketch.back()) this.changed(this.history.undo());
    this.draw();
  }

  redo() {
    this.changed(this.history.redo());
    this.draw();
  }

  /** Give up a stroke or a polygon that is not finished. Returns whether there was one. */
  cancel() {
    const busy = this.sketch.cancel();
    this.draw();
    return busy;
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

  /** What the photos that are shown cover together, px of the first. */
  #extent() {
    const all = this.panes.map(({ doc, right, down }) => [-right, -down, doc.width - right, doc.height - down]);
    const edge = (index, pick) => pick(...all.map(box => box[index]));
    return { left: edge(0, Math.min), top: edge(1, Math.min), right: edge(2, Math.max), bottom: edge(3, Math.max) };
  }

  #see(change) {
    if (this.panes.length === 0) return;
    change(this.view);
    this.moved(this.view.scale / devicePixelRatio);
    this.draw();
  }

  #resize(fresh = false) {
    if (this.panes.length === 0) return;
    const extent = this.#extent();
    const columns = columnsFor(this.panes.length, extent, this.stage.clientWidth, this.stage.clientHeight);
    this.grid.style.setProperty("--columns", columns);
    this.grid.style.setProperty("--rows", Math.ceil(this.panes.length / columns));
    for (const pane of this.panes) pane.resize();
    const { width, height } = this.panes[0].photo;
    this.view.fitted ||= fresh;
    this.#see(view => view.bound(extent, { width, height }));
    this.#paint(); // at once: a canvas that changed its size is empty
  }

  #paint() {
    const erase = this.tool === "eraser";
    const thick = erase || this.tool === "brush" ? this.thick : 0;
    for (const pane of this.panes) {
      const drawsHere = this.pointer && (this.linked || pane === this.pointer.pane);
      const pointer = this.pointer && (this.tool !== "hand" || !drawsHere) ? this.pointer : null;
      const points = this.linked || pane === this.sketch.pane ? this.sketch.points : [];
      pane.tell();
      pane.paintPhoto(this.view);
      pane.paintMask(this.view, this.look);
      pane.paintMarks(this.view, { pointer, thick: drawsHere ? thick : 0, erase, points, box: this.box });
    }
  }

  #end(before) {
    const docs = this.history.end(before);
    if (docs.length > 0) this.changed(docs);
    this.draw();
  }

  #listen(pane) {
    listen(pane.frame, {
      tool: () => this.tool,
      held: () => this.held,
      down: place => {
        this.sketch.down(pane, this.view.place(place));
        this.draw();
      },
      move: place => this.sketch.move(this.view.place(place)),
      up: () => this.sketch.up(),
      cancel: () => {
        this.sketch.interrupt();
        this.draw();
      },
      hover: place => {
        this.pointer = place && { pane, ...this.view.place(place) };
        this.draw();
      },
      pan: (dx, dy) => this.pan(dx, dy),
      pinch: (factor, place) => this.zoom(stepsOf(factor), place),
      wheel: (steps, place, zooms) => {
        if (zooms || this.tool === "hand" || this.tool === "polygon") this.zoom(steps, place);
        else this.grow(steps);
      },
      twice: place => {
        if (this.tool === "hand") this.view.fitted ? this.zoom(3, place) : this.fit();
        else if (this.tool === "polygon") this.sketch.twice();
      },
    });
  }

  /** A photo's mask was changed by hand; set by the page, which knows the types. */
  labelled() {}
}
