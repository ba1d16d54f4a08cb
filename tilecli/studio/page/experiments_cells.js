// The columns of the table of experiments: what stands in each cell.

import { h } from "studio/dom.js";
import { duration, figure } from "studio/format.js";
import { link } from "studio/live.js";
import { spark } from "studio/spark.js";

const SIGNS = { running: "●", queued: "·", failed: "✘", stopped: "■" };
const LETTER = 7.6; // px, of a figure in a table
const nothing = () => h("span", { class: "muted" }, "–");
const plain = value => (value === null || value === undefined ? nothing() : String(value));
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const unseen = text => h("span", { class: "unseen" }, text);

/** Room for a heading that may break after _ and . */
const headingWidth = title => 28 + LETTER * Math.max(...title.split(/(?<=[_.])/).map(part => part.length));

/** What the columns are, by id, in reading order; `shown` says which are there at first. `about` holds what cells need
 * of the other rows: see `experiments.js`. */
export function columns(data, rows, about, actions) {
  const some = test => rows.some(test);
  const metrics = data.columns.filter(column => column.kind === "metric");
  const params = data.columns.filter(column => column.kind === "param");
  let at = 0;
  for (const column of data.columns) column.at = "same" in column ? null : at++;
  const found = [
    fact("state", some(row => row.state === "running") ? 236 : 92, row => (row.state === "success" ? null : row.state), state, some(row => row.state !== "success")),
    fact("created", 104, row => row.created, row => moment(row.created), true),
    ...metrics.map(column => metric(column, rows, about)),
    fact("trend", 112, row => row.trend.at(-1) ?? null, row => trend(row, about), some(row => row.trend.length), "Valid Dice of every epoch"),
    ...params.map(column => param(column, rows)),
    { ...fact("note", 200, row => row.note, row => actions.note(row), true), grow: true },
    fact("message", 220, row => row.message, row => h("span", { title: row.message }, row.message), false, "Why it was tried"),
    fact("baseline", 112, row => row.baseline, row => plain(row.baseline || null), false, "The commit it started from"),
    fact("model", 92, row => row.model, row => h("code", {}, row.model.slice(0, 7) || "–"), false, "MD5 of the bundle"),
  ];
  return new Map(found.map(column => [column.id, column]));
}

const fact = (id, width, value, cell, shown, hint = null) => (
  { id, title: id, kind: "fact", width, value, cell: row => (row.group ? null : cell(row)), shown, hint }
);

function reader(column) {
  if (column.at === null) return row => (row.bare ? null : column.same);
  return row => row.cells[column.at];
}

function param(column, rows) {
  const value = reader(column);
  const values = column.at === null ? [column.same] : rows.map(value);
  const longest = values.reduce((most, one) => Math.max(most, String(one ?? "").length), 1);
  const number = values.some(one => typeof one === "number");
  const width = Math.min(240, Math.max(72, headingWidth(column.name.replace(/^train\./, "")), 18 + LETTER * longest));
  const cell = row => {
    if (!row.group) return lacking(row, value(row), "params.yaml") ?? h("span", { title: String(value(row)) }, plain(value(row)));
    const different = new Set(row.runs.map(value));
    return different.size === 1 ? plain([...different][0]) : h("span", { class: "muted" }, "varied");
  };
  return { id: column.id, title: column.name.replace(/^train\./, ""), hint: column.name, kind: "param", width, number, value, cell, shown: column.shown };
}

function metric(column, rows, about) {
  const value = reader(column);
  const intervals = rows.some(row => row.intervals[column.name]);
  const file = /^(train|valid)\.|^(epoch|seconds|loss)$/.test(column.name) ? "training/metrics.json" : "evaluation/metrics.json";
  const cell = row => (row.group ? mean(row.means.get(column.id), about.best.get(column.id)) : one(row));
  function one(row) {
    const here = value(row);
    if (typeof here !== "number") return [lacking(row, null, file), h("span", { class: "mark" })];
    const best = row.kind !== "workspace" && here === about.best.get(column.id);
    const ends = row.intervals[column.name];
    const between = ends ? ends.map(figure).join("–") : "";
    return [
      about.wide === column.id && ends ? h("span", { class: "muted", title: "95 % interval" }, `${between} `) : null,
      h("span", { class: best ? "best" : null, title: ends ? `95 % interval ${between}` : String(here) }, figure(here), best ? unseen(" (best)") : null),
      verdict(here, about.base(row), value, column),
    ];
  }
  const width = Math.max(84, 14 + headingWidth(column.name)) + (intervals && about.wide === column.id ? 112 : 0);
  const hint = `${column.name}: ${column.high ? "higher" : "lower"} is better`;
  return { id: column.id, title: column.name, hint, kind: "metric", high: column.high, width, number: true, marked: true, value, cell, shown: column.shown };
}

/** ▲ or ▼ with words: better or worse than what it started from. */
function verdict(here, base, value, column) {
  const before = base ? value(base) : null;
  if (typeof before !== "number" || before === here) return h("span", { class: "mark" });
  const better = here > before === column.high;
  const words = `${figure(Math.abs(here - before))} ${better ? "better" : "worse"} than ${base.name}`;
  // One element where a sign and words unseen would be three: a row has a dozen of them, and rows are drawn while one scrolls.
  return h("span", { class: `mark ${better ? "better" : "worse"}`, role: "img", "aria-label": words, title: words }, better ? "▲" : "▼");
}

function mean(found, best) {
  if (!found) return [nothing(), h("span", { class: "mark" })];
  const wide = found.half === null ? "" : ` ± ${figure(found.half)}`;
  const top = found.mean === best;
  const words = `mean of ${found.n} run${found.n === 1 ? "" : "s"}${wide ? ", 95 % interval" : ""}`;
  return [
    h("span", { class: top ? "best" : null, title: words }, figure(found.mean), top ? unseen(" (best)") : null),
    wide ? h("span", { class: "muted", title: words }, wide) : null,
    h("span", { class: "mark" }),
  ];
}

/** For a value that is not there: ! where its file cannot be read. */
function lacking(row, value, file) {
  if (value !== null && value !== undefined) return null;
  return row.broken.includes(file) ? h("span", { class: "warned", title: `${file} cannot be read` }, "!", unseen(` ${file} cannot be read`)) : nothing();
}

function moment(seconds) {
  if (!seconds) return nothing();
  const at = new Date(1000 * seconds);
  const today = at.toDateString() === new Date().toDateString();
  const time = at.toTimeString().slice(0, 5);
  return h("time", { datetime: at.toISOString(), title: `${DAY.format(at)} ${time}` }, today ? time : DAY.format(at));
}

function trend(row, about) {
  const known = row.trend.filter(value => value !== null);
  if (!known.length) return nothing();
  const words = `Valid Dice from ${figure(known[0])} to ${figure(known.at(-1))}, at most ${figure(Math.max(...known))}`;
  return spark(row.trend, about.low, about.top, words);
}

function state(row) {
  if (row.state === "success") return null;
  const parts = [h("span", { class: `state ${row.state}` }, h("span", { "aria-hidden": "true" }, `${SIGNS[row.state]} `), row.state)];
  const { stage, done, all, until } = row.epochs ?? {};
  if (done) parts.push(` ${figure(done)}${all ? `/${figure(all)}` : ""}`);
  else if (stage) parts.push(` ${stage}`);
  if (until) parts.push(h("span", { class: "muted", data: { until } }, left(until)));
  return parts;
}

const left = until => ` ${duration(Math.max(0, Math.round(until - Date.now() / 1000)))} left`;

/** Let the time left of what runs go down. */
export function tick(place) {
  for (const element of place.querySelectorAll("[data-until]")) element.textContent = left(Number(element.dataset.until));
}

/** The first column: choose, star, name. */
export function nameColumn(about, actions) {
  const cell = row => {
    if (row.group) return groupName(row, about, actions);
    const depth = row.kind === "experiment" && about.tree ? "inner" : null;
    return h("span", { class: ["name", depth, row.kind].filter(Boolean).join(" ") },
      h("input", { type: "checkbox", "aria-label": `Choose ${row.name}`, checked: about.chosen.has(row.key), onclick: event => actions.choose(row, event) }),
      actions.star(row),
      h("a", { href: link(`run/?name=${encodeURIComponent(row.key)}`), title: row.message || null }, row.name),
      row.stale.length ? h("span", { class: "warned", title: `${row.stale.join(", ")} of an earlier model: tiles eval` }, "!", unseen(` ${row.stale.join(", ")} of an earlier model`)) : null,
      row.kind === "experiment" ? null : h("span", { class: "muted" }, row.kind === "commit" ? row.rev.slice(0, 7) : "now"));
  };
  return { id: "name", title: "experiment", width: about.nameWidth, value: row => row.name, cell, pinned: true };
}

function groupName(row, about, actions) {
  const count = `${row.runs.length} run${row.runs.length === 1 ? "" : "s"}`;
  return h("button", { type: "button", class: "group", "aria-expanded": String(row.open), onclick: () => actions.open(row) },
    h("span", { "aria-hidden": "true" }, row.open ? "▾" : "▸"), h("b", {}, row.value === null ? "none" : String(row.value)), h("span", { class: "muted" }, count));
}
