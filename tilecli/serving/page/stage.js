// The photo and the mask over it: size, zoom, pointing. Knows nothing of verdicts.

import { colour, paint } from "./painter.js";
import { listen } from "./pointers.js";
import { regionNear } from "./regions.js";

const CRISP = 2; // from this enlargement on pixels are shown as squares
const NEAR = 32; // CSS px that one photo pixel may take at most
const SLACK = 6; // CSS px beside a speck that still hit it
const STEP = 1.4; // of zoom, by key or button

export class Stage {
  /** frame holds two canvases, #photo and #mask. pointed(index) when the pointer is on a region, or -1; picked(index)
   * on a click; moved(scale) when the size changes, in CSS px per photo px. */
  constructor(frame, { pointed, picked, moved }) {
    Object.assign(this, { frame, pointed, picked, moved });
    this.photo = frame.querySelector("#photo");
    this.mask = frame.querySelector("#mask");
    this.tag = frame.querySelector("#tag");
    this.picture = null; // what is drawn: an ImageBitmap, or null where the browser cannot read the photo
    this.size = null; // { width, height } of the photo, px
    this.found = null;
    this.marked = -1;
    this.opacity = 0.35;
    this.shown = true;
    this.view = { scale: 1, x: 0, y: 0 }; // device px
    this.fitted = true;
    this.stale = { photo: false, mask: false };
    this.colours = readColours();
    new ResizeObserver(() => this.#resize()).observe(frame);
    this.#listen();
  }

  show(picture, size) {
    if (this.picture && this.picture !== picture) this.picture.close();
    const same = this.size && size && this.size.width === size.width && this.size.height === size.height;
    this.picture = picture;
    this.size = size;
    this.found = null;
    this.marked = -1;
    if (!same || this.fitted) this.fit();
    this.#draw("photo", "mask");
  }

  setMask(found) {
    this.found = found;
    if (this.marked >= (found?.regions.length ?? 0)) this.marked = -1;
    this.#draw("mask");
  }

  setOpacity(share) {
    this.opacity = share;
    this.#draw("mask");
  }

  setShown(shown) {
    this.shown = shown;
    this.#draw("mask");
  }

  /** Point a region out, or none (-1). near: bring it into view, or close by where `near` is "close". */
  mark(index, near = "") {
    if (near && this.found?.regions[index]) this.#bring(this.found.regions[index].box, near === "close");
    if (this.marked === index) return;
    this.marked = index;
    this.#draw("mask");
  }

  fit() {
    this.fitted = true;
    if (!this.size) return;
    this.#move({ scale: this.#fitScale(), x: 0, y: 0 });
  }

  /** Larger (steps > 0) or smaller about a place in CSS px of the frame; about its middle without one. */
  zoom(steps, place = null) {
    if (!this.size) return;
    const ratio = devicePixelRatio;
    const x = place ? place.x * ratio : this.photo.width / 2;
    const y = place ? place.y * ratio : this.photo.height / 2;
    this.#scaleTo(this.view.scale * STEP ** steps, x, y);
  }

  /** Move what is seen by CSS px. */
  pan(dx, dy) {
    if (this.fitted) return;
    const { scale, x, y } = this.view;
    this.#move({ scale, x: x + dx * devicePixelRatio, y: y + dy * devicePixelRatio });
  }

  #fitScale() {
    return Math.min(this.photo.width / this.size.width, this.photo.height / this.size.height);
  }

  #scaleTo(wanted, x, y) {
    const least = this.#fitScale();
    const scale = Math.min(wanted, Math.max(least, NEAR * devicePixelRatio));
    if (scale <= least * 1.001) {
      this.fit();
      return;
    }
    this.fitted = false;
    const factor = scale / this.view.scale;
    this.#move({ scale, x: x - (x - this.view.x) * factor, y: y - (y - this.view.y) * factor });
  }

  /** Take a view; a photo that is smaller than the frame stands in its middle, a larger one never leaves it. */
  #move({ scale, x, y }) {
    const keep = (at, room, length) => (length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, at)));
    this.view = {
      scale,
      x: Math.round(keep(x, this.photo.width, this.size.width * scale)),
      y: Math.round(keep(y, this.photo.height, this.size.height * scale)),
    };
    this.frame.classList.toggle("near", !this.fitted);
    this.moved(scale / devicePixelRatio);
    this.#draw("photo", "mask");
  }

  #bring([left, top, width, height], close) {
    const { width: roomX, height: roomY } = this.photo;
    if (close) {
      const wanted = Math.min(roomX / (width * 3), roomY / (height * 3), 16 * devicePixelRatio);
      this.#scaleTo(Math.max(wanted, this.view.scale), roomX / 2, roomY / 2);
    }
    if (this.fitted) return;
    const { scale } = this.view;
    const x = left * scale + this.view.x;
    const y = top * scale + this.view.y;
    const inside = x >= 0 && y >= 0 && x + width * scale <= roomX && y + height * scale <= roomY;
    if (inside && !close) return;
    const middle = { x: roomX / 2 - (left + width / 2) * scale, y: roomY / 2 - (top + height / 2) * scale };
    this.#move({ scale, ...middle });
  }

  #resize() {
    const width = Math.max(1, Math.round(this.frame.clientWidth * devicePixelRatio));
    const height = Math.max(1, Math.round(this.frame.clientHeight * devicePixelRatio));
    if (width === this.photo.width && height === this.photo.height) return;
    for (const canvas of [this.photo, this.mask]) Object.assign(canvas, { width, height });
    this.image = null;
    if (!this.size) return;
    if (this.fitted) this.fit();
    else this.#scaleTo(this.view.scale, width / 2, height / 2);
    this.#paint(); // at once: a canvas that changed its size is empty
  }

  /** Paint what is stale now and not on the next frame. */
  flush() {
    this.#paint();
  }

  #draw(...layers) {
    const idle = !this.stale.photo && !this.stale.mask;
    for (const layer of layers) this.stale[layer] = true;
    if (idle) requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    if (this.stale.photo) this.#paintPhoto();
    if (this.stale.mask) this.#paintMask();
    this.stale = { photo: false, mask: false };
  }

  #paintPhoto() {
    const context = this.photo.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.photo.width, this.photo.height);
    if (!this.size) return;
    const { scale, x, y } = this.view;
    const { width, height } = this.size;
    if (!this.picture) {
      context.strokeStyle = "#00000040";
      context.strokeRect(x + 0.5, y + 0.5, width * scale - 1, height * scale - 1);
      return;
    }
    context.imageSmoothingEnabled = scale / devicePixelRatio <= CRISP;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture, x, y, width * scale, height * scale);
  }

  #paintMask() {
    const context = this.mask.getContext("2d");
    const size = { width: this.mask.width, height: this.mask.height };
    this.#place();
    if (!this.found || !this.shown) {
      context.clearRect(0, 0, size.width, size.height);
      return;
    }
    this.image ??= context.createImageData(size.width, size.height);
    const { defect, types, halo, outline } = this.colours;
    const { regions } = this.found;
    // One colour, or that of each region's type where the model tells them apart.
    const paintIn = opacity => {
      if (!regions[0]?.kind) return colour(defect, opacity);
      const own = types.map(type => colour(type, opacity));
      return index => own[(regions[index].kind - 1) % own.length];
    };
    const look = {
      fill: paintIn(this.opacity),
      strong: paintIn(Math.min(1, this.opacity + 0.2)),
      outline: paintIn(1),
      halo: colour(halo, 1),
      ring: Math.round(outline * devicePixelRatio),
    };
    paint(new Uint32Array(this.image.data.buffer), size, this.found, this.view, look, this.marked);
    context.putImageData(this.image, 0, 0);
  }

  /** The number beside the region that is pointed out. */
  #place() {
    const region = this.shown ? this.found?.regions[this.marked] : undefined;
    this.tag.hidden = !region;
    if (!region) return;
    const [left, top, width, height] = region.box;
    const { scale, x, y } = this.view;
    const ratio = devicePixelRatio;
    this.tag.textContent = String(this.marked + 1);
    const above = (top * scale + y) / ratio - 32;
    const below = ((top + height) * scale + y) / ratio + 8;
    const place = ((left + width / 2) * scale + x) / ratio;
    this.tag.style.top = `${Math.max(4, above >= 4 ? above : Math.min(below, this.frame.clientHeight - 28))}px`;
    this.tag.style.left = `${Math.min(this.frame.clientWidth - 24, Math.max(24, place))}px`;
  }

  #at({ x, y }) {
    if (!this.found || !this.shown) return -1;
    const ratio = devicePixelRatio;
    const { scale } = this.view;
    const photo = [(x * ratio - this.view.x) / scale, (y * ratio - this.view.y) / scale];
    return regionNear(this.found, photo[0], photo[1], (SLACK * ratio) / scale);
  }

  #listen() {
    listen(this.frame, {
      hover: place => this.pointed(place ? this.#at(place) : -1),
      click: place => this.picked(this.#at(place)),
      drag: (dx, dy) => this.pan(dx, dy),
      pinch: (factor, place) => this.zoom(Math.log(factor) / Math.log(STEP), place),
      wheel: (steps, place) => this.zoom(steps, place),
      twice: place => (this.fitted ? this.zoom(3, place) : this.fit()),
    });
  }
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const token = name => style.getPropertyValue(name).trim();
  const types = Array.from({ length: 8 }, (_, index) => token(`--type-${index + 1}`));
  return { defect: token("--defect"), types, halo: "#FFFFFF", outline: Number.parseFloat(token("--outline")) };
}
