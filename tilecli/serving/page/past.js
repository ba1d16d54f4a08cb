// The strip of the last photos. Everything stays in this page's memory and is gone when it is closed.

const KEPT = 20;
const WIDE = 80; // CSS px of a thumbnail
const HIGH = 64;
const WORDS = { defect: "defect", uncertain: "uncertain", good: "good", failed: "no verdict", sending: "being looked at" };

export class Past {
  /** list: an ol. pick(entry) is called when somebody chooses one. */
  constructor(list, pick) {
    this.list = list;
    this.entries = [];
    this.current = null;
    list.addEventListener("click", event => {
      const item = event.target.closest("li");
      if (item) pick(this.entries[[...list.children].indexOf(item)]);
    });
  }

  get newest() {
    return this.entries.at(-1) ?? null;
  }

  /** Take in one that has begun; the oldest goes where there are too many. */
  add(entry) {
    if (this.entries.includes(entry)) return;
    this.entries.push(entry);
    this.list.append(blank());
    while (this.entries.length > KEPT) {
      const oldest = this.entries[0] === this.current ? 1 : 0;
      this.entries.splice(oldest, 1);
      this.list.children[oldest].remove();
    }
    this.update(entry);
    this.list.scrollLeft = this.list.scrollWidth;
  }

  update(entry) {
    const item = this.list.children[this.entries.indexOf(entry)];
    if (!item) return;
    const button = item.firstElementChild;
    const state = entry.state === "done" ? entry.answer.verdict : entry.state;
    button.dataset.state = state;
    button.setAttribute("aria-label", `${entry.name}: ${WORDS[state] ?? state}`);
    button.title = entry.name;
    const icon = { defect: "defect", uncertain: "uncertain", good: "good", failed: "failed" }[state] ?? "busy";
    button.querySelector("use").setAttribute("href", `#i-${icon}`);
    if (entry.thumbnail && button.querySelector("canvas") !== entry.thumbnail) {
      button.querySelector("canvas")?.remove();
      button.prepend(entry.thumbnail);
    }
  }

  show(entry) {
    this.current = entry;
    this.entries.forEach((one, index) => {
      const button = this.list.children[index].firstElementChild;
      if (one === entry) {
        button.setAttribute("aria-current", "true");
        this.list.children[index].scrollIntoView({ block: "nearest", inline: "nearest" });
      } else button.removeAttribute("aria-current");
    });
  }

  /** The entry `steps` after the current one (before it where negative), or null at the end. */
  beside(steps) {
    return this.entries[this.entries.indexOf(this.current) + steps] ?? null;
  }
}

function blank() {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const name = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(name, "svg");
  button.type = "button";
  icon.setAttribute("aria-hidden", "true");
  icon.append(document.createElementNS(name, "use"));
  button.append(icon);
  item.append(button);
  return item;
}

/** A small canvas of a photo with the boxes of its regions; picture may be null. */
export function thumbnail(picture, size, regions, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDE * 2; // for screens of two pixels a px
  canvas.height = HIGH * 2;
  const scale = Math.max(canvas.width / size.width, canvas.height / size.height);
  const context = canvas.getContext("2d");
  context.translate((canvas.width - size.width * scale) / 2, (canvas.height - size.height * scale) / 2);
  if (picture) context.drawImage(picture, 0, 0, size.width * scale, size.height * scale);
  context.strokeStyle = colour;
  context.lineWidth = 4;
  for (const { box: [x, y, width, height] } of regions.slice(0, 20)) {
    context.strokeRect(x * scale - 4, y * scale - 4, width * scale + 8, height * scale + 8);
  }
  return canvas;
}
