// The queue: what runs and waits, and what can be done about it.

import { keep } from "studio/address.js";
import { question, say } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { act, canAct, exported, follow, given, latest } from "studio/live.js";
import { add } from "studio/queue_new.js";
import { COLUMNS, rows } from "studio/queue_rows.js";
import { redraw } from "studio/redraw.js";

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
  redraw(place("rows"), rows(now, turn));
  redraw(place("left"), left());
}

function turn(group) {
  const turned = shown.turned.includes(group) ? shown.turned.filter(name => name !== group) : [...shown.turned, group];
  keep({ turned: turned.join(",") });
  draw({ ...shown, turned });
}

function summary() {
  const { counts, workers } = shown;
  const states = ["running", "queued"].map(state => `${counts[state] ?? 0} ${state}`);
  const at = workers.length ? `${workers.length} ${workers.length === 1 ? "worker" : "workers"} at work` : "no worker at work";
  return [at, ...states].join(" · ");
}

function states() {
  if (exported && given().state) return []; // the others are not there
  const all = Object.values(shown.counts).reduce((sum, count) => sum + count, 0);
  const chip = (state, label, count) => h("button", {
    type: "button", class: "chip", "aria-pressed": String(shown.state === state), data: { focus: `state ${state}` },
    onclick: async () => {
      keep({ state });
      draw(exported ? only(state) : await latest());
    },
  }, `${label} ${count}`);
  return all ? [chip("", "all", all), ...Object.entries(shown.counts).map(([state, count]) => chip(state, state, count))] : [];
}

/** What an export has of tasks in that state. */
function only(state) {
  const whole = given();
  return { ...whole, state, tasks: whole.tasks.filter(task => !state || task.state === state) };
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

function left() {
  if (!shown.left) return [];
  if (exported) return [`${shown.left} more are not in this export`];
  return [h("button", { type: "button", class: "text", onclick: async () => {
    keep({ all: "1" });
    draw(await latest());
  } }, `${shown.left} more`)];
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
