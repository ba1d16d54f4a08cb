// Each test photo as a row: sorted by a click on a column, filtered by type and outcome, opened by a click.

import { keep, said } from "studio/address.js";
import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { picture } from "studio/pictures.js";
import { Viewer } from "studio/run_viewer.js";

const AT_ONCE = 150; // rows; more are shown when asked for
export const OUTCOMES = {
  found: ["✔", "good", "a defect, called one"],
  missed: ["✘", "defect", "a defect, called good"],
  "false alarm": ["▲", "uncertain", "good, called defective"],
  "rightly good": ["○", "", "good, called good"],
  uncertain: ["?", "uncertain", "left to a person"],
};
const COLUMNS = [
  ["photo", "photo", false],
  ["defect", "type", false],
  ["outcome", "outcome", false],
  ["dice", "Dice", true],
  ["score", "score", true],
  ["true", "true px", true],
  ["predicted", "predicted px", true],
  ["wrong", "wrong px", true],
  ["tile", "tile", false],
];

/** A row's outcome with its sign. */
export const outcome = name => {
  const [sign, tone, words] = OUTCOMES[name] ?? ["", "", name];
  return h("span", { class: `outcome ${tone}`, title: words }, h("span", { "aria-hidden": "true" }, sign), ` ${name}`);
};

export class Photos {
  constructor(place, run) {
    this.run = run;
    this.rows = [];
    this.sort = COLUMNS.some(([name]) => name === said("sort")) ? said("sort") : "dice";
    this.down = said("down") === "1";
    this.count = AT_ONCE;
    this.type = h("select", { id: "type" });
    this.outcome = h("select", { id: "outcome" });
    this.words = h("p", { class: "muted", role: "status" });
    this.head = h("tr");
    this.body = h("tbody");
    this.body.addEventListener("error", ({ target }) => { target.style.visibility = "hidden"; }, true); // a picture that nobody has
    this.none = h("p", { class: "empty", hidden: true });
    this.more = h("button", { type: "button", hidden: true });
    this.tools = h("div", { class: "bar-of-tools" },
      h("label", {}, "type ", this.type), h("label", {}, "outcome ", this.outcome), this.words,
      h("span", { class: "gap" }), h("span", { class: "muted" }, "a click opens a photo"));
    this.table = h("div", { class: "scrolled" }, h("table", { class: "photos" }, h("thead", {}, this.head), this.body), this.more);
    place.replaceChildren(this.tools, this.table, this.none);
    for (const [name, select] of [["type", this.type], ["outcome", this.outcome]]) {
      select.addEventListener("change", () => {
        keep({ [name]: select.value });
        this.count = AT_ONCE;
        this.list();
      });
    }
    this.more.addEventListener("click", () => {
      this.count += AT_ONCE;
      this.list();
    });
    this.viewer = new Viewer(run);
    this.wanted = said("photo");
    document.addEventListener("tab", ({ detail }) => detail === "photos" && this.open());
  }

  draw({ rows, problem, hint }) {
    this.rows = rows;
    this.tools.hidden = this.table.hidden = !rows.length;
    this.none.hidden = rows.length > 0;
    this.none.replaceChildren(...(problem ? [`${problem[0].toUpperCase()}${problem.slice(1)}.`, h("br"), h("code", {}, hint)] : []));
    fill(this.type, "all types", [...new Set(rows.map(row => row.defect))].sort(), rows, "defect", said("type"));
    fill(this.outcome, "all outcomes", Object.keys(OUTCOMES).filter(name => rows.some(row => row.outcome === name)), rows, "outcome", said("outcome"));
    this.list();
    if (!document.getElementById("photos").hidden) this.open();
  }

  /** The photo that the address names, once. */
  open() {
    const row = this.shown?.find(one => one.photo === this.wanted);
    this.wanted = "";
    if (row) this.viewer.open(this.shown, row);
  }

  list() {
    this.head.replaceChildren(h("th", { scope: "col" }, h("span", { class: "unseen" }, "picture")), ...COLUMNS.map(column => this.heading(column)));
    const wanted = this.rows.filter(row =>
      (!this.type.value || row.defect === this.type.value) && (!this.outcome.value || row.outcome === this.outcome.value));
    this.shown = sorted(wanted, this.sort, this.down);
    const some = this.shown.slice(0, this.count);
    this.body.replaceChildren(...some.map(row => this.row(row)));
    this.words.textContent = wanted.length === this.rows.length ? `${this.rows.length} photos` : `${wanted.length} of ${this.rows.length} photos`;
    this.more.hidden = some.length === this.shown.length;
    this.more.textContent = `Show ${Math.min(AT_ONCE, this.shown.length - some.length)} more`;
  }

  heading([name, words, isNumber]) {
    const on = name === this.sort;
    const button = h("button", { type: "button", class: "sort" }, words, h("span", { "aria-hidden": "true" }, on ? (this.down ? "▼" : "▲") : ""));
    button.addEventListener("click", () => {
      this.down = on ? !this.down : false;
      this.sort = name;
      keep({ sort: name === "dice" ? "" : name, down: this.down ? "1" : "" });
      this.list();
      this.head.querySelectorAll("button")[COLUMNS.findIndex(([one]) => one === name)].focus();
    });
    return h("th", { scope: "col", class: isNumber ? "number" : null, "aria-sort": on ? (this.down ? "descending" : "ascending") : null }, button);
  }

  row(row) {
    const name = h("button", { type: "button", class: "text" }, row.photo);
    const small = h("img", { src: picture(this.run, row.photo, "thumbnail"), loading: "lazy", alt: "", width: 56, height: 56 });
    const made = h("tr", {},
      h("td", { class: "thumbnail" }, small),
      h("th", { scope: "row" }, name),
      h("td", {}, row.defect, row.type && row.type !== row.defect && row.type !== "good" ? h("span", { class: "muted" }, ` → ${row.type}`) : null),
      h("td", {}, outcome(row.outcome)),
      h("td", { class: "number" }, bar(row.dice), figure(row.dice)),
      h("td", { class: "number" }, figure(row.score)),
      ...["true", "predicted", "wrong"].map(key => h("td", { class: "number" }, figure(row[key]))),
      h("td", {}, h("code", {}, row.tile)),
    );
    made.addEventListener("click", () => this.viewer.open(this.shown, row, name));
    return made;
  }
}

function bar(dice) {
  const made = h("span", { class: "dice-bar" }, h("i"));
  made.firstChild.style.width = `${(dice ?? 0) * 100}%`;
  return made;
}

function fill(select, all, names, rows, key, chosen) {
  const value = select.value || chosen;
  select.replaceChildren(
    h("option", { value: "" }, all),
    ...names.map(name => h("option", { value: name }, `${name} (${rows.filter(row => row[key] === name).length})`)),
  );
  select.value = names.includes(value) ? value : "";
}

/** By a column; where that is equal, the one with more wrong pixels first. */
function sorted(rows, key, down) {
  const way = down ? -1 : 1;
  const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  return [...rows].sort((a, b) => way * order(a[key], b[key]) || b.wrong - a.wrong || order(a.photo, b.photo));
}
