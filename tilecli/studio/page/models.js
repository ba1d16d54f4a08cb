// The registry: versions, stages, what happened, and what a running server says of itself.

import { keep, said } from "studio/address.js";
import { question, say } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { figure, when } from "studio/format.js";
import { Problem, act, ask, canAct, follow, given, link, exported } from "studio/live.js";
import { FIGURES, decision, register, sign, value } from "studio/models_register.js";
import { redraw } from "studio/redraw.js";

const LEVELS = { ok: "better", drift: "stopped", watch: "watched" };
const ASK_MS = 10000;
const SVG = "http://www.w3.org/2000/svg";

const place = name => document.getElementById(name);
let shown = given();

function draw(now = shown) {
  shown = now;
  place("registered").hidden = !now.versions.length;
  place("empty").hidden = now.versions.length > 0;
  if (canAct) redraw(place(now.versions.length ? "actions" : "first"), h("button", { type: "button", class: "main", data: { focus: "register" }, onclick: () => register(shown) }, "Register a model"));
  redraw(place("stages"), [now.stages.map(stage), here()]);
  const known = Object.keys(FIGURES).filter(name => now.versions.some(version => Number.isFinite(version.metrics[name])));
  const best = Object.fromEntries(known.map(name => [name, bestOf(name)]));
  const heads = ["version", "stages", ...known.map(name => FIGURES[name][0]), "gate", "data", "run", "registered", "why"];
  redraw(place("heads"), heads.map((text, at) => h("th", { scope: "col", class: at > 1 && at < known.length + 2 ? "number" : null }, text)),
    canAct ? h("th", { scope: "col" }, h("span", { class: "unseen" }, "what to do")) : null);
  redraw(place("versions"), now.versions.map(version => row(version, known, best)));
  const wanted = said("stage");
  redraw(place("of-stage"), now.stages.length ? ["", ...now.stages.map(({ name }) => name)].map(name => chip(name, name === wanted)) : []);
  redraw(place("events"), now.events.filter(({ stage }) => !wanted || stage === wanted).map(event));
}

function bestOf(name) {
  const values = shown.versions.map(version => version.metrics[name]).filter(Number.isFinite);
  return new Set(values).size > 1 ? Math[FIGURES[name][1] ? "max" : "min"](...values) : null;
}

function stage({ name, version, since, by, message }) {
  return h("div", { class: "panel stage" },
    h("p", {}, name),
    h("strong", {}, version ?? "nothing"),
    h("p", { class: "muted" }, `since ${when(since)}, ${by}`),
    message ? h("p", {}, message) : null,
  );
}

function here() {
  const { model, version } = shown.here;
  const words = !model ? "no bundle" : (version ?? "not registered");
  return h("div", { class: "panel stage" }, h("p", {}, "this working tree"), h("strong", {}, words), model ? h("p", { class: "muted" }, h("code", {}, model.slice(0, 10))) : h("p", {}, h("code", {}, "tiles train")));
}

function row(version, known, best) {
  const { metrics, gate } = version;
  const run = link(`run/?name=${encodeURIComponent(version.run)}`);
  return h("tr", {},
    h("th", { scope: "row" }, version.name),
    h("td", {}, version.stages.length ? version.stages.map(name => h("span", { class: "mark" }, name)) : "–"),
    known.map(name => h("td", { class: metrics[name] === best[name] ? "number best" : "number" }, value(metrics, name))),
    h("td", {}, decision(gate)),
    h("td", {}, version.data ? h("a", { href: link("data/"), title: version.data }, version.data_tag || h("code", {}, version.data.slice(0, 8))) : "–"),
    h("td", {}, h("a", { href: run }, version.run)),
    h("td", {}, when(version.registered), h("small", { class: "by" }, version.by)),
    h("td", { class: "words" }, version.message),
    canAct ? h("td", { class: "does" }, h("button", { type: "button", class: "text", "aria-label": `promote ${version.name}`, data: { focus: `promote ${version.name}` }, onclick: () => promote(version) }, "promote …")) : null,
  );
}

function chip(stage, pressed) {
  return h("button", { type: "button", class: "chip", "aria-pressed": String(pressed), data: { focus: `stage ${stage}` }, onclick: () => {
    keep({ stage });
    draw();
  } }, stage || "all");
}

const event = ({ kind, version, stage: name, when: at, by, message }) => h("li", {},
  h("time", {}, when(at)), h("span", {}, kind), h("strong", {}, version || "–"), h("span", {}, name ? h("span", { class: "mark" }, name) : ""),
  h("span", {}, message, h("span", { class: "by" }, `, by ${by}`)));

function promote(version) {
  const stages = shown.known.filter(name => !version.stages.includes(name));
  const to = h("input", { type: "text", id: "stage", value: stages[0] ?? "", list: "known-stages", autocomplete: "off", spellcheck: "false", oninput: tell });
  const why = h("input", { type: "text", id: "why", autocomplete: "off" });
  const told = h("p", { class: "help", "aria-live": "polite" });

  function tell() {
    const there = shown.stages.find(({ name }) => name === to.value.trim())?.version;
    told.textContent = there === version.name ? `${version.name} is there already` : there ? `in the place of ${there}` : "nothing is there yet";
  }

  tell();
  question({
    title: `Promote ${version.name}`, verb: "Promote",
    content: [
      h("div", { class: "setting" }, h("label", { for: "stage" }, "To the stage"), to, h("datalist", { id: "known-stages" }, stages.map(name => h("option", { value: name }))), told),
      h("div", { class: "setting" }, h("label", { for: "why" }, "Why"), why),
      version.gate && !version.gate.passed ? h("p", {}, sign("stopped", "✘"), "The gate stopped this version.") : null,
    ].filter(Boolean),
    act: async () => {
      const stage = to.value.trim();
      await act(`api/models/${encodeURIComponent(version.name)}/promote`, { stage, message: why.value });
      say(`${version.name} is in ${stage}; git push origin --tags tells the others`);
    },
  });
}

// What a running server says of itself

async function askDeployed() {
  if (document.hidden) return true;
  try {
    const said = await ask("api/models/deployed");
    if (!said.url) return false; // none was named
    redraw(place("said-of-itself"), deployed(said));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    redraw(place("said-of-itself"), h("p", { class: "panel" }, problem.advice));
  }
  place("deployed").hidden = false;
  return true;
}

function deployed({ url, model, drift, shadow }) {
  const facts = pairs => h("dl", {}, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value ?? "–"))]));
  const level = [LEVELS[drift.level] ? sign(LEVELS[drift.level], "●") : null, drift.level];
  return [
    h("div", { class: "panel" }, h("h3", {}, "Model"), facts([["address", url], ["version", model.version], ["precision", model.precision], ["engine", model.engine], ["since", when(Date.parse(model.loaded_at) / 1000)]])),
    h("div", { class: "panel" }, h("h3", {}, "Drift: ", level), facts([["photos", `${drift.photos} of ${drift.window}`], ["needed", drift.needed]]), Object.entries(drift.quantities ?? {}).map(quantity)),
    shadow ? h("div", { class: "panel" }, h("h3", {}, "Shadow"), facts([
      ["address", shadow.url], ["photos compared", shadow.mirrored], ["same answer", figure(shadow.same_answer_share)], ["Dice of the masks", figure(shadow.dice_mean)],
      ["without an answer", Object.values(shadow.failed ?? {}).reduce((sum, one) => sum + one, shadow.dropped ?? 0)],
      ["p95 here, there", `${figure(shadow.ms?.p95)} ms, ${figure(shadow.their_ms?.p95)} ms`],
    ])) : null,
  ];
}

function quantity([name, { level, psi, expected, seen }]) {
  const words = `${name}: ${level}${Number.isFinite(psi) ? `, index ${figure(psi)}` : ""}`;
  return h("div", {}, h("p", { class: "help" }, words), seen ? bars(expected, seen, words) : null);
}

/** Shares of the last photos (dark) before those of the training photos (light), by bins. */
function bars(expected, seen, words) {
  const most = Math.max(...expected, ...seen);
  const wide = 100 / expected.length;
  const image = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 100 40", preserveAspectRatio: "none", class: "bars", role: "img", "aria-label": words })) image.setAttribute(name, value);
  for (const [kind, shares, inset] of [["expected", expected, 0.05], ["seen", seen, 0.3]]) {
    shares.forEach((share, at) => {
      const bar = document.createElementNS(SVG, "rect");
      const high = (share / most) * 40;
      const at_ = { x: (at + inset) * wide, width: wide * (1 - 2 * inset), y: 40 - high, height: high, class: kind };
      for (const [name, value] of Object.entries(at_)) bar.setAttribute(name, value);
      image.append(bar);
    });
  }
  return image;
}

draw();
follow(draw);
const asked = said("register");
if (asked && canAct) {
  keep({ register: "" });
  register(shown, asked);
}
if (!exported && (await askDeployed())) setInterval(askDeployed, ASK_MS);
