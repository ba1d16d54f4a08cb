// The photos to look at, in a row: each with what became of it.

import { thumbnailOf } from "./server.js";

const SHAPES = { changed: "done", new: "done", same: "done", saved: "good", rejected: "failed", todo: "" };
export const WORDS = {
  todo: "to look at",
  changed: "corrected, not saved yet",
  new: "labelled, not saved yet",
  same: "left as it is",
  rejected: "rejected",
  saved: "saved",
};

export class Strip {
  /** list: an ol. pick(index) is called when somebody chooses a photo. */
  constructor(list, pick) {
    this.list = list;
    this.photos = [];
    list.addEventListener("click", event => {
      const item = event.target.closest("li");
      if (item) pick([...list.children].indexOf(item));
    });
  }

  fill(photos) {
    this.photos = photos;
    this.list.replaceChildren(...photos.map(blank));
    photos.forEach((_, index) => this.update(index));
  }

  /** Say what became of a photo. */
  update(index) {
    const { name, state } = this.photos[index];
    const button = this.list.children[index].firstElementChild;
    button.dataset.state = state;
    button.setAttribute("aria-label", `${name}: ${WORDS[state]}`);
    button.title = `${name}: ${WORDS[state]}`;
    const shape = SHAPES[state];
    button.querySelector("svg").toggleAttribute("hidden", !shape);
    if (shape) button.querySelector("use").setAttribute("href", `#i-${shape}`);
  }

  show(index) {
    [...this.list.children].forEach((item, at) => {
      const button = item.firstElementChild;
      if (at === index) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    this.list.children[index]?.scrollIntoView({ block: "nearest", inline: "center" });
  }
}

function blank({ name }) {
  const space = "http://www.w3.org/2000/svg";
  const item = document.createElement("li");
  const button = document.createElement("button");
  const image = document.createElement("img");
  const icon = document.createElementNS(space, "svg");
  Object.assign(image, { loading: "lazy", alt: "", width: 80, height: 64, src: thumbnailOf(name), draggable: false });
  icon.setAttribute("aria-hidden", "true");
  icon.append(document.createElementNS(space, "use"));
  button.type = "button";
  button.append(image, icon);
  item.append(button);
  return item;
}
