// The history: a figure along the commits, and what each step of it came from.

import { asked, keep } from "studio/address.js";
import { attempt } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { figure, signed, when } from "studio/format.js";
import { ask, exported, follow, given, latest, link } from "studio/live.js";
import { redraw } from "studio/redraw.js";

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 280; // px, as in history.css
const LEFT = 56;
const RIGHT = 24;
const TOP = 28;
const BOTTOM = 24;
const FILES = 12; // that are named

const place = name => document.getElementById(name);
const plain = value => (value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
const explained = new Map(); // rev → changes that were asked for
let shown = given();

function draw(now = shown) {
  shown = now;
  const nothing = !now.commits.length;
  place("history").hidden = nothing;
  place("empty").hidden = !nothing;
  place("empty-words").textContent = "There is no commit yet.";
  place("empty-hint").textContent = 'git add . && git commit -m "Set up the project"';
  if (nothing) return;
  place("metric-label").hidden = now.metrics.length < 2;
  place("metric").disabled = exported;
  redraw(place("metric"), now.metrics.map(name => h("option", { selected: name === now.metric }, name)));
  place("summary").textContent = summary();
  drawChart();
  redraw(place("commits"), now.commits.toReversed().map(row));
  redraw(place("more"), !now.more ? null : exported ? "Earlier commits are not in this export." : h("button", { type: "button", class: "text", onclick: every }, "earlier commits"));
}

const measured = () => shown.commits.filter(commit => commit.value !== null);

function summary() {
  const points = measured();
  if (!points.length) return "No commit holds figures yet: tiles train, then git commit";
  const pick = shown.high ? (one, other) => other.value > one.value : (one, other) => other.value < one.value;
  const best = points.reduce((one, other) => (pick(one, other) ? other : one));
  const last = points.at(-1);
  const words = `${shown.metric} ${figure(last.value)} now`;
  return best.value === last.value ? `${words}, the best so far` : `${words}; the best was ${figure(best.value)} at ${name(best)}`;
}

const name = commit => commit.tags[0] ?? commit.rev.slice(0, 7);
const verdict = ({ step }) => (!step || step.difference === 0 ? "" : (step.difference > 0) === shown.high ? "better" : "worse");

/** Whether a step leaves the interval of the commit before; else chance alone may have made it. */
function leaves({ value, step }) {
  const before = shown.commits.find(commit => commit.rev === step.of);
  return before?.low === null || before?.high === null || value < before?.low || value > before?.high;
}

const sign = ({ step }) => (step.difference > 0 ? "▲" : "▼");

function row(commit) {
  const { rev, tags, when: at, by, message, value, low, high, step } = commit;
  return h("li", { id: `c-${rev}` },
    h("div", {}, h("p", {}, when(at)), h("p", { class: "muted" }, by)),
    h("div", { class: "what" },
      h("p", {}, tags.map(tag => h("span", { class: "mark" }, tag)), message || h("span", { class: "muted" }, "no message")),
      h("p", {}, h("code", {}, rev.slice(0, 10)), value === null ? null : [" · ", h("a", { href: link(`run/?name=${rev}`) }, "the run")],
        step ? [" · ", h("a", { href: link(`compare/?runs=${step.of},${rev}`) }, `compare with ${step.of.slice(0, 7)}`)] : null),
      step ? changes(commit) : null,
    ),
    h("div", { class: step ? "figure" : "figure same" },
      h("p", {}, h("strong", {}, figure(value)), low !== null && high !== null ? h("span", { class: "muted" }, ` ${figure(low)}–${figure(high)}`) : null),
      step && step.difference !== 0 ? h("p", {}, h("span", { class: leaves(commit) ? verdict(commit) : "muted", "aria-hidden": "true" }, `${sign(commit)} `), `${signed(step.difference)} ${verdict(commit)}`, leaves(commit) ? null : ", within the interval before") : null,
      value !== null && !step ? h("p", { class: "muted" }, commit === measured()[0] ? "the first" : "the same model") : null,
    ),
  );
}

function changes({ rev, step }) {
  const found = step.changes ?? explained.get(rev);
  if (!found && exported) return h("p", { class: "muted" }, "what changed is not in this export");
  if (!found) return h("p", {}, h("button", { type: "button", class: "text", data: { focus: `changes ${rev}` }, onclick: () => explain(rev) }, "what changed"));
  const { params, files, data } = found;
  const more = files.length - FILES;
  const lines = [
    params.length ? ["settings", params.map(([key, was, is]) => h("code", {}, `${key} ${plain(was)} → ${plain(is)}`))] : null,
    files.length ? ["files", [...files.slice(0, FILES).map(([path, how]) => h("span", {}, h("code", {}, path), ` ${how}`)), more > 0 ? `and ${more} more` : null]] : null,
    data ? ["data", data] : null,
  ].filter(Boolean);
  if (!lines.length) return h("p", { class: "muted" }, "nothing of settings, code or data: trained or measured again");
  return h("dl", { class: "changes" }, lines.map(([label, words]) => [h("dt", {}, label), h("dd", {}, words)]));
}

async function explain(rev) {
  const query = asked();
  query.set("step", rev);
  const found = await attempt(() => ask(`api/pages/history?${query}`));
  if (!found?.commits.length) return;
  explained.set(rev, found.commits[0].step.changes);
  draw();
}

async function every() {
  keep({ every: "1" });
  draw(await latest());
}

// The figure along the commits

const svg = (tag, attributes, ...children) => {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

function drawChart() {
  const points = measured();
  place("chart").hidden = points.length < 2;
  if (points.length < 2) return;
  const wide = Math.max(320, place("chart").clientWidth - 16);
  const ends = points.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const ticks = ticksOf(Math.min(...ends), Math.max(...ends));
  const [least, most] = [ticks[0], ticks.at(-1)];
  const x = at => LEFT + ((wide - LEFT - RIGHT) * (at + 0.5)) / points.length;
  const y = value => TOP + ((HIGH - TOP - BOTTOM) * (most - value)) / (most - least || 1);
  const label = `${shown.metric} over ${points.length} commits, from ${figure(points[0].value)} to ${figure(points.at(-1).value)}; the list below says the same`;
  redraw(place("chart"), svg("svg", { viewBox: `0 0 ${wide} ${HIGH}`, role: "group", "aria-label": label },
    ...ticks.flatMap(tick => [svg("line", { class: "grid", x1: LEFT, x2: wide - RIGHT, y1: y(tick), y2: y(tick) }), svg("text", { x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, figure(tick))]),
    svg("text", { x: 4, y: 14 }, `${shown.metric}, with its 95 % interval`),
    ...points.filter(({ low, high }) => low !== null && high !== null).map(commit => svg("line", { class: "between", x1: x(points.indexOf(commit)), x2: x(points.indexOf(commit)), y1: y(commit.low), y2: y(commit.high) })),
    svg("polyline", { class: "path", points: points.map((commit, at) => `${x(at)},${y(commit.value)}`).join(" ") }),
    ...points.map((commit, at) => mark(commit, x(at), y(commit.value))),
    ...names(points, x, y),
  ));
}

function mark(commit, x, y) {
  const how = commit.step && leaves(commit) ? verdict(commit) : "";
  const words = `${name(commit)}: ${figure(commit.value)}${how ? `, ${how} by ${signed(commit.step.difference)}` : ""}; ${commit.message}`;
  const up = commit.step?.difference > 0 ? -1 : 1;
  const shape = how ? svg("path", { d: `M ${x - 7} ${y - 5 * up} L ${x + 7} ${y - 5 * up} L ${x} ${y + 7 * up} z` }) : svg("circle", { cx: x, cy: y, r: 4 });
  return svg("a", { href: `#c-${commit.rev}`, class: how, "aria-label": words }, svg("title", {}, words), shape);
}

/** The tags above their points, as many as have room. */
function names(points, x, y) {
  let end = -Infinity;
  return points.flatMap((commit, at) => {
    const text = commit.tags[0];
    const half = (text?.length ?? 0) * 3.8;
    if (!text || x(at) - half < end + 8) return [];
    end = x(at) + half;
    return [svg("text", { class: "tag", x: x(at), y: y(commit.high ?? commit.value) - 10, "text-anchor": "middle" }, text)];
  });
}

/** Round values that span from the least to the most. */
function ticksOf(least, most) {
  const room = Math.max(most - least, Math.abs(most) * 0.01, 1e-6);
  const rough = room / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * power).find(one => one >= rough);
  const first = Math.floor(least / step);
  const last = Math.ceil(most / step);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

place("metric").addEventListener("change", async event => {
  keep({ metric: event.target.value });
  explained.clear();
  draw(await latest());
});
new ResizeObserver(() => drawChart()).observe(place("history"));
draw();
follow(draw);
