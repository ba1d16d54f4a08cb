// The table of experiments: what is asked of it stands in the address.

import { joined, keep, listed, said } from "studio/address.js";
import { h } from "studio/dom.js";
import { columns as define, nameColumn, tick } from "studio/experiments_cells.js";
import { Chooser } from "studio/experiments_chooser.js";
import { remarkCells } from "studio/experiments_remarks.js";
import { finder, grouped, prepare, sorted, together } from "studio/experiments_rows.js";
import { exported, follow, given, latest, link, Problem } from "studio/live.js";
import { Table } from "studio/table.js";

const part = name => document.getElementById(name);
const MEAN_WIDTH = 148; // px, of a mean with its interval
const state = {
  find: said("find"),
  star: said("star") !== "",
  sort: said("sort", null), // a column's id; reversed with a minus before it
  group: said("group"),
  open: new Set(listed("open")),
  columns: listed("columns"), // null: those shown at first
  pins: new Set(listed("pins")),
  chosen: new Set(listed("chosen")),
};
const about = { best: new Map(), chosen: state.chosen, base: row => about.commits.get(row.base) };
let data;
let rows; // all that the server gave
let all; // the columns there are, by id
let pending = null; // came while a note was written

const table = new Table(part("table"), {
  label: "Experiments",
  sorted: sortBy,
  moved: move,
  className: row => (row.group ? "group" : row.kind),
});
const chooser = new Chooser(part("columns").querySelector(".menu"), {
  shown: (id, on) => set("columns", on ? [...shownIds(), id] : shownIds().filter(other => other !== id)),
  moved: move,
  pinned: (id, on) => {
    on ? state.pins.add(id) : state.pins.delete(id);
    set("pins", state.pins);
  },
  reset: () => {
    state.pins.clear();
    set("columns", null);
  },
});
const remarks = remarkCells({
  said: (row, remark) => {
    Object.assign(data.rows.find(other => other.rev === row.rev), remark);
    take(data);
  },
  busy: on => {
    about.busy = on;
    if (!on && pending) take(pending);
  },
  failed: problem => (part("problem").textContent = problem),
});

function set(name, value) {
  state[name] = value;
  const { sort, find, star, group, columns } = state;
  const lists = { columns: columns && joined(columns) };
  for (const list of ["open", "pins", "chosen"]) lists[list] = joined([...state[list]]);
  keep({ sort, find, star: star ? "1" : "", group, ...lists });
  draw();
}

/** Take what the server says now. */
function take(now) {
  if (about.busy) {
    pending = now;
    return;
  }
  pending = null;
  data = now;
  rows = prepare(data);
  about.commits = new Map(rows.filter(row => row.kind === "commit").map(row => [row.rev, row]));
  const main = data.columns.find(column => column.kind === "metric" && column.shown && rows.some(row => row.intervals[column.name]));
  about.wide = main?.id;
  about.nameWidth = Math.min(340, Math.max(190, 96 + 8 * Math.max(0, ...rows.map(row => row.name.length + (row.kind === "commit" ? 8 : 0)))));
  const points = rows.flatMap(row => row.trend.filter(value => value !== null));
  about.low = points.reduce((least, value) => Math.min(least, value), Infinity);
  about.top = points.reduce((most, value) => Math.max(most, value), -Infinity);
  all = define(data, rows, about, { note: remarks.note });
  const params = [...all.values()].filter(column => column.kind === "param");
  const options = params.filter(column => column.shown || column.id === state.group);
  part("group").replaceChildren(h("option", { value: "" }, "–"), ...options.map(column => h("option", { value: column.id }, column.hint)));
  part("group").value = all.has(state.group) ? state.group : "";
  part("problem").textContent = data.problem;
  part("filter").setAttribute("aria-invalid", String(Boolean(data.problem)));
  part("empty").hidden = data.tried > 0;
  draw();
}

/** The ids of the columns that are shown, in their order. */
function shownIds() {
  const wanted = state.columns?.filter(id => all.has(id)) ?? [...all.values()].filter(column => column.shown).map(column => column.id);
  return [...wanted.filter(id => state.pins.has(id)), ...wanted.filter(id => !state.pins.has(id))];
}

function draw() {
  const ids = shownIds();
  const by = all.get(state.group);
  const found = rows.filter(finder(state.find, state.star));
  const reversed = state.sort?.startsWith("-") ?? false;
  const id = state.sort?.slice(reversed ? 1 : 0);
  const column = id === "name" ? nameColumn(about, {}) : all.get(id);
  const sort = column ? { id, column, up: bestIsLow(column) !== reversed } : null;
  about.tree = !sort && !by;
  const seen = new Set(found);
  let shown;
  if (by) shown = grouped(found, by, [...all.values()].filter(other => other.kind === "metric"), sort, state.open);
  else shown = sort ? sorted(found, sort.column, sort.up) : together(rows, row => seen.has(row));
  findBest(by ? shown.filter(row => row.group) : shown);
  const name = nameColumn(about, { choose, open, star: remarks.star });
  table.show({ columns: [name, ...ids.map(each => placed(all.get(each), by))], rows: shown, sort });
  chooser.show([...ids.map(each => all.get(each)), ...[...all.values()].filter(other => !ids.includes(other.id))], ids, state.pins);
  const tried = found.filter(row => row.kind === "experiment").length;
  const total = data.tried.toLocaleString("en");
  part("count").textContent = `${tried === data.tried ? total : `${tried.toLocaleString("en")} of ${total}`} experiment${data.tried === 1 ? "" : "s"}`;
  part("starred").setAttribute("aria-pressed", String(state.star));
  showChosen();
}

/** A column as it stands in the table now: means take more room than figures. */
function placed(column, by) {
  const width = by && column.kind === "metric" ? Math.max(column.width, MEAN_WIDTH) : column.width;
  return { ...column, width, pinned: state.pins.has(column.id) };
}

/** The best of each figure, where they are not all the same. */
function findBest(shown) {
  about.best.clear();
  for (const column of all.values()) {
    if (column.kind !== "metric") continue;
    let [least, most] = [Infinity, -Infinity];
    for (const row of shown) {
      const value = row.group ? row.means.get(column.id)?.mean : row.kind === "workspace" ? null : column.value(row);
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (least < most) about.best.set(column.id, column.high ? most : least);
  }
}

/** Whether a column's first values are its lowest: figures begin with the best, dates with the last. */
const bestIsLow = column => (column.kind === "metric" ? !column.high : !["created", "trend", "note"].includes(column.id));

/** Best first; clicked again the other way round; once more: as they hang together. */
function sortBy(id) {
  set("sort", state.sort === id ? `-${id}` : state.sort === `-${id}` ? null : id);
}

function move(id, target, after) {
  const ids = shownIds().filter(other => other !== id);
  if (!all.has(id) || !ids.includes(target)) return;
  ids.splice(ids.indexOf(target) + (after ? 1 : 0), 0, id);
  set("columns", ids);
}

function open(group) {
  state.open.has(group.key) ? state.open.delete(group.key) : state.open.add(group.key);
  set("open", state.open);
}

/** Choose a row, with Shift all from the one chosen last. */
function choose(row, event) {
  const order = table.rows.filter(other => !other.group).map(other => other.key);
  const ends = [order.indexOf(row.key), order.indexOf(about.last)].sort((one, other) => one - other);
  const range = event.shiftKey && ends[0] >= 0 ? order.slice(ends[0], ends[1] + 1) : [row.key];
  for (const key of range) event.target.checked ? state.chosen.add(key) : state.chosen.delete(key);
  about.last = row.key;
  set("chosen", state.chosen);
}

function showChosen() {
  const known = rows.filter(row => state.chosen.has(row.key));
  const enough = known.length > 1;
  const button = part("compare");
  button.textContent = known.length ? `Compare ${known.length}` : "Compare";
  const there = enough ? link(`compare/?runs=${known.map(row => encodeURIComponent(row.key)).join(",")}`) : null;
  button.title = !enough ? "Choose two or more first" : there ? "" : "This comparison is not in the export";
  button.classList.toggle("main", there !== null);
  button.setAttribute("aria-disabled", String(there === null));
  if (there === null) button.removeAttribute("href");
  else button.href = there;
  part("none").hidden = !known.length;
}

let asked = 0;

/** Ask the server for what the filter lets through. */
async function filter(text) {
  keep({ filter: text.trim() });
  const mine = ++asked;
  try {
    const now = await latest();
    if (mine === asked) take(now);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    part("problem").textContent = problem.words;
  }
}

part("find").value = state.find;
part("find").addEventListener("input", event => set("find", event.target.value));
part("starred").addEventListener("click", () => set("star", !state.star));
part("group").addEventListener("change", event => {
  state.open.clear();
  set("group", event.target.value);
});
part("none").addEventListener("click", () => {
  state.chosen.clear();
  set("chosen", state.chosen);
});
part("filter-field").hidden = exported && !given().filter;
part("filter").readOnly = exported;
part("filter").value = said("filter");
let pause;
part("filter").addEventListener("input", event => {
  clearTimeout(pause);
  pause = setTimeout(filter, 500, event.target.value);
});
part("filter").addEventListener("change", event => {
  clearTimeout(pause);
  filter(event.target.value);
});
addEventListener("pointerdown", event => {
  if (!part("columns").contains(event.target)) part("columns").open = false;
});
addEventListener("keydown", event => {
  if (event.key !== "Escape" || !part("columns").open) return;
  part("columns").open = false;
  part("columns").querySelector("summary").focus();
});
setInterval(tick, 1000, part("table"));

take(given());
document.body.dataset.shows = "done";
follow(take);
