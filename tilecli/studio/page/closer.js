// One photo large, with the mask of one run after the other in the same place: what differs is seen to move.

import { h } from "studio/dom.js";
import { put } from "studio/pictures.js";

/** Lay what an image shows over another picture of the same shape; null: over none. */
export function lay(image, ground) {
  image.style.background = ground ? `url("${ground}") center / contain no-repeat` : "";
}

/** `pictures`: [{ address, ground, words, name }] of one photo, see `lay`; the one at `first` is shown. */
export function lookCloser(title, pictures, first) {
  let at = first;
  const image = h("img", { alt: "" });
  const said = h("p", { role: "status" });
  const step = way => {
    at = (at + way + pictures.length) % pictures.length;
    draw();
    names[at].focus();
  };
  const names = pictures.map(({ name }, n) => h("button", { type: "button", onclick: () => { at = n; draw(); } }, name));
  const draw = () => {
    const { address, ground, words } = pictures[at];
    put(image, address);
    lay(image, ground);
    said.textContent = address === null ? `${words}: its picture is not in the export` : words;
    names.forEach((button, n) => button.setAttribute("aria-pressed", String(n === at)));
  };
  const dialog = h("dialog", {
    class: "closer", "aria-label": title, onclose: () => dialog.remove(),
    onclick: event => event.target === dialog && dialog.close(),
    onkeydown: event => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (way) step(way);
    },
  },
  h("div", { class: "bar" }, h("h2", {}, title), h("span", { class: "gap" }), h("span", { class: "muted" }, "← → change the run"), h("button", { type: "button", onclick: () => dialog.close() }, "Close")),
  h("div", { class: "stage" }, image),
  h("div", { class: "bar" }, names, said));
  image.addEventListener("load", () => {
    const scale = Math.min(image.parentElement.clientWidth / image.naturalWidth, image.parentElement.clientHeight / image.naturalHeight);
    image.classList.toggle("crisp", scale > 2);
  });
  image.addEventListener("error", () => { said.textContent = `${pictures[at].words}: its picture cannot be had`; });
  document.body.append(dialog);
  draw();
  dialog.showModal();
  names[at].focus();
}
