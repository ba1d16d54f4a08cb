// One photo as large as the window: bare, with its truth, with what the model says. Keys 1–5, arrows, Escape.

import { keep, said } from "studio/address.js";
import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { picture, put, whyNot } from "studio/pictures.js";
import { outcome } from "studio/run_photos.js";

const KINDS = ["photo", "truth", "prediction", "probability", "error"];
const swatch = (tone, words) => [h("span", { class: `key ${tone}` }), words];
const LEGENDS = {
  photo: () => [],
  truth: () => swatch("truth", "true defect"),
  prediction: () => swatch("defect", "predicted defect"),
  probability: () => ["0", h("span", { class: "ramp", role: "img", "aria-label": "from dark to light" }), "1, probability of defect"],
  error: () => [swatch("good", "found"), swatch("defect", "missed"), swatch("uncertain striped", "false")].flat(),
};

export class Viewer {
  constructor(run) {
    this.run = run;
    this.rows = [];
    this.at = 0;
    this.kind = KINDS.includes(said("kind")) ? said("kind") : "prediction";
    this.base = h("img", { alt: "" });
    this.over = h("img", { alt: "" });
    this.stage = h("div", { class: "stage", tabindex: "-1", autofocus: true }, this.base, this.over);
    this.said = h("p", { class: "cannot", role: "status" });
    this.title = h("h2", { id: "viewer-title" });
    this.facts = h("p", { class: "viewer-facts" });
    this.legend = h("p", { class: "legend" });
    this.buttons = KINDS.map((kind, number) => {
      const button = h("button", { type: "button", "aria-keyshortcuts": String(number + 1) }, h("kbd", { "aria-hidden": "true" }, String(number + 1)), kind);
      button.addEventListener("click", () => this.choose(kind));
      return button;
    });
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: said("opacity", "1"), id: "opacity" });
    this.opacity.addEventListener("input", () => {
      keep({ opacity: this.opacity.value === "1" ? "" : this.opacity.value });
      this.fade();
    });
    const step = (by, words, sign) => {
      const button = h("button", { type: "button", class: "bare", "aria-label": words }, sign);
      button.addEventListener("click", () => this.go(by));
      return button;
    };
    const close = h("button", { type: "button", class: "bare", "aria-label": "Close" }, "✕");
    close.addEventListener("click", () => this.dialog.close());
    this.dialog = h("dialog", { class: "viewer", "aria-labelledby": "viewer-title" },
      h("div", { class: "viewer-top" }, step(-1, "Previous photo", "←"), step(1, "Next photo", "→"), this.title, this.facts, h("span", { class: "gap" }), close),
      this.stage, this.said,
      h("div", { class: "viewer-bottom" },
        h("div", { class: "kinds", role: "group", "aria-label": "what to see" }, this.buttons),
        h("label", {}, "opacity ", this.opacity), this.legend),
    );
    document.body.append(this.dialog);
    this.dialog.addEventListener("keydown", event => this.key(event));
    this.dialog.addEventListener("close", () => {
      keep({ photo: "", kind: "" });
      this.from?.focus();
    });
    this.over.addEventListener("error", () => this.explain());
    this.over.addEventListener("load", () => this.dialog.setAttribute("data-shows", this.over.src));
    for (const image of [this.base, this.over]) image.addEventListener("load", () => this.crisp());
    addEventListener("resize", () => this.crisp());
  }

  open(rows, row, from = null) {
    this.rows = rows;
    this.from = from;
    this.at = rows.indexOf(row);
    if (!this.dialog.open) this.dialog.showModal();
    this.show();
  }

  address(row, kind) {
    return picture(this.run, row.photo, kind);
  }

  go(by) {
    this.at = (this.at + by + this.rows.length) % this.rows.length;
    this.show();
  }

  choose(kind) {
    this.kind = kind;
    this.show();
  }

  show() {
    const row = this.rows[this.at];
    keep({ photo: row.photo, kind: this.kind });
    this.title.textContent = row.photo;
    this.facts.replaceChildren(
      row.defect, " · ", outcome(row.outcome), ` · Dice ${figure(row.dice)} · score ${figure(row.score)} · ${this.at + 1} of ${this.rows.length}`,
    );
    this.buttons.forEach((button, number) => button.setAttribute("aria-pressed", KINDS[number] === this.kind));
    this.legend.replaceChildren(...LEGENDS[this.kind]());
    this.said.textContent = "";
    this.opacity.disabled = this.kind === "photo";
    put(this.base, this.address(row, "photo"));
    this.over.hidden = this.kind === "photo";
    const over = this.address(row, this.kind);
    if (this.kind !== "photo") put(this.over, over);
    if (over === null) this.explain();
    this.over.alt = `${row.photo}: ${this.kind}`;
    this.base.alt = this.kind === "photo" ? `${row.photo}: photo` : "";
    this.fade();
    // The next ones, so that arrows answer at once.
    for (const near of [this.at + 1, this.at - 1]) {
      const other = this.rows[(near + this.rows.length) % this.rows.length];
      for (const kind of new Set(["photo", this.kind])) put(new Image(), this.address(other, kind));
    }
  }

  fade() {
    this.over.style.opacity = this.opacity.value;
  }

  /** Past twice its size a pixel is a square. */
  crisp() {
    for (const image of [this.base, this.over]) {
      if (!image.naturalWidth) continue;
      const scale = Math.min(this.stage.clientWidth / image.naturalWidth, this.stage.clientHeight / image.naturalHeight);
      image.classList.toggle("crisp", scale > 2);
    }
  }

  /** Why a picture did not come, in the server's words. */
  async explain() {
    this.over.hidden = true;
    this.said.textContent = await whyNot(this.run, this.rows[this.at].photo, this.kind);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const kind = KINDS[Number(event.key) - 1];
    const slides = event.target === this.opacity;
    if (kind) this.choose(kind);
    else if (event.key === "ArrowRight" && !slides) this.go(1);
    else if (event.key === "ArrowLeft" && !slides) this.go(-1);
    else return;
    event.preventDefault();
  }
}
