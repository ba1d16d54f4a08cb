// Everything about one run: its head, and tabs for its training, its photos, its settings and what it says.

import { keep, said } from "studio/address.js";
import { h } from "studio/dom.js";
import { ask, follow, given, latest } from "studio/live.js";
import { charts } from "studio/run_curves.js";
import { Epochs } from "studio/run_epochs.js";
import { head } from "studio/run_head.js";
import { Log } from "studio/run_log.js";
import { Machine } from "studio/run_machine.js";
import { Photos } from "studio/run_photos.js";
import { progress } from "studio/run_progress.js";
import { settings } from "studio/run_settings.js";
import { Curves } from "studio/trainings.js";

const GAP_MS = 1000; // between two looks at a run that runs
const TABS = ["training", "photos", "settings", "log"];
const $ = id => document.getElementById(id);

let shown = given();
const api = `api/runs/${encodeURIComponent(shown.name)}`;
const parts = {};

function choose(name, { focus = false } = {}) {
  for (const tab of TABS) {
    const button = $(`tab-${tab}`);
    const on = tab === name;
    button.setAttribute("aria-selected", on);
    button.tabIndex = on ? 0 : -1;
    $(tab).hidden = !on;
    if (on && focus) button.focus();
  }
  keep({ tab: name === first() ? "" : name });
  document.dispatchEvent(new CustomEvent("tab", { detail: name }));
}

/** The tab that opens where the address names none. */
const first = () => (Object.keys(shown.live.series).length || shown.live.running || !shown.photos.rows.length ? "training" : "photos");

function makeTabs() {
  for (const [at, tab] of TABS.entries()) {
    const button = $(`tab-${tab}`);
    button.addEventListener("click", () => choose(tab));
    button.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) choose(TABS[(at + step + TABS.length) % TABS.length], { focus: true });
    });
  }
  const wanted = said("tab");
  choose(TABS.includes(wanted) ? wanted : said("photo") ? "photos" : first());
}

function drawAll() {
  head($("head"), shown);
  settings($("settings"), shown);
  parts.photos.draw(shown.photos);
  drawLive(shown.live);
}

function drawLive(live) {
  progress($("progress"), live);
  const drawn = charts(live);
  $("curves").hidden = !drawn.length;
  parts.curves.draw(drawn, { picks: Boolean(live.pictures.epochs) });
  parts.epochs.draw(live.pictures);
  parts.machine.draw(live.running);
  parts.log.draw(live.log, live.running);
  const nothing = !live.running && !Object.keys(live.series).length && !live.pictures.epochs;
  $("untrained").hidden = !nothing;
  if (nothing && live.state === "queued") $("untrained").textContent = "Its training has not begun yet.";
}

let asked = 0;

/** What may have changed, at most once a second: the training has the machine first. */
async function look() {
  const wait = asked + GAP_MS - Date.now();
  if (wait > 0) await new Promise(done => setTimeout(done, wait));
  asked = Date.now();
  return "problem" in shown && shown.problem ? latest() : ask(`${api}/live`);
}

async function changed(live) {
  if (!("series" in live) || live.version !== shown.live.version) {
    const now = "series" in live ? await latest() : live;
    if (now.problem) return;
    shown = now;
    drawAll();
  } else {
    shown.live = live;
    drawLive(live);
  }
}

if (shown.problem) {
  $("run").replaceChildren(
    h("p", { class: "empty" }, h("b", {}, shown.problem.title), h("br"), shown.problem.hint),
  );
} else {
  parts.curves = new Curves($("curves"), { log: "Logarithmic loss and rate", picked: epoch => parts.epochs.goNear(epoch) });
  parts.epochs = new Epochs($("epochs"), shown.name, epoch => parts.curves.point(epoch));
  parts.machine = new Machine($("machine"), api);
  parts.log = new Log($("says"));
  parts.photos = new Photos($("table"), shown.name);
  makeTabs();
  drawAll();
  follow(changed, look);
}
document.documentElement.dataset.drawn = "yes";
