// Making a run's model a version: which can be one, what it came to, what it will be called; and how figures are shown.

import { attempt, question, say } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { figure, when } from "studio/format.js";
import { act, ask } from "studio/live.js";

// Figure → heading, and whether the larger one is better.
export const FIGURES = {
  dice_mean: ["Dice", true], dice_photo: ["Dice, photos", true], miou: ["mIoU", true], defect_recall: ["defects found", true],
  false_alarm_rate: ["false alarms", false], auroc: ["AUROC", true],
};
const PARTS = { patch: "the same, mended", minor: "better", major: "other photos, types or use" };
const MANY = 8; // runs, from which one looks for a name

export const sign = (kind, text) => h("span", { class: kind, "aria-hidden": "true" }, `${text} `);

/** A figure, the pooled Dice with its interval. */
export const value = (metrics, name) => [figure(metrics[name]), name === "dice_mean" ? interval(metrics) : null];
const interval = ({ dice_ci_low: low, dice_ci_high: high }) =>
  (Number.isFinite(low) && Number.isFinite(high) ? h("span", { class: "between" }, ` ${figure(low)}–${figure(high)}`) : null);

/** What the gate said. */
export function decision(gate) {
  if (!gate) return "–";
  return gate.passed ? [sign("better", "✔"), `passed${gate.verdict ? `, ${gate.verdict}` : ""}`] : [sign("stopped", "✘"), "stopped"];
}

/** Ask which run becomes a version. shown: what the page shows; wanted: the commit of the run to begin with. */
export async function register(shown, wanted = "") {
  const offered = await attempt(() => ask("api/models/candidates"));
  if (!offered) return;
  const { runs, next, unsaved } = offered;
  if (!runs.length) {
    say(unsaved ? "The working tree's model is not committed yet: git add . && git commit, then register it" : "Every run that has a model is a version already; tiles train makes another", true);
    return;
  }
  const latest = shown.versions[0];
  const known = Object.keys(FIGURES).filter(name => [...runs, latest].some(one => Number.isFinite(one?.metrics[name])));
  const picks = runs.map((run, at) => h("input", { type: "radio", name: "run", id: `run-${at}`, value: run.rev, checked: run.rev === wanted || at === 0, onchange: tell }));
  const rows = runs.map((run, at) => h("tr", {},
    h("th", { scope: "row" }, h("label", { for: picks[at].id }, picks[at], run.name), run.message && run.message !== run.name ? h("span", { class: "why" }, run.message.split("\n")[0]) : null),
    figures(run.metrics, known), h("td", {}, decision(run.gate)), h("td", {}, when(run.created))));
  const find = h("input", { type: "search", id: "find-run", placeholder: "name or message", oninput: filter });
  const bumps = Object.keys(PARTS).map(part => h("input", { type: "radio", name: "bump", id: `bump-${part}`, value: part, checked: part === "minor", onchange: tell }));
  const why = h("input", { type: "text", id: "why", autocomplete: "off", placeholder: "what is better about it" });
  const warning = h("p", { class: "help", role: "status" });
  const run = () => runs[picks.findIndex(pick => pick.checked)];
  const bump = () => bumps.find(one => one.checked).value;
  let box = null;

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/);
    rows.forEach((row, at) => { row.hidden = !words.every(word => `${runs[at].name} ${runs[at].message}`.toLowerCase().includes(word)); });
  }

  function tell() {
    const { gate, name, same_as: same } = run();
    warning.replaceChildren(...[
      gate && !gate.passed ? [sign("stopped", "✘"), "The gate stopped this run. "] : [],
      same ? `${name} has the same model as ${same}. ` : [],
    ].flat());
    box.promise(`Register ${next[bump()]}`, `${name} becomes ${next[bump()]}`);
  }

  box = question({
    title: "Register a model", verb: "Register", wide: true,
    content: [
      runs.length > MANY ? h("div", { class: "find" }, h("label", { for: "find-run" }, "Find a run"), find) : null,
      h("div", { class: "scroll pick" }, h("table", {},
        h("caption", { class: "unseen" }, "Runs that have a model and are no version yet, the newest first"),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "run"), known.map(name => h("th", { scope: "col", class: "number" }, FIGURES[name][0])), h("th", { scope: "col" }, "gate"), h("th", { scope: "col" }, "made"))),
        h("tbody", {}, rows),
        latest ? h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, `${latest.name}, the last one`), figures(latest.metrics, known), h("td", {}, decision(latest.gate)), h("td", {}, when(latest.registered)))) : null)),
      warning,
      latest ? h("fieldset", {}, h("legend", {}, "What counts up"), Object.entries(PARTS).map(([part, words], at) => h("label", { class: "tick" }, bumps[at], `${part}: ${next[part]}`, h("span", { class: "muted" }, words)))) : null,
      h("div", { class: "setting" }, h("label", { for: "why" }, "Why"), why),
    ].filter(Boolean),
    act: async () => {
      const { version, tag } = await act("api/models", { run: run().rev, bump: bump(), message: why.value });
      say(`${version} is registered; git push origin ${tag} tells the others`);
    },
  });
  tell();
  picks.find(pick => pick.checked).focus();
  picks.find(pick => pick.checked).scrollIntoView({ block: "nearest" });
}

const figures = (metrics, known) => known.map(name => h("td", { class: "number" }, value(metrics, name)));
