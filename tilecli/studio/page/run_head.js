// What a run is, in one look: its state, where it comes from, its headline figures, what is wrong with it.

import { h } from "studio/dom.js";
import { duration, figure, when } from "studio/format.js";
import { canAct, link } from "studio/live.js";

const STATES = {
  success: ["✔", "done", "good"],
  running: ["●", "running", "accent"],
  queued: ["·", "queued", ""],
  failed: ["✘", "failed", "defect"],
  stopped: ["■", "stopped", "uncertain"],
};

export function head(place, { head: facts, figures, warnings, live, name }) {
  const [sign, word, colour] = facts.kind === "workspace" && !live.running ? ["", "", ""] : STATES[live.state];
  document.title = `${name} – ${document.title.split(" – ").slice(-2).join(" – ")}`;
  document.querySelector("h1").replaceChildren(
    name, " ",
    word ? h("span", { class: `state ${colour}` }, h("span", { "aria-hidden": "true" }, sign), ` ${word}`) : "",
  );
  place.replaceChildren(
    facts.message && facts.message !== name && facts.kind !== "commit" ? h("p", { class: "why" }, facts.message) : "",
    warnings.length ? h("ul", { class: "warnings" }, warnings.map(warning)) : "",
    h("dl", { class: "facts" }, rows(facts)),
    figures.length ? h("ul", { class: "figures" }, figures.map(big)) : "",
  );
}

const warning = ({ title, hint }) =>
  h("li", {}, h("span", { "aria-hidden": "true" }, "▲ "), title, hint ? h("span", { class: "hint" }, hint) : "");

function rows(facts) {
  const from = facts.base && [h("a", { href: link(`run/?name=${facts.base.rev}`) }, h("code", {}, facts.base.rev.slice(0, 7))), ` ${facts.base.subject}`];
  const known = [
    ["started from", from],
    ["subject", facts.kind === "commit" ? [facts.message.split("\n")[0]] : null],
    ["made", facts.created && [when(facts.created)]],
    ["training took", facts.seconds !== null && [duration(facts.seconds)]],
    ["model", facts.model && [h("code", { title: facts.model }, facts.model.slice(0, 10))]],
    ["version", version(facts)],
    ["commit", facts.commit && [h("code", { title: facts.commit }, facts.commit.slice(0, 10))]],
    ["worker", facts.worker && [h("code", {}, facts.worker)]],
    ["attempt", facts.attempts > 1 && [String(facts.attempts)]],
  ];
  return known.filter(([, what]) => what).map(([term, what]) => h("div", {}, h("dt", {}, term), h("dd", {}, what)));
}

/** The version that it is in the registry, or the way to make it one. */
function version({ version: name, registrable, commit }) {
  if (name) return [h("a", { href: link("models/") }, name)];
  return registrable && canAct ? [h("a", { href: link(`models/?register=${commit}`) }, "register …")] : null;
}

function big({ name, caption, value, interval, high, share }) {
  const say = number => (share ? `${figure(100 * number)} %` : figure(number));
  return h("li", { title: `${name}, ${high ? "higher" : "lower"} is better` },
    h("span", { class: "value" }, say(value)),
    h("span", { class: "caption" }, caption),
    interval ? [h("span", { class: "interval" }, `${say(interval[0])} – ${say(interval[1])}`), bar(value, interval)] : null,
  );
}

/** The 95 % interval on a scale from 0 to 1. */
function bar(value, [low, high]) {
  const share = x => Math.min(100, Math.max(0, x * 100));
  const bar = h("span", { class: "ends", role: "img", "aria-label": `95 % interval from ${figure(low)} to ${figure(high)}` }, h("i"), h("b"));
  bar.firstChild.style.cssText = `left: ${share(low)}%; width: ${share(high) - share(low)}%`;
  bar.lastChild.style.left = `${share(value)}%`;
  return bar;
}
