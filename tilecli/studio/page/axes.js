// Every run over the axes that are chosen, as a point of two columns, and what its figures hung on.

import { asked, keep, keepSoon } from "studio/address.js";
import { chosen, Coordinates } from "studio/coordinates.js";
import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { drawHung } from "studio/hung.js";
import { follow, given, latest, link, Problem, exported } from "studio/live.js";
import { inWords } from "studio/ranks.js";
import { placed, written } from "studio/scale.js";
import { Scatter } from "studio/scatter.js";
import { mix, onTheme, token } from "studio/svg.js";

const LISTED = 8; // names of chosen runs
const TURNED = "!"; // before the name of an axis that is turned over
const place = id => document.getElementById(id);

let shown, columns, names;
let state = {};
const opened = run => {
  const there = link(`run/?name=${encodeURIComponent(names[run])}`);
  if (there !== null) location.assign(there);
};
const lines = new Coordinates({ changed: rearrange, pointed: run => points.point(run), opened });
const points = new Scatter({ pointed: run => lines.point(run), opened });

/** The columns, the two of the scatter and the ranges that the address names, as far as there are such. */
function recall() {
  const query = asked();
  const there = name => columns.has(name);
  const axes = query.has("axes") ? query.get("axes").split(",").map(text => ({ name: text.replace(TURNED, ""), turned: text.startsWith(TURNED) })) : shown.axes.map(name => ({ name, turned: false }));
  const known = Object.keys(shown.targets);
  const target = known.includes(query.get("target")) ? query.get("target") : known[0] ?? "";
  const settings = shown.columns.filter(column => column.kind === "param").map(column => column.name);
  const one = (key, otherwise) => (there(query.get(key)) ? query.get(key) : otherwise);
  const all = [...columns.keys()];
  state = {
    axes: axes.filter(({ name }, at) => there(name) && axes.findIndex(other => other.name === name) === at),
    ranges: new Map(query.getAll("in").flatMap(readRange)),
    target,
    x: one("x", shown.targets[target]?.rows[0]?.name ?? settings[0] ?? all[0]),
    y: one("y", target || all.at(-1)),
    colour: one("colour", target || all.at(-1)),
  };
  if (state.axes.length < 2) state.axes = shown.axes.map(name => ({ name, turned: false }));
}

/** NAME~LOW~HIGH in the units of the column → [[name, [share, share]]]; nothing where it fits no column. */
function readRange(text) {
  const [name, ...ends] = text.split("~");
  if (!columns.has(name) || ends.length !== 2) return [];
  const { scale } = placed(columns.get(name).values);
  const places = ends.map(end => scale.kind === "category" ? scale.place(end) : scale.place(Number(end)));
  return places.includes(null) ? [] : [[name, places]];
}

function writeRange([name, ends]) {
  const { scale } = placed(columns.get(name).values);
  const said = ends.map(scale.value).map(value => (typeof value === "number" ? Number(value.toPrecision(6)) : value));
  return `${name}~${said[0]}~${said[1]}`;
}

function remember() {
  const plain = state.axes.map(({ name, turned }) => (turned ? TURNED : "") + name).join(",");
  keepSoon({ axes: plain === shown.axes.join(",") ? null : plain, in: [...state.ranges].map(writeRange) });
}

function rearrange(axes, ranges) {
  const other = axes.length !== state.axes.length || axes.some((one, at) => one.name !== state.axes[at].name || one.turned !== state.axes[at].turned);
  state.axes = axes;
  state.ranges = new Map([...ranges].filter(([name]) => axes.some(one => one.name === name)));
  remember();
  if (other) drawMenu();
  drawLines();
  const within = chosen(columns, state.ranges, names.length);
  points.choose(within);
  drawChosen(within);
}

/** A colour for each run by the column that is chosen, and the key to it. */
function colours() {
  const { values } = columns.get(state.colour);
  const { scale } = placed(values);
  const dark = token("color-scheme") === "dark" || token("--bg") === "#131517";
  const none = token("--line");
  if (scale.kind === "category") {
    const hue = value => shown.hues[scale.labels.indexOf(written(value)) % shown.hues.length];
    const more = scale.labels.length > shown.hues.length ? ["colours repeat"] : [];
    place("key").replaceChildren(...scale.labels.slice(0, shown.hues.length).map(label => {
      const dot = h("i", {});
      dot.style.background = shown.hues[scale.labels.indexOf(label)];
      return h("span", {}, dot, label);
    }), ...more);
    return values.map(value => (value === null ? none : hue(value)));
  }
  const weak = mix(token("--panel"), token("--muted"), 0.45);
  const strong = dark ? mix(token("--accent"), "#FFFFFF", 0.35) : token("--accent");
  const ramp = h("span", { class: "ramp" });
  ramp.style.background = `linear-gradient(to right, ${weak}, ${strong})`;
  place("key").replaceChildren(...(scale.ticks.length ? [figure(scale.low), ramp, figure(scale.high)] : []));
  return values.map(value => (value === null ? none : mix(weak, strong, scale.place(value))));
}

function drawLines() {
  const within = chosen(columns, state.ranges, names.length);
  lines.draw({ columns, axes: state.axes, ranges: state.ranges, colours: state.colours, names, chosen: within });
}

function drawPoints() {
  const more = [columns.get(state.colour)];
  points.draw({ x: columns.get(state.x), y: columns.get(state.y), more, colours: state.colours, names, chosen: chosen(columns, state.ranges, names.length) });
  place("rho").textContent = state.x === state.y ? "" : inWords(columns.get(state.x).values, columns.get(state.y).values);
}

/** In words: which runs lie in the ranges, the best first, and what can be done with them. */
function drawChosen(within) {
  const target = columns.get(state.target);
  const sign = target?.high === false ? 1 : -1;
  const value = run => target?.values[run] ?? null;
  const worth = run => (value(run) === null ? Infinity : sign * value(run));
  const runs = within === null ? names.map((_, run) => run) : [...within];
  runs.sort((a, b) => worth(a) - worth(b));
  const best = runs.slice(0, shown.most).map(run => names[run]);
  const count = within === null ? `${names.length} runs` : within.size === 0 ? `none of ${names.length} runs lies in every range` : `${within.size} of ${names.length} runs`;
  const compare = link(`compare/?runs=${best.map(encodeURIComponent).join(",")}`);
  const words = runs.length > shown.most ? `Compare the best ${shown.most}` : `Compare ${runs.length === 2 ? "both" : "them"}`;
  place("count").textContent = count;
  place("best").replaceChildren(
    ...(best.length > 1 && compare !== null ? [h("a", { href: compare }, words)] : []),
    ...(within === null ? [] : [h("button", { type: "button", class: "text", onclick: () => rearrange(state.axes, new Map()) }, "choose all again")]),
    h("ol", { "aria-label": "The best of them" }, runs.slice(0, LISTED).map(run => h("li", { onpointerenter: () => lines.point(run), onpointerleave: () => lines.point(null) },
      h("a", { href: link(`run/?name=${encodeURIComponent(names[run])}`) }, h("code", {}, names[run])), " ", figure(value(run))))),
  );
}

function drawMenu() {
  const on = new Set(state.axes.map(({ name }) => name));
  const box = name => h("label", {}, h("input", { type: "checkbox", checked: on.has(name), onchange: event => toggle(name, event.target.checked) }), name);
  const of = kind => shown.columns.filter(column => column.kind === kind).map(column => box(column.name));
  const search = place("columns").querySelector("input[type=search]") ?? h("input", { type: "search", placeholder: "find a column", "aria-label": "Find a column", oninput: find });
  if (place("columns").contains(document.activeElement) && document.activeElement !== search) return;
  place("columns").replaceChildren(search,
    h("fieldset", {}, h("legend", {}, "Settings that differ"), of("param")),
    h("fieldset", {}, h("legend", {}, "Figures"), of("metric")));
  find();
}

function find() {
  const wanted = place("columns").querySelector("input[type=search]").value.toLowerCase();
  for (const label of place("columns").querySelectorAll("label")) label.hidden = !label.textContent.toLowerCase().includes(wanted);
}

function toggle(name, on) {
  const axes = on ? [...state.axes, { name, turned: false }] : state.axes.filter(one => one.name !== name);
  if (axes.length >= 2) rearrange(axes, state.ranges);
}

function drawSelects() {
  const options = (chosenName, found) => found.map(name => h("option", { value: name, selected: name === chosenName }, name));
  for (const id of ["x", "y", "colour"]) place(id).replaceChildren(...options(state[id], [...columns.keys()]));
  place("target").replaceChildren(...options(state.target, targets()));
}

/** Figures whose influences are known, or can be asked for. */
function targets() {
  if (exported) return Object.keys(shown.targets);
  return shown.columns.filter(column => column.kind === "metric").map(column => column.name);
}

function drawTarget() {
  drawHung(place("hung"), state.target, shown.targets[state.target], name => {
    state.x = name;
    state.y = state.target;
    keep({ x: state.x, y: state.y });
    drawSelects();
    drawPoints();
  });
}

function draw(now) {
  shown = now;
  columns = new Map(shown.columns.map(column => [column.name, column]));
  names = shown.runs.map(run => run.name);
  const enough = names.length > 1 && shown.columns.length > 1;
  place("all").hidden = !enough;
  const few = names.length === 0 ? "No experiment has figures yet. Train some: " : names.length === 1 ? "One run with figures has nothing to be drawn against. Try another: " : "All runs are alike. Try another setting: ";
  const left = enough && shown.unmeasured ? [h("p", {}, `${shown.unmeasured} experiment${shown.unmeasured === 1 ? " has" : "s have"} no figures and ${shown.unmeasured === 1 ? "is" : "are"} not drawn.`)] : [];
  place("notes").replaceChildren(...(enough ? left : [h("div", { class: "empty" }, few, h("code", {}, "tiles train -S train.learning_rate=0.001"))]));
  if (!enough) return;
  recall();
  state.colours = colours();
  drawMenu();
  drawSelects();
  drawLines();
  drawPoints();
  drawChosen(chosen(columns, state.ranges, names.length));
  drawTarget();
}

for (const id of ["x", "y"]) {
  place(id).addEventListener("change", () => {
    state[id] = place(id).value;
    keep({ [id]: state[id] });
    drawPoints();
  });
}
place("colour").addEventListener("change", () => {
  state.colour = place("colour").value;
  keep({ colour: state.colour });
  recolour();
});
place("target").addEventListener("change", async () => {
  state.target = place("target").value;
  keep({ target: state.target });
  if (!(state.target in shown.targets)) {
    try {
      Object.assign(shown.targets, (await latest()).targets);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      place("hung").replaceChildren(h("p", {}, problem.words));
      return;
    }
  }
  drawTarget();
  drawChosen(chosen(columns, state.ranges, names.length));
});

function recolour() {
  if (place("all").hidden) return;
  state.colours = colours();
  drawLines();
  drawPoints();
}

place("lines").append(lines.element);
place("points").append(points.element);
draw(given());
onTheme(recolour);
follow(draw);
