// The rows of the queue: its tasks, and above the folds of a cross-validation what they are together.

import { attempt } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { duration, figure, when } from "studio/format.js";
import { act, canAct, link } from "studio/live.js";
import { again } from "studio/queue_new.js";

const SIGNS = { queued: "·", running: "●", done: "✔", failed: "✘", stopped: "■" };
export const COLUMNS = ["experiment", "state", "epoch", "valid Dice", "best", "time left", "took", "worker", "settings"];

/** turn(name): open or close the folds of that cross-validation. */
export function rows({ tasks, groups, turned }, turn) {
  const begun = new Set();
  return tasks.flatMap(task => {
    if (!task.fold) return of(task);
    const { group: name, number } = task.fold;
    const group = groups[name];
    // What is over is no longer looked at fold by fold.
    const open = (group.counts.done === group.folds) === turned.includes(name);
    const head = begun.has(name) ? [] : [together(name, group, open, tasks, turn)];
    begun.add(name);
    return open ? [...head, ...of(task, `fold ${number} of ${group.folds}`)] : head;
  });
}

const took = task => (task.started && task.state !== "queued" ? (task.ended ?? Date.now() / 1000) - task.started : null);

/** An estimate that has passed says no more than that. */
const left = seconds => (seconds < 1 ? "soon" : duration(Math.round(seconds)));

function together(name, { folds, counts, settings, message }, open, tasks, turn) {
  const done = counts.done ?? 0;
  const spent = tasks.filter(task => task.fold?.group === name).reduce((sum, task) => sum + (took(task) ?? 0), 0);
  const toggle = h("button", { type: "button", class: "text turn", "aria-expanded": String(open), data: { focus: `turn ${name}` }, onclick: () => turn(name) },
    h("span", { "aria-hidden": "true" }, open ? "▾ " : "▸ "), name);
  return h("tr", { class: "group" },
    h("th", { scope: "row" }, toggle, h("span", { class: "why" }, `cross-validation of ${folds} folds`), message ? h("span", { class: "why" }, message) : null),
    h("td", { class: "states" }, Object.entries(counts).map(([state, count]) => h("span", { class: `state ${state}` }, h("span", { "aria-hidden": "true" }, SIGNS[state]), ` ${count} ${state}`))),
    h("td", { class: "number" }, h("progress", { value: done, max: folds, "aria-label": `${done} of ${folds} folds are done` }), ` ${done}/${folds}`),
    h("td", { class: "number" }, "–"), h("td", { class: "number spare" }, "–"), h("td", { class: "number" }, "–"),
    h("td", { class: "number" }, duration(spent || null)), h("td", { class: "spare" }, "–"),
    h("td", { class: "chosen" }, chosen(settings), done === folds ? h("span", { class: "why" }, "all folds together: ", h("code", {}, `tiles exp folds ${name}`)) : null),
    canAct ? h("td", { class: "does" }, doesTogether(name, counts)) : null,
  );
}

function of(task, fold = "") {
  const now = Date.now() / 1000;
  const training = task.state === "running" && task.stage === "train";
  const cells = [
    h("td", { class: `state ${task.state}` }, h("span", { "aria-hidden": "true" }, SIGNS[task.state]), task.stopping ? " stopping" : ` ${task.state}`,
      task.stage && !["queued", "done"].includes(task.state) ? h("small", {}, task.stage) : null),
    h("td", { class: "number" }, epochs(task)),
    h("td", { class: "number" }, figure(task.valid_dice)),
    h("td", { class: "number spare" }, figure(task.best_dice)),
    h("td", { class: "number" }, training && task.until ? left(task.until - now) : "–"),
    h("td", { class: "number" }, duration(took(task))),
    h("td", { class: "spare" }, task.worker ?? "–"),
    h("td", { class: "chosen" }, fold ? h("span", { class: "muted" }, fold) : chosen(task.settings), task.only.length ? h("span", { class: "muted" }, ` only ${task.only.join(", ")}`) : null),
  ];
  const name = h("th", { scope: "row" }, h("a", { href: link(`run/?name=${encodeURIComponent(task.name)}`), data: { focus: `run ${task.name}` } }, task.name), task.message && !fold ? h("span", { class: "why" }, task.message) : null);
  const row = h("tr", { class: fold ? "fold" : null, title: `queued ${when(task.created)}` }, name, cells, canAct ? h("td", { class: "does" }, does(task)) : null);
  if (!task.error.message) return [row];
  const words = [h("strong", {}, task.error.message), task.error.where ? h("code", {}, task.error.where) : null, task.error.hint ? h("span", {}, "next: ", h("code", {}, task.error.hint)) : null];
  return [row, h("tr", { class: "error" }, h("td", { colspan: COLUMNS.length + canAct }, words))];
}

const chosen = settings => (settings.length ? settings.map(one => h("code", {}, one)) : "as params.yaml");

function epochs(task) {
  if (!task.epochs) return "–";
  const words = `${task.epoch}/${task.epochs}`;
  if (task.state !== "running") return words;
  return [h("progress", { value: task.epoch, max: task.epochs, "aria-label": `epoch ${words}` }), ` ${words}`];
}

const button = (verb, name, onclick) => h("button", { type: "button", class: "text", "aria-label": `${verb}: ${name}`, data: { focus: `${verb} ${name}` }, onclick }, verb);

function does(task) {
  const { name } = task;
  const path = `api/queue/tasks/${encodeURIComponent(name)}`;
  const forget = button(task.state === "queued" ? "remove" : "forget", name, () => attempt(() => act(path, {}, "DELETE"), () => `${name} is forgotten`));
  if (task.state === "running") return task.stopping ? [] : [button("stop", name, () => attempt(() => act(`${path}/stop`), () => `${name} is stopping`))];
  if (task.state === "failed" || task.state === "stopped") {
    return [
      button("retry", name, () => attempt(() => act(`${path}/retry`), () => `${name} is queued again; it goes on from its last epoch`)),
      // Folds of different settings are no cross-validation.
      task.fold ? null : button("retry with …", name, () => again(task, path)),
      forget,
    ];
  }
  return [forget];
}

function doesTogether(name, counts) {
  const path = `api/queue/folds/${encodeURIComponent(name)}`;
  const of = `all folds of ${name}`;
  const stop = () => attempt(() => act(`${path}/stop`), ({ stopped }) => `${stopped.length} folds of ${name} are stopped`);
  const retry = () => attempt(() => act(`${path}/retry`), ({ names }) => `${names.length} folds of ${name} are queued again; they go on from their last epochs`);
  const forget = () => attempt(() => act(path, {}, "DELETE"), ({ removed }) => `${removed.length} folds of ${name} are forgotten`);
  return [
    counts.queued || counts.running ? button("stop", of, stop) : null,
    counts.failed || counts.stopped ? button("retry", of, retry) : null,
    counts.running ? null : button("forget", of, forget),
  ];
}
