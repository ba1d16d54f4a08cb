// What a run says: its last lines, the newest in sight for as long as nobody scrolls up.

import { h } from "studio/dom.js";

export class Log {
  constructor(place) {
    this.text = h("pre", { tabindex: "0", "aria-label": "last lines" });
    this.wanted = h("input", { type: "checkbox", id: "follow", checked: true });
    this.none = h("p", { class: "empty" }, "Nothing was said here. What tiles train and the queue say is kept on the machine that they run on.");
    place.replaceChildren(
      h("p", { class: "bar-of-tools" }, h("label", {}, this.wanted, " keep the newest line in sight")), this.text, this.none,
    );
    this.text.addEventListener("scroll", () => {
      this.wanted.checked = this.text.scrollTop + this.text.clientHeight >= this.text.scrollHeight - 24;
    });
    this.wanted.addEventListener("change", () => this.sink());
    document.addEventListener("tab", ({ detail }) => detail === "log" && this.sink());
    this.last = null;
  }

  draw(lines) {
    const text = lines.join("\n");
    this.text.hidden = !text;
    this.none.hidden = Boolean(text);
    if (text === this.last) return;
    this.last = text;
    this.text.textContent = text;
    this.sink();
  }

  sink() {
    if (this.wanted.checked) this.text.scrollTop = this.text.scrollHeight;
  }
}
