// A table of any length: rows of one height, of which only those in sight are in the page; heading and pinned columns stay.

import { h } from "studio/dom.js";

const MORE = 5; // rows drawn above and below what is in sight
const CONTROLS = "a[href], button, input";

/** A heading that may break after _ and . */
const broken = text => text.split(/(?<=[_.])/).flatMap((part, place) => (place ? [h("wbr"), part] : [part]));

export class Table {
  /**
   * options: label (what the table is called), rowHeight (px), sorted(id), moved(id, target, after), className(row).
   * A column: id, title, width (px), cell(row) → nodes, and if wanted hint, number, marked (signs follow its figures),
   * pinned, fixed (neither sorted nor moved), grow (takes what room is left). The first column names the row. A row:
   * key, and whatever the cells and className need.
   */
  constructor(place, options) {
    this.options = { rowHeight: 34, className: () => "", ...options };
    this.columns = [];
    this.rows = [];
    this.live = new Map(); // key → the row's element
    this.above = h("tr", { class: "space", "aria-hidden": "true" });
    this.below = h("tr", { class: "space", "aria-hidden": "true" });
    this.head = h("tr", { "aria-rowindex": 1 });
    this.widths = h("colgroup");
    this.body = h("tbody", {}, this.above, this.below);
    this.table = h("table", { "aria-label": options.label }, this.widths, h("thead", {}, this.head), this.body);
    this.scroller = h("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": options.label }, this.table);
    this.scroller.style.setProperty("--row", `${this.options.rowHeight}px`);
    place.replaceChildren(this.scroller);
    let waiting = false;
    this.scroller.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        this.look();
        this.draw();
      });
    }, { passive: true });
    new ResizeObserver(() => {
      this.look();
      this.lay();
    }).observe(this.scroller);
    this.body.addEventListener("keydown", event => this.walk(event));
  }

  /** Draw these. sort: {id, up} or null. */
  show({ columns, rows, sort }) {
    const focus = this.focused();
    this.look();
    Object.assign(this, { columns, rows, sort });
    this.table.setAttribute("aria-rowcount", rows.length + 1);
    this.heading();
    for (const row of this.live.values()) row.remove();
    this.live.clear();
    this.lay();
    if (focus) this.focus(focus.key, focus.control);
  }

  /** Note what is in sight. Asked for while rows are being changed, it would be worked out anew each time. */
  look() {
    const { scrollTop, clientWidth, clientHeight } = this.scroller;
    this.sight = { scrollTop, clientWidth, clientHeight };
  }

  /** Scroll to a row and put the focus on one of its controls, by number. */
  focus(key, control) {
    const place = this.rows.findIndex(row => row.key === key);
    if (place < 0) {
      this.scroller.focus({ preventScroll: true });
      return;
    }
    const { rowHeight } = this.options;
    const { scrollTop, clientHeight } = this.sight;
    const room = clientHeight - this.head.offsetHeight - rowHeight;
    const top = place * rowHeight;
    if (top < scrollTop || top > scrollTop + room) {
      this.scroller.scrollTop = top < scrollTop ? top : top - room;
      this.look();
      this.draw();
    }
    const controls = [...this.live.get(key).querySelectorAll(CONTROLS)];
    controls[Math.min(control, controls.length - 1)]?.focus({ preventScroll: true });
  }

  focused() {
    const row = this.body.contains(document.activeElement) ? document.activeElement.closest("tr") : null;
    if (!row) return null;
    return { key: row.dataset.key, control: [...row.querySelectorAll(CONTROLS)].indexOf(document.activeElement) };
  }

  /** Arrows up and down go to the same control of the next row. */
  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = step && event.target.type !== "text" ? this.focused() : null;
    if (!at) return;
    const next = this.rows[this.rows.findIndex(row => row.key === at.key) + step];
    if (!next) return;
    event.preventDefault();
    this.focus(next.key, at.control);
  }

  heading() {
    const { id: sorted, up } = this.sort ?? {};
    const held = this.head.contains(document.activeElement) ? document.activeElement.closest("th").dataset.id : null;
    this.head.replaceChildren(...this.columns.map(column => {
      const state = column.id === sorted ? (up ? "ascending" : "descending") : null;
      const cell = h("th", {
        scope: "col", class: [column.number && "number", column.marked && "marked"].filter(Boolean).join(" ") || null, "aria-sort": state, title: column.hint, data: { id: column.id },
      });
      if (column.fixed) cell.append(...broken(column.title));
      else {
        cell.append(h("button", { type: "button", onclick: () => this.options.sorted(column.id) },
          h("span", {}, broken(column.title)), h("span", { class: "arrow", "aria-hidden": "true" }, state ? (up ? "▲" : "▼") : "")));
        this.movable(cell, column);
      }
      return cell;
    }));
    if (held) this.head.querySelector(`[data-id="${CSS.escape(held)}"] button`)?.focus({ preventScroll: true });
  }

  /** A heading is dragged to another place, or carried there by Alt and an arrow. */
  movable(cell, column) {
    const names = this.columns.filter(other => !other.fixed).map(other => other.id);
    cell.addEventListener("keydown", event => {
      const step = event.altKey ? { ArrowLeft: -1, ArrowRight: 1 }[event.key] : 0;
      const target = step ? names[names.indexOf(column.id) + step] : undefined;
      if (!target) return;
      event.preventDefault();
      this.options.moved(column.id, target, step > 0);
    });
    cell.draggable = true;
    cell.addEventListener("dragstart", event => {
      this.dragged = column.id;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", column.id);
    });
    const after = event => event.offsetX > cell.offsetWidth / 2;
    cell.addEventListener("dragover", event => {
      if (!this.dragged || this.dragged === column.id) return;
      event.preventDefault();
      cell.dataset.drop = after(event) ? "after" : "before";
    });
    cell.addEventListener("dragleave", () => delete cell.dataset.drop);
    cell.addEventListener("dragend", () => (this.dragged = null));
    cell.addEventListener("drop", event => {
      event.preventDefault();
      delete cell.dataset.drop;
      if (this.dragged) this.options.moved(this.dragged, column.id, after(event));
    });
  }

  /** Give the columns their widths, then draw. */
  lay() {
    const left = this.sight.clientWidth - this.columns.reduce((sum, column) => sum + column.width, 0);
    const growing = this.columns.filter(column => column.grow).length;
    const width = column => column.width + (column.grow && left > 0 ? Math.floor(left / growing) : 0);
    this.widths.replaceChildren(...this.columns.map(column => {
      const one = h("col");
      one.style.width = `${width(column)}px`;
      return one;
    }));
    this.table.style.width = `${this.columns.reduce((sum, column) => sum + width(column), 0)}px`;
    let edge = 0;
    this.offsets = this.columns.map((column, place) => {
      if (place && !column.pinned) return null;
      const offset = edge;
      edge += width(column);
      return `${offset}px`;
    });
    this.scroller.style.setProperty("--pinned", `${edge}px`);
    [...this.head.children].forEach((cell, place) => this.pin(cell, place));
    for (const row of this.live.values()) [...row.children].forEach((cell, place) => this.pin(cell, place));
    this.draw();
  }

  pin(cell, place) {
    const offset = this.offsets[place];
    if (offset === null && !cell.classList.contains("pinned")) return;
    cell.classList.toggle("pinned", offset !== null);
    cell.style.left = offset ?? "";
  }

  draw() {
    const { rowHeight } = this.options;
    const { scrollTop, clientHeight } = this.sight;
    const first = Math.max(0, Math.min(this.rows.length, Math.floor(scrollTop / rowHeight) - MORE));
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / rowHeight) + MORE);
    const wanted = new Set(this.rows.slice(first, last).map(row => row.key));
    for (const [key, row] of this.live) {
      if (wanted.has(key)) continue;
      if (row.contains(document.activeElement)) this.scroller.focus({ preventScroll: true });
      row.remove();
      this.live.delete(key);
    }
    let before = this.above;
    for (let place = first; place < last; place += 1) {
      const { key } = this.rows[place];
      let row = this.live.get(key);
      if (!row) this.live.set(key, (row = this.line(this.rows[place], place)));
      if (before.nextSibling !== row) before.after(row);
      before = row;
    }
    this.above.style.height = `${first * rowHeight}px`;
    this.below.style.height = `${(this.rows.length - last) * rowHeight}px`;
  }

  line(row, place) {
    const cells = this.columns.map((column, number) => {
      const cell = number ? h("td", { class: column.number ? "number" : null }) : h("th", { scope: "row" });
      cell.append(...[column.cell(row)].flat().filter(part => part !== null));
      this.pin(cell, number);
      return cell;
    });
    return h("tr", { class: this.options.className(row) || null, "aria-rowindex": place + 2, data: { key: row.key } }, cells);
  }
}
