// Joins the parts: photos come in, wait, are looked at, are shown; keys, buttons and pointers act on what is shown.

import { model } from "./api.js";
import { openCamera } from "./camera.js";
import * as intake from "./intake.js";
import { askKey } from "./key.js";
import * as keys from "./keys.js";
import { showFacts, showModel, showVerdict } from "./panel.js";
import { Past, thumbnail } from "./past.js";
import { decode, lookAt, newEntry } from "./photo.js";
import { Viewer } from "./viewer.js";
import { counted } from "./words.js";
import { Work } from "./work.js";

const PATIENCE = 150; // ms before a photo is shown without its answer; most answers are faster
const TRIES = 5; // at a server that does not say what its model is
const READABLE = 12_000; // ms that a notice stays
const part = id => document.getElementById(id);
const defectColour = getComputedStyle(document.documentElement).getPropertyValue("--defect").trim();

let following = true; // new answers are shown as they come
let version = ""; // of the model whose facts are shown
let loading = false; // those facts
const batch = new Set(); // entries since the queue was last empty
let silence = 0;

const viewer = new Viewer();
const past = new Past(part("strip"), visit);
const work = new Work({ send: lookAt, changed, progressed, askKey });

function say(words) {
  part("notice").textContent = words;
  clearTimeout(silence);
  silence = setTimeout(() => { part("notice").textContent = ""; }, READABLE);
}

function take(files) {
  say("");
  following = true;
  work.add(files.map(newEntry));
}

/** An entry has begun, waits, or has ended. */
function changed(entry) {
  past.add(entry);
  past.update(entry);
  const shown = entry === viewer.entry;
  if (entry.state === "sending") {
    if (shown) tell(entry);
    else if (following) setTimeout(() => entry.state === "sending" && following && show(entry), PATIENCE);
    return;
  }
  batch.add(entry);
  if (following || shown) show(entry);
  if (entry.state === "done" && entry.answer.model.version !== version) loadModel();
  drawThumbnail(entry);
}

async function drawThumbnail(entry) {
  const picture = await decode(entry);
  const size = entry.answer ?? picture;
  if (size) {
    entry.thumbnail = thumbnail(picture, size, entry.answer?.regions ?? [], defectColour);
    past.update(entry);
  }
  picture?.close();
}

function progressed({ done, total, running, waiting }) {
  part("progress").hidden = running ? total < 2 : waiting.length === 0;
  const left = `${counted(waiting.length, "photo")} still to send`;
  part("count").textContent = running ? `Photo ${Math.min(done + 1, total)} of ${total}` : left;
  Object.assign(part("bar"), { max: Math.max(1, total), value: done });
  if (running || waiting.length > 0) return;
  if (batch.size > 1) say(summary([...batch]));
  batch.clear();
}

function summary(entries) {
  const count = verdict => entries.filter(({ state, answer }) => state === "done" && answer.verdict === verdict).length;
  const failed = entries.filter(({ state }) => state === "failed").length;
  const lost = failed > 0 ? `, ${failed} without a verdict` : "";
  const unsure = count("uncertain") > 0 ? `, ${count("uncertain")} uncertain` : "";
  return `${counted(entries.length, "photo")}: ${count("defect")} defect${unsure}, ${count("good")} good${lost}.`;
}

/** Somebody went to an entry. */
function visit(entry) {
  if (!entry) return;
  following = entry === past.newest;
  show(entry);
}

function show(entry) {
  document.body.dataset.shows = entry.state;
  past.show(entry);
  tell(entry);
  viewer.show(entry);
}

function tell(entry) {
  const word = showVerdict(entry);
  showFacts(entry);
  document.title = `${word}: ${entry.name} – tiles`;
  part("photo").setAttribute("aria-label", `${entry.name}: ${word}`);
  // Not the verdict's own element: who listens would hear every second of a wait.
  part("announced").textContent = `${entry.name}: ${word}. ${part("why").textContent}`;
}

function takePicture() {
  const phone = matchMedia("(pointer: coarse)").matches && !matchMedia("(any-pointer: fine)").matches;
  if (phone) part("snapshot").click();
  else if (navigator.mediaDevices?.getUserMedia) openCamera(part("camera-box"), take);
  else say("Browsers give the camera to pages on https or localhost only. Choose, drop or paste a photo instead.");
}

async function save() {
  const words = await viewer.save();
  if (words) say(words);
}

/** The facts of the model in the foot of the page. A server that is only starting is waited for. */
async function loadModel() {
  if (loading) return;
  loading = true;
  let refused = false;
  for (let left = TRIES; left > 0; left -= 1) {
    try {
      const facts = await model();
      version = facts.version;
      showModel(facts);
      break;
    } catch (problem) {
      if (problem.status === 401) {
        if (!(await askKey(refused))) break;
        refused = true;
      } else if ([0, 429, 503].includes(problem.status) && left > 1) {
        if (problem.status !== 429) say(`${problem.title}. Trying again.`);
        await new Promise(resolve => setTimeout(resolve, 1000 * (problem.wait ?? 2)));
      } else {
        say([problem.title, problem.hint].filter(Boolean).join(". "));
        break;
      }
    }
  }
  loading = false;
}

function listenToButtons() {
  const click = (id, action) => part(id).addEventListener("click", action);
  click("open", () => part("files").click());
  click("camera", takePicture);
  click("help", () => part("help-box").showModal());
  click("again", () => work.retry(viewer.entry));
  click("cancel", () => work.cancel());
  click("toggle", () => viewer.toggleMask());
  click("save", save);
  click("reset", () => viewer.setThreshold(viewer.modelLevel));
  click("larger", () => viewer.stage.zoom(1));
  click("smaller", () => viewer.stage.zoom(-1));
  click("fit", () => viewer.stage.fit());
  for (const id of ["files", "snapshot"]) {
    part(id).addEventListener("change", event => {
      if (event.target.files.length > 0) take([...event.target.files]);
      event.target.value = ""; // or the same photo could not be chosen twice
    });
  }
  part("threshold").addEventListener("input", event => viewer.setThreshold(Number(event.target.value)));
  part("opacity").addEventListener("input", event => viewer.setOpacity(Number(event.target.value)));
}

function listenToRegions(list) {
  const index = element => Number(element?.closest("[data-region]")?.dataset.region ?? -1);
  list.addEventListener("pointerover", event => viewer.mark(index(event.target)));
  list.addEventListener("pointerleave", () => viewer.mark(index(document.activeElement)));
  list.addEventListener("focusin", event => viewer.mark(index(event.target), { scroll: true, near: "seen" }));
  list.addEventListener("focusout", () => viewer.mark(-1));
  list.addEventListener("click", event => viewer.mark(index(event.target), { near: "close" }));
}

const { stage } = viewer;
const ACTIONS = {
  o: () => part("files").click(),
  c: takePicture,
  s: save,
  m: () => viewer.toggleMask(),
  t: () => part("theme").click(),
  r: () => part("reset").click(),
  "?": () => part("help-box").showModal(),
  ",": () => viewer.stepThreshold(-1),
  ".": () => viewer.stepThreshold(1),
  k: () => viewer.stepOpacity(-5),
  l: () => viewer.stepOpacity(5),
  "+": () => stage.zoom(1),
  "=": () => stage.zoom(1),
  "-": () => stage.zoom(-1),
  0: () => stage.fit(),
  ArrowLeft: () => visit(past.beside(-1)),
  ArrowRight: () => visit(past.beside(1)),
  ArrowUp: () => viewer.stepRegion(-1),
  ArrowDown: () => viewer.stepRegion(1),
  "Shift+ArrowLeft": () => stage.pan(60, 0),
  "Shift+ArrowRight": () => stage.pan(-60, 0),
  "Shift+ArrowUp": () => stage.pan(0, 60),
  "Shift+ArrowDown": () => stage.pan(0, -60),
  Escape: () => {
    document.activeElement?.blur();
    viewer.mark(-1);
    stage.fit();
  },
};

listenToButtons();
listenToRegions(part("regions"));
intake.listen({ hint: part("drop"), take, say });
keys.listen(ACTIONS, part("shortcuts"));
loadModel();
