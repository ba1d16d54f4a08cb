// A few fixed validation photos as they were predicted after each validation, with a slider through the epochs.

import { keep, said } from "studio/address.js";
import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { epoch } from "studio/pictures.js";

const FRAME_MS = 250; // of the film

export class Epochs {
  /** `shown(epoch)`: which one is, null where it is the newest. */
  constructor(place, run, shown) {
    this.place = place;
    this.shown = shown;
    this.run = run;
    this.index = null;
    this.images = new Map();
    this.at = null; // position; null: the newest
    this.wanted = Number(said("epoch")) || null;
    this.film = null;
    this.slider = h("input", { type: "range", min: 0, step: 1, id: "epoch", "aria-label": "epoch" });
    this.words = h("output", { for: "epoch" });
    this.marked = h("input", { type: "checkbox", checked: said("bare") !== "1", id: "marked" });
    this.play = h("button", { type: "button" }, "Play");
    this.strip = h("div", { class: "strip" });
    place.replaceChildren(
      h("div", { class: "bar-of-tools" },
        h("h2", {}, "Validation photos, epoch by epoch"),
        this.play, this.slider, this.words,
        h("label", {}, this.marked, " prediction and truth")),
      this.strip,
      h("p", { class: "legend" },
        h("span", { class: "key defect" }), "predicted from 0.5 on", h("span", { class: "key truth" }), "outline of the truth"),
    );
    this.slider.addEventListener("input", () => {
      this.stop();
      this.go(Number(this.slider.value));
    });
    this.marked.addEventListener("change", () => {
      keep({ bare: this.marked.checked ? "" : "1" });
      this.show();
    });
    this.play.addEventListener("click", () => (this.film === null ? this.start() : this.stop()));
  }

  draw(index) {
    this.place.hidden = !index.epochs?.length;
    if (this.place.hidden) return;
    const names = JSON.stringify(index.photos);
    if (names !== this.names) {
      this.names = names;
      this.images.clear();
      this.canvases = index.photos.map(({ name, defect, box: [, , w, height] }) => {
        const canvas = h("canvas", { width: w, height, role: "img", "aria-label": `${name}, ${defect}` });
        const caption = h("figcaption", {});
        this.strip.append(h("figure", {}, canvas, caption));
        return { canvas, caption };
      });
      this.strip.replaceChildren(...[...this.strip.children].slice(-index.photos.length));
    }
    this.index = index;
    const last = index.epochs.length - 1;
    this.slider.max = last;
    if (this.wanted !== null) {
      const found = index.epochs.findIndex(entry => entry.epoch === this.wanted);
      this.at = found < 0 || found === last ? null : found;
      this.wanted = null;
    }
    this.show();
  }

  go(at) {
    const last = this.index.epochs.length - 1;
    this.at = at >= last ? null : at;
    keep({ epoch: this.at === null ? "" : this.index.epochs[at].epoch });
    this.show();
  }

  /** To the epoch that has pictures and is nearest to `epoch`. */
  goNear(epoch) {
    if (!this.index) return;
    this.stop();
    const away = this.index.epochs.map(entry => Math.abs(entry.epoch - epoch));
    this.go(away.indexOf(Math.min(...away)));
  }

  start() {
    this.play.textContent = "Stop";
    let at = this.at ?? -1;
    this.film = setInterval(() => {
      at += 1;
      this.go(at);
      if (at >= this.index.epochs.length - 1) this.stop();
    }, FRAME_MS);
  }

  stop() {
    clearInterval(this.film);
    this.film = null;
    this.play.textContent = "Play";
  }

  image(file) {
    let found = this.images.get(file);
    if (!found) {
      found = new Image();
      found.src = epoch(this.run, file);
      this.images.set(file, found);
    }
    return found;
  }

  async show() {
    const { epochs, photos, plain } = this.index;
    const at = this.at ?? epochs.length - 1;
    const entry = epochs[at];
    this.shown(this.at === null ? null : entry.epoch);
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `epoch ${entry.epoch}`);
    this.words.textContent = `epoch ${entry.epoch} of ${epochs.at(-1).epoch}`;
    const image = this.image(this.marked.checked ? entry.file : plain);
    // The one that is asked for last is the one that is drawn, whichever comes first.
    this.showing = image;
    try {
      await image.decode();
    } catch {
      return; // gone meanwhile, as a training that starts afresh takes its pictures with it
    }
    if (this.showing !== image) return;
    photos.forEach(({ name, defect, box: [x, y, w, height] }, number) => {
      const { canvas, caption } = this.canvases[number];
      canvas.getContext("2d").drawImage(image, x, y, w, height, 0, 0, w, height);
      caption.replaceChildren(
        h("b", {}, defect), " ", h("span", { class: "muted" }, name), h("span", { class: "dice" }, `Dice ${figure(entry.dice[number])}`),
      );
    });
    for (const near of [at - 1, at + 1]) if (epochs[near] && this.marked.checked) this.image(epochs[near].file);
  }
}
