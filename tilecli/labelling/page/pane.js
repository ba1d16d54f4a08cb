// One photo with its mask on the stage. All panes of a spot share one view, moved by what the photos are apart.

import { colour, paint } from "./painter.js";

const CRISP = 2; // from this enlargement on pixels are shown as squares
const HIDDEN = 0.45; // opacity of what is to be seen of a rejected photo

export class Pane {
  /** right, down: what is at (x, y) of the first photo is at (x + right, y + down) of this one. */
  constructor(doc, { right, down, first }) {
    Object.assign(this, { doc, right, down, first, said: "" });
    this.frame = document.createElement("div");
    this.frame.className = "pane";
    this.frame.dataset.photo = doc.name;
    const layers = ["photo", "mask", "marks"].map(name => {
      const canvas = document.createElement("canvas");
      canvas.className = name;
      this.frame.append(canvas);
      return canvas;
    });
    [this.photo, this.mask, this.marks] = layers;
    this.photo.setAttribute("role", "img");
    this.caption = document.createElement("p");
    this.frame.append(this.caption);
    this.tell();
    this.image = null;
    this.painted = { photo: "", mask: "" }; // what was painted last, so that a mere move of the pointer paints neither
  }

  /** Say which photo this is, and what it is at the moment. */
  tell() {
    const { facts, action, defect, name } = this.doc;
    const light = facts.exposure ? [`exposure ${facts.exposure}`] : [];
    const words = [...light, action === "reject" ? "rejected" : defect, name].join(" · ");
    if (words === this.said) return;
    this.said = words;
    this.caption.textContent = words;
    this.photo.setAttribute("aria-label", words);
  }

  /** Take the size that the frame has. */
  resize() {
    const width = Math.max(1, Math.round(this.frame.clientWidth * devicePixelRatio));
    const height = Math.max(1, Math.round(this.frame.clientHeight * devicePixelRatio));
    if (width === this.photo.width && height === this.photo.height) return;
    for (const canvas of [this.photo, this.mask, this.marks]) Object.assign(canvas, { width, height });
    this.image = null;
    this.painted = { photo: "", mask: "" };
  }

  /** contrast: 1 as it is, more stretches it about the photo's own middle grey: of one spot, some are dark. */
  stretch(contrast) {
    const { picture } = this.doc;
    if (contrast <= 1 || !picture) {
      this.photo.style.filter = "";
      return;
    }
    const lift = 1 + (128 / Math.min(247, Math.max(8, meanOf(picture))) - 1) * Math.min(1, (contrast - 1) * 2);
    this.photo.style.filter = `brightness(${lift}) contrast(${contrast})`;
  }

  /** The view as this photo has it. */
  #own({ scale, x, y }) {
    return { scale, x: x - this.right * scale, y: y - this.down * scale };
  }

  paintPhoto(view) {
    const context = this.photo.getContext("2d");
    const { scale, x, y } = this.#own(view);
    if (!this.#stale("photo", [scale, x, y, this.doc.action === "reject"])) return;
    context.clearRect(0, 0, this.photo.width, this.photo.height);
    if (!this.doc.picture) return;
    context.globalAlpha = this.doc.action === "reject" ? HIDDEN : 1;
    context.imageSmoothingEnabled = scale / devicePixelRatio <= CRISP;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.doc.picture, x, y, this.doc.width * scale, this.doc.height * scale);
    context.globalAlpha = 1;
  }

  paintMask(view, { shown, opacity, colours }) {
    const context = this.mask.getContext("2d");
    const size = { width: this.mask.width, height: this.mask.height };
    const { scale, x, y } = this.#own(view);
    if (!this.#stale("mask", [scale, x, y, this.doc.action === "reject", shown, opacity, this.doc.version])) return;
    if (!shown || this.doc.action === "reject") {
      context.clearRect(0, 0, size.width, size.height);
      return;
    }
    this.image ??= context.createImageData(size.width, size.height);
    const look = {
      fill: colour(colours.defect, opacity),
      strong: 0,
      outline: colour(colours.defect, 1),
      halo: 0,
      ring: Math.round(colours.outline * devicePixelRatio),
    };
    paint(new Uint32Array(this.image.data.buffer), size, this.doc.drawn, { scale, x, y }, look);
    context.putImageData(this.image, 0, 0);
  }

  #stale(layer, values) {
    const key = values.join(" ");
    const stale = key !== this.painted[layer];
    this.painted[layer] = key;
    return stale;
  }

  /** Pointer, polygon and what an audit points out. Places are of the first photo. */
  paintMarks(view, { pointer, thick, erase, points, box }) {
    const context = this.marks.getContext("2d");
    context.clearRect(0, 0, this.marks.width, this.marks.height);
    const at = ({ x, y }) => [x * view.scale + view.x, y * view.scale + view.y];
    const twice = (width, dash, path) => {
      for (const [style, wide] of [["#000000B0", width + 2], ["#FFFFFF", width]]) {
        context.setLineDash(dash);
        Object.assign(context, { strokeStyle: style, lineWidth: wide * devicePixelRatio });
        context.beginPath();
        path();
        context.stroke();
      }
    };
    if (box && this.first) {
      const [x, y] = at({ x: box[0], y: box[1] });
      twice(1, [6, 4], () => context.rect(x, y, box[2] * view.scale, box[3] * view.scale));
    }
    if (points.length > 0) {
      const line = pointer ? [...points, pointer] : points;
      twice(1.5, [], () => line.forEach((point, index) => (index ? context.lineTo(...at(point)) : context.moveTo(...at(point)))));
      for (const point of points) twice(1.5, [], () => context.arc(...at(point), 3 * devicePixelRatio, 0, 7));
    } else if (pointer && thick) {
      const radius = Math.max((thick / 2) * view.scale, 1.5 * devicePixelRatio);
      twice(1.5, erase ? [4, 3] : [], () => context.arc(...at(pointer), radius, 0, 7));
    } else if (pointer) twice(1.5, [], () => context.arc(...at(pointer), 2 * devicePixelRatio, 0, 7));
  }
}

/** The mean grey of a picture, 0–255. */
function meanOf(picture) {
  const context = new OffscreenCanvas(16, 16).getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
  return sum / (3 * 256);
}

/** The colour and the outline of masks, by the tokens of every page. */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const token = name => style.getPropertyValue(name).trim();
  return { defect: token("--defect"), outline: Number.parseFloat(token("--outline")) };
}
