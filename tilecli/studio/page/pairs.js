// The same test photos with every run's mask.

import { asked, keep } from "studio/address.js";
import { lay, lookCloser } from "studio/closer.js";
import { h } from "studio/dom.js";
import { figure, signed } from "studio/format.js";
import { link } from "studio/live.js";
import { below, picture as drawn, whyNot } from "studio/pictures.js";
import { swatch } from "studio/readout.js";

const PAGE = 8; // photos that are shown at a time
const place = id => document.getElementById(id);
const known = values => values.filter(value => value !== null);
const spread = ({ dice }) => (known(dice).length > 1 ? Math.max(...known(dice)) - Math.min(...known(dice)) : -1);
// On good photos Dice is 1 or 0: one stray pixel there would hide every real change.
const isGood = ({ defect }) => Number(defect === "good");
const split = ({ verdicts }) => Number(new Set(known(verdicts)).size < 2);
const byName = (a, b) => a.photo.localeCompare(b.photo);
const worst = ({ dice }) => Math.min(...known(dice));
const ORDERS = {
  differ: (a, b) => isGood(a) - isGood(b) || spread(b) - spread(a) || byName(a, b),
  verdict: (a, b) => split(a) - split(b) || isGood(a) - isGood(b) || spread(b) - spread(a) || byName(a, b),
  worst: (a, b) => isGood(a) - isGood(b) || worst(a) - worst(b) || byName(a, b),
  photo: byName,
};

export class Photos {
  constructor() {
    const query = asked();
    this.type = query.get("type") ?? "";
    place("order").value = query.get("order") in ORDERS ? query.get("order") : "differ";
    this.most = PAGE;
    place("type").addEventListener("change", () => {
      this.type = place("type").value;
      this.#change({ type: this.type || null });
    });
    place("order").addEventListener("change", () => this.#change({ order: place("order").value === "differ" ? null : place("order").value }));
    place("more").addEventListener("click", () => {
      this.most += PAGE;
      this.#render();
    });
  }

  draw(shown) {
    const same = this.shown && JSON.stringify([this.shown.photos, this.shown.runs]) === JSON.stringify([shown.photos, shown.runs]);
    this.shown = shown;
    if (same) return; // pictures that are there need not be fetched again
    const types = [...new Set(shown.photos.map(photo => photo.defect))].sort((a, b) => (a === "good") - (b === "good") || a.localeCompare(b));
    if (!types.includes(this.type)) this.type = "";
    const count = type => shown.photos.filter(photo => photo.defect === type).length;
    place("type").replaceChildren(h("option", { value: "" }, `all (${shown.photos.length})`), ...types.map(type => h("option", { value: type, selected: type === this.type }, `${type} (${count(type)})`)));
    this.rows = new Map();
    this.#render();
  }

  #change(values) {
    keep(values);
    this.most = PAGE;
    this.#render();
  }

  #render() {
    const { photos } = this.shown;
    const chosen = photos.filter(photo => this.type === "" || photo.defect === this.type).sort(ORDERS[place("order").value]);
    const seen = chosen.slice(0, this.most);
    place("counted").textContent = photos.length ? `${seen.length} of ${chosen.length} photos` : "";
    for (const photo of seen) if (!this.rows.has(photo.photo)) this.rows.set(photo.photo, this.#row(photo));
    place("photos").replaceChildren(...(photos.length ? seen.map(photo => this.rows.get(photo.photo)) : [h("li", { class: "muted" }, "None of the runs was tested: ", h("code", {}, "tiles eval"))]));
    place("more").hidden = chosen.length <= seen.length;
    place("more").textContent = `Show ${Math.min(PAGE, chosen.length - seen.length)} more`;
  }

  #row(photo) {
    const { runs } = this.shown;
    const source = runs.find((_, at) => photo.dice[at] !== null);
    const tested = runs.map((run, at) => ({ run, at })).filter(({ at }) => photo.dice[at] !== null);
    const large = [
      { address: drawn(source.name, photo.photo, "photo"), name: "photo", words: `${photo.defect}, ${photo.tile}` },
      ...tested.map(({ run, at }) => ({ address: drawn(run.name, photo.photo, "overlay"), ground: below(run.name, photo.photo), name: run.name, words: said(photo, at) })),
    ];
    const closer = number => () => lookCloser(photo.photo, large, number);
    const apart = spread(photo);
    return h("li", {},
      h("p", { class: "of" }, h("code", {}, photo.photo), h("span", {}, photo.defect), h("span", { class: "muted" }, photo.tile),
        apart > 0 ? h("span", {}, `Dice differs by ${figure(apart)}`) : apart === 0 ? h("span", { class: "muted" }, "the same Dice") : null),
      h("div", { class: "row" },
        h("figure", {}, picture(source.name, photo.photo, "photo", `${photo.photo}, the photo`, closer(0)), h("figcaption", {}, "photo")),
        runs.map((run, at) => of(run, at, photo, closer(1 + tested.findIndex(one => one.at === at))))));
  }
}

/** What a run made of a photo, in words. */
function said({ dice, verdicts, defect }, at) {
  const truth = defect === "good" ? "good" : "defect";
  const change = at > 0 && dice[0] !== null && dice[at] !== dice[0] ? ` (${signed(dice[at] - dice[0])})` : "";
  const mark = verdicts[at] === truth ? " ✓" : verdicts[at] === "uncertain" ? "" : " ✗";
  return `Dice ${figure(dice[at])}${change}, says ${verdicts[at]}${mark}`;
}

function of(run, at, photo, closer) {
  if (photo.dice[at] === null) {
    return h("figure", {}, h("div", { class: "picture none" }, `${run.name} was not tested on it`), h("figcaption", {}, swatch(run), run.name));
  }
  const address = link(`run/?name=${encodeURIComponent(run.name)}&photo=${encodeURIComponent(photo.photo)}`);
  return h("figure", {}, picture(run.name, photo.photo, "overlay", `${photo.photo} with the mask of ${run.name}`, closer),
    h("figcaption", {}, swatch(run), h("a", { href: address }, run.name), h("br"), said(photo, at)));
}

/** A picture that `closer` shows large; where it cannot be had, why. */
function picture(run, photo, kind, words, closer) {
  const box = h("div", { class: "picture" });
  const failed = async () => {
    const reason = await whyNot(run, photo, kind);
    box.classList.add("none");
    box.replaceChildren(h("span", {}, reason));
  };
  const address = drawn(run, photo, kind);
  if (address === null) {
    failed();
    return box;
  }
  const image = h("img", { src: address, alt: `${words}, larger`, loading: "lazy", onerror: failed });
  if (kind !== "photo") lay(image, below(run, photo));
  box.append(h("button", { type: "button", onclick: closer }, image));
  return box;
}
