// One answer on the stage: its mask and regions at the threshold that the slider says.

import { markRegion, showRegions } from "./panel.js";
import { decode, unpack } from "./photo.js";
import { maskPng } from "./pixels.js";
import { findRegions, nameRegions } from "./regions.js";
import { Stage } from "./stage.js";
import { figure, stem } from "./words.js";

const part = id => document.getElementById(id);
const between = (low, value, high) => Math.min(high, Math.max(low, value));

export class Viewer {
  constructor() {
    this.entry = null;
    this.maps = null; // of the entry, with width and height, once they are unpacked
    this.found = null; // regions at the present threshold
    this.chosen = null; // threshold in steps of 1/255; null follows the model's own
    this.turn = 0; // of loading, so that a slow photo does not replace one chosen after it
    this.asked = 0;
    this.stage = new Stage(part("stage"), {
      pointed: index => this.mark(index, { scroll: true }),
      picked: index => this.#pick(index),
      moved: scale => { part("scale").textContent = `${Math.round(scale * 100)} %`; },
    });
    this.setOpacity(Number(part("opacity").defaultValue));
  }

  /** Put an entry on the stage: with its mask where it has an answer, else the photo alone. */
  async show(entry) {
    this.turn += 1;
    const own = this.turn;
    this.entry = entry;
    this.maps = null;
    const done = entry.state === "done";
    const [picture, maps] = await Promise.all([decode(entry), done ? unpack(entry) : null]);
    if (own !== this.turn) {
      picture?.close();
      return;
    }
    const { width, height } = entry.answer ?? picture ?? { width: 0, height: 0 };
    this.found = null;
    this.stage.show(picture, width > 0 ? { width, height } : null);
    part("blind").hidden = !done || picture !== null;
    if (maps) {
      this.maps = { ...maps, width, height };
      this.refresh();
    }
  }

  get modelLevel() {
    return between(1, Math.round(this.entry.answer.threshold * 255), 255);
  }

  /** Regions, mask and list at the present threshold. */
  refresh() {
    const { probability, mask, width, height } = this.maps;
    const { answer } = this.entry;
    const own = this.chosen === null;
    if (own) {
      // The server's own mask: at its threshold, 8 bits of probability would not decide every pixel as it did.
      this.found = findRegions(mask, width, height, 1, probability);
      takeMeans(this.found.regions, answer.regions);
    } else this.found = findRegions(probability, width, height, this.chosen);
    const { classes } = answer;
    if (this.maps.types) {
      nameRegions(this.found, this.maps.types, width, classes.length);
      if (own) takeKinds(this.found.regions, answer.regions, classes);
    }
    const slider = part("threshold");
    const said = own ? `${figure(answer.threshold)}, the model’s` : figure(this.chosen / 255);
    slider.value = this.chosen ?? this.modelLevel;
    slider.setAttribute("aria-valuetext", said);
    part("threshold-said").textContent = said;
    part("reset").hidden = own;
    part("tick").style.setProperty("--at", (this.modelLevel - 1) / 254);
    this.stage.setMask(this.found);
    showRegions(this.found, this.maps, classes);
    markRegion(this.stage.marked, false);
  }

  /** level: 1–255; the model's own threshold is followed where it is met. */
  setThreshold(level) {
    if (!this.maps) return;
    this.chosen = level === this.modelLevel ? null : between(1, level, 255);
    this.#soon();
  }

  stepThreshold(steps) {
    this.setThreshold(Number(part("threshold").value) + steps);
  }

  /** percent: of the fill; the outline stays as it is. */
  setOpacity(percent) {
    const value = between(0, percent, 100);
    part("opacity").value = value;
    part("opacity-said").textContent = `${value} %`;
    part("opacity").setAttribute("aria-valuetext", `${value} %`);
    this.stage.setOpacity(value / 100);
  }

  stepOpacity(percent) {
    this.setOpacity(Number(part("opacity").value) + percent);
  }

  toggleMask() {
    const shown = part("toggle").getAttribute("aria-pressed") !== "true";
    part("toggle").setAttribute("aria-pressed", String(shown));
    this.stage.setShown(shown);
  }

  /** Point a region out in the photo and in the list, or none (-1). near: see `Stage.mark`. */
  mark(index, { scroll = false, near = "" } = {}) {
    this.stage.mark(index, near);
    markRegion(index, scroll);
  }

  /** Move the focus through the list of regions. */
  stepRegion(steps) {
    const { children } = part("regions");
    const next = this.stage.marked < 0 ? 0 : this.stage.marked + steps;
    children[between(0, next, children.length - 1)]?.firstElementChild.focus();
  }

  /** Save the mask as it is shown. Returns what was saved, in words, or null. */
  async save() {
    if (!this.found || !this.maps) return null;
    const { width, height } = this.maps;
    const link = document.createElement("a");
    link.download = `${stem(this.entry.name)}_mask.png`;
    link.href = URL.createObjectURL(await maskPng(this.found, width, height));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    return `Saved ${link.download}, ${width}×${height} px.`;
  }

  #pick(index) {
    this.mark(index, { scroll: true });
    part("regions").children[index]?.firstElementChild.focus({ preventScroll: true });
  }

  /** Act on a slider once a frame, and paint within that frame. */
  #soon() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      if (this.maps) this.refresh();
      this.stage.flush();
    });
  }
}

/** The server weighs probabilities where the page counts pixels. */
function takeKinds(regions, theirs, classes) {
  const kinds = new Map(theirs.map(({ box, area_px: area, type }) => [`${box} ${area}`, classes.indexOf(type) + 1]));
  for (const region of regions) region.kind = kinds.get(`${region.box} ${region.area}`) || region.kind;
}

/** The server took its means from probabilities that were not rounded to 8 bits. */
function takeMeans(regions, theirs) {
  const means = new Map(theirs.map(({ box, area_px: area, mean_probability: mean }) => [`${box} ${area}`, mean]));
  for (const region of regions) region.mean = means.get(`${region.box} ${region.area}`) ?? region.mean;
}
