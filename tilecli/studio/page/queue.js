// The queue: what runs and waits, and what can be done about it.

import { attempt, question, say } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { duration, figure, when } from "studio/format.js";
import { act, ask, canAct, exported, follow, given, latest, link } from "studio/live.js";
import { redraw, remember } from "studio/redraw.js";
import { settingsForm } from "studio/settings.js";

const SIGNS = { queued: "·", running: "●", done: "✔", failed: "✘", stopped: "■" };
const COLUMNS = ["experiment", "state", "epoch", "valid Dice", "best", "time left", "took", "worker", "settings"];
const SPARE = new Set(["best", "worker"]); // where the window is narrow
const NUMBERS = new Set(["epoch", "valid Dice", "best", "time left", "took"]);
const TICK_MS = 1000; // times go on
const DEAD_MS = 10000; // that a worker was killed changes no file

const place = name => document.getElementById(name);
let shown = given();

function draw(now = shown) {
  shown = now;
  redraw(place("summary"), summary());
  redraw(place("states"), states());
  if (canAct) redraw(place("actions"), actions());
  place("queue").hidden = !now.tasks.length;
  place("empty").hidden = now.tasks.length > 0;
  place("empty-words").textContent = now.state ? `Nothing is ${now.state}.` : "Nothing is queued.";
  redraw(place("rows"), now.tasks.map(rows));
  redraw(place("left"), left());
}

function summary() {
  const { counts, workers } = shown;
  const states = ["running", "queued"].map(state => `${counts[state] ?? 0} ${state}`);
  const at = workers.length ? `${workers.length} ${workers.length === 1 ? "worker" : "workers"} at work` : "no worker at work";
  return [at, ...states].join(" · ");
}

function states() {
  const all = Object.values(shown.counts).reduce((sum, count) => sum + count, 0);
  const chip = (state, label, count) => h("button", {
    type: "button", class: "chip", "aria-pressed": String(shown.state === state), data: { focus: `state ${state}` },
    onclick: async () => {
      remember("state", state);
      draw(await latest());
    },
  }, `${label} ${count}`);
  return all ? [chip("", "all", all), ...Object.entries(shown.counts).map(([state, count]) => chip(state, state, count))] : [];
}

function actions() {
  const { counts, workers } = shown;
  return [
    h("button", { type: "button", class: "main", data: { focus: "new" }, onclick: add }, "Queue an experiment"),
    counts.queued ? h("button", { type: "button", data: { focus: "start" }, onclick: start }, "Start workers") : null,
    workers.length ? h("button", { type: "button", data: { focus: "stop" }, onclick: stopAll }, "Stop workers") : null,
    counts.done ? h("button", { type: "button", data: { focus: "clear" }, onclick: forgetDone }, "Forget what is done") : null,
  ];
}

function rows(task) {
  const now = Date.now() / 1000;
  const training = task.state === "running" && task.stage === "train";
  const took = task.started && task.state !== "queued" ? (task.ended ?? now) - task.started : null;
  const cells = [
    h("td", { class: `state ${task.state}` }, h("span", { "aria-hidden": "true" }, SIGNS[task.state]), task.stopping ? " stopping" : ` ${task.state}`,
      task.stage && !["queued", "done"].includes(task.state) ? h("small", {}, task.stage) : null),
    h("td", { class: "number" }, epochs(task)),
    h("td", { class: "number" }, figure(task.valid_dice)),
    h("td", { class: "number spare" }, figure(task.best_dice)),
    h("td", { class: "number" }, training && task.until ? duration(task.until - now) : "–"),
    h("td", { class: "number" }, duration(took)),
    h("td", { class: "spare" }, task.worker ?? "–"),
    h("td", { class: "chosen" }, task.settings.length ? task.settings.map(one => h("code", {}, one)) : "as params.yaml", task.only.length ? h("span", { class: "muted" }, ` only ${task.only.join(", ")}`) : null),
  ];
  const name = h("th", { scope: "row" }, h("a", { href: link(`run/?name=${encodeURIComponent(task.name)}`), data: { focus: `run ${task.name}` } }, task.name), task.message ? h("span", { class: "why" }, task.message) : null);
  const row = h("tr", { title: `queued ${when(task.created)}` }, name, cells, canAct ? h("td", { class: "does" }, does(task)) : null);
  if (!task.error.message) return [row];
  const words = [h("strong", {}, task.error.message), task.error.where ? h("code", {}, task.error.where) : null, task.error.hint ? h("span", {}, "next: ", h("code", {}, task.error.hint)) : null];
  return [row, h("tr", { class: "error" }, h("td", { colspan: COLUMNS.length + canAct }, words))];
}

function epochs(task) {
  if (!task.epochs) return "–";
  const words = `${task.epoch}/${task.epochs}`;
  if (task.state !== "running") return words;
  return [h("progress", { value: task.epoch, max: task.epochs, "aria-label": `epoch ${words}` }), ` ${words}`];
}

function does(task) {
  const button = (verb, onclick) => h("button", { type: "button", class: "text", "aria-label": `${verb}: ${task.name}`, data: { focus: `${verb} ${task.name}` }, onclick }, verb);
  const path = `api/queue/tasks/${encodeURIComponent(task.name)}`;
  const forget = button(task.state === "queued" ? "remove" : "forget", () => attempt(() => act(path, {}, "DELETE"), () => `${task.name} is forgotten`));
  if (task.state === "running") return task.stopping ? [] : [button("stop", () => attempt(() => act(`${path}/stop`), () => `${task.name} is stopping`))];
  if (task.state === "failed" || task.state === "stopped") {
    return [
      button("retry", () => attempt(() => act(`${path}/retry`), () => `${task.name} is queued again; it goes on from its last epoch`)),
      button("retry with …", () => again(task, path)),
      forget,
    ];
  }
  return [forget];
}

function left() {
  if (!shown.left) return [];
  if (exported) return [`${shown.left} more are not in this export`];
  return [h("button", { type: "button", class: "text", onclick: async () => {
    remember("all", "1");
    draw(await latest());
  } }, `${shown.left} more`)];
}

/** A question with the form of all settings; `act` gets those that were changed. */
async function askSettings(path, { title, verb, before = [], blame = () => false, send }) {
  const asked = await attempt(() => ask(path));
  if (!asked) return null;
  const form = settingsForm(asked.sections);
  return question({
    title, verb, wide: true, content: [before, form.element],
    blame: problem => form.blame(problem) || blame(problem),
    act: () => send(form.typed()),
  });
}

async function add() {
  const name = h("input", { type: "text", id: "new-name", autocomplete: "off", spellcheck: "false", placeholder: "a readable one is chosen", "aria-describedby": "new-name-wrong" });
  const message = h("input", { type: "text", id: "new-message", autocomplete: "off", placeholder: "why you try this" });
  const wrong = h("p", { class: "wrong", id: "new-name-wrong", role: "alert" });
  const before = h("div", { class: "about" },
    h("div", { class: "setting" }, h("label", { for: "new-name" }, "Name"), name, wrong),
    h("div", { class: "setting" }, h("label", { for: "new-message" }, "Message"), message),
  );
  const blame = problem => {
    wrong.textContent = problem.field === "name" ? problem.advice : "";
    if (problem.field === "name") name.focus();
    return problem.field === "name";
  };
  const send = settings => queued(act("api/queue/tasks", { name: name.value, message: message.value, settings }));
  const box = await askSettings("api/queue/form", { title: "Queue an experiment", verb: "Queue it", before, blame, send });
  if (box) name.focus();
}

const again = (task, path) => askSettings(`${path}/form`, {
  title: `Try ${task.name} again`, verb: "Queue it again",
  before: h("p", { class: "muted" }, "With other settings it begins from its start, with the files that it was queued with."),
  send: settings => queued(act(`${path}/retry`, { settings })),
});

/** Say what came of queueing; a problem is left to the dialog. */
async function queued(asked) {
  const { name, remarks } = await asked;
  say([`${name} is queued`, ...remarks].join("; "));
}

function start() {
  const { cores, counts, workers } = shown;
  const jobs = h("input", { type: "number", id: "jobs", min: 1, max: 64, value: Math.max(1, workers.length) });
  question({
    title: "Start workers", verb: "Start",
    content: [
      h("div", { class: "setting" }, h("label", { for: "jobs" }, "Workers at a time"), jobs,
        h("p", { class: "help" }, `They share ${cores} ${cores === 1 ? "core" : "cores"} and run ${counts.queued ?? 0} queued, also once this server has ended.`)),
    ],
    act: async () => {
      const { started } = await act("api/queue/workers", { jobs: Number(jobs.value) });
      say(started.length ? `${started.length} started` : "as many are at work already");
    },
  });
}

function stopAll() {
  const after = h("input", { type: "checkbox", id: "after", checked: true });
  question({
    title: "Stop workers", verb: "Stop",
    content: [h("label", { class: "tick" }, after, "Let what runs come to its end"), h("p", { class: "help" }, "What is stopped goes on from its last epoch with retry.")],
    act: async () => {
      await act("api/queue/stop", { after: after.checked });
      say("the workers go home");
    },
  });
}

function forgetDone() {
  const ended = shown.counts.done ?? 0;
  question({
    title: "Forget what is done", verb: "Forget",
    content: h("p", {}, `${ended} finished ${ended === 1 ? "entry leaves" : "entries leave"} the queue; the experiments stay.`),
    act: async () => {
      const { removed } = await act("api/queue/tasks", {}, "DELETE");
      say(`${removed.length} forgotten`);
    },
  });
}

redraw(place("heads"), COLUMNS.map(name => h("th", { scope: "col", class: [NUMBERS.has(name) && "number", SPARE.has(name) && "spare"].filter(Boolean).join(" ") }, name)), canAct ? h("th", { scope: "col" }, h("span", { class: "unseen" }, "what to do")) : null);
draw();
follow(draw);
const busy = () => shown.tasks.some(task => task.state === "running") && !document.hidden;
setInterval(() => busy() && draw(), TICK_MS);
setInterval(async () => busy() && draw(await latest().catch(() => shown)), DEAD_MS);
