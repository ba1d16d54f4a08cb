// The menu in which columns are shown, ordered and pinned.

import { h } from "studio/dom.js";

/** Fill `place` (the panel of a details element). `actions`: shown(id, on), moved(id, target,
 * after), pinned(id, on), reset(). */
export class Chooser {
  constructor(place, actions) {
    this.actions = actions;
    this.find = h("input", { type: "search", placeholder: "Find a column", "aria-label": "Find a column", oninput: () => this.draw() });
    this.list = h("ol");
    const reset = h("button", { type: "button", class: "text", onclick: actions.reset }, "As at first");
    place.replaceChildren(h("div", { class: "bar" }, this.find, reset), this.list);
    this.menu = place.closest("details");
    this.menu.addEventListener("toggle", () => this.draw());
  }

  /** columns: all there are, the shown ones first and in their order. */
  show(columns, shown, pins) {
    Object.assign(this, { columns, shown, pins });
    this.draw();
  }

  draw() {
    if (!this.menu.open) return;
    const words = this.find.value.toLowerCase();
    const held = this.list.contains(document.activeElement) ? document.activeElement : null;
    const focus = held && [held.closest("li").dataset.id, held.dataset.part];
    this.list.replaceChildren(...this.columns.filter(column => column.id.toLowerCase().includes(words)).map(column => this.item(column)));
    if (!focus) return;
    const item = this.list.querySelector(`[data-id="${CSS.escape(focus[0])}"]`);
    (item?.querySelector(`[data-part="${focus[1]}"]:not(:disabled)`) ?? item?.querySelector("input"))?.focus();
  }

  item(column) {
    const { id } = column;
    const at = this.shown.indexOf(id);
    const on = at >= 0;
    const step = (part, by, sign, word) => h("button", {
      type: "button", class: "bare", "aria-label": `${id} ${word}`, title: word, data: { part }, disabled: !on || !this.shown[at + by],
      onclick: () => this.actions.moved(id, this.shown[at + by], by > 0),
    }, sign);
    const pinned = this.pins.has(id);
    const item = h("li", { data: { id }, draggable: on ? "true" : null },
      h("label", {}, h("input", { type: "checkbox", checked: on, data: { part: "on" }, onchange: event => this.actions.shown(id, event.target.checked) }), h("span", {}, id)),
      on ? step("up", -1, "↑", "to the left") : null,
      on ? step("down", 1, "↓", "to the right") : null,
      on ? h("button", { type: "button", class: "pin", "aria-pressed": String(pinned), "aria-label": `Pin ${id}`, data: { part: "pin" }, onclick: () => this.actions.pinned(id, !pinned) }, pinned ? "pinned" : "pin") : null);
    item.addEventListener("dragstart", event => {
      this.dragged = id;
      event.dataTransfer.setData("text/plain", id);
    });
    item.addEventListener("dragover", event => {
      if (on && this.dragged && this.dragged !== id) event.preventDefault();
    });
    item.addEventListener("drop", event => {
      event.preventDefault();
      this.actions.moved(this.dragged, id, event.offsetY > item.offsetHeight / 2);
    });
    return item;
  }
}
