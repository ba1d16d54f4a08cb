// Joins the parts: the queue, the stage with its tools, the panel, keys and buttons.

import { ask, askBatch } from "./dialogs.js";
import { Doc } from "./doc.js";
import { Easel } from "./easel.js";
import { History } from "./history.js";
import * as keys from "./keys.js";
import { fillTypes, showFacts, showProgress, showState, warning } from "./panel.js";
import { readGrey } from "./pixels.js";
import * as server from "./server.js";
import { Strip } from "./strip.js";
import { counted } from "./words.js";

const PEN = "Wheel: size. Ctrl and wheel: zoom. Space or right button: move.";
const MOUSE = {
  brush: PEN,
  eraser: PEN,
  polygon: "Click corners; Enter, two clicks or the first corner closes, Shift and Enter cuts out.",
  hand: "Drag moves, the wheel zooms, two clicks fit.",
};
const FINGERS = "One finger draws, two move and zoom.";
const TOUCH = {
  brush: FINGERS,
  eraser: FINGERS,
  polygon: "Tap corners; the first corner closes.",
  hand: "One finger moves, two zoom.",
};
const KEPT = 8; // spots whose masks and steps stay in memory
const READABLE = 8000; // ms that a notice stays
const touch = matchMedia("(pointer: coarse)");
const part = id => document.getElementById(id);

let queue = { photos: [], types: [], good: "good" };
let at = -1; // of the photo that is looked at
let lastType = ""; // that was given to a photo
let turn = 0; // of loading, so that a slow photo does not replace one chosen after it
let silence = 0;
const others = new Map(); // photos that are not in the queue, exposures of one that is → state
const spots = new Map(); // names of all exposures → { docs, history }

const easel = new Easel(part("stage"), {
  changed: keep,
  sized: px => {
    part("thick").value = px;
    part("thick-said").textContent = `${px} px`;
  },
  moved: scale => { part("scale").textContent = `${Math.round(scale * 100)} %`; },
});
const strip = new Strip(part("strip"), go);
const current = () => easel.docs[0] ?? null;

easel.labelled = doc => {
  const type = doc.defect === queue.good && doc.area > 0 ? lastType : doc.defect;
  doc.take({ action: "label", defect: type, reason: "" });
};

function say(words, stays = false) {
  part("notice").textContent = words;
  clearTimeout(silence);
  if (!stays) silence = setTimeout(() => { part("notice").textContent = ""; }, READABLE);
}

/** Photos have changed here: send them, and show what they are now. */
function keep(docs) {
  for (const doc of docs) doc.send();
  show();
}

const hears = {
  saved(doc) {
    part("kept").textContent = "Everything is kept";
    const index = queue.photos.findIndex(({ name }) => name === doc.name);
    if (index >= 0) {
      queue.photos[index].state = doc.facts.state;
      strip.update(index);
    } else others.set(doc.name, doc.facts.state);
    showProgress(queue.photos, [...others.values()]);
    if (doc === current()) show();
  },
  failed(doc, problem) {
    part("kept").textContent = "Not kept";
    say(`${doc.name} is not kept: ${problem.words ?? problem}`, true);
  },
};

function show() {
  const doc = current();
  if (!doc) return;
  showState(doc);
  part("undo").disabled = easel.history.done.length === 0 && easel.points.length === 0;
  part("redo").disabled = easel.history.undone.length === 0;
  part("reject").setAttribute("aria-pressed", String(doc.action === "reject"));
}

/** Go to a photo of the queue. */
async function go(index) {
  if (index < 0 || index >= queue.photos.length) {
    say(index < 0 ? "This is the first photo." : "This was the last photo. S saves what you made as a batch.");
    return;
  }
  turn += 1;
  const own = turn;
  const { name } = queue.photos[index];
  try {
    const facts = await server.facts(name);
    const spot = spotOf(facts);
    await Promise.all(spot.docs.map(doc => doc.load()));
    if (own !== turn) return;
    for (const other of spots.values()) if (other !== spot) for (const doc of other.docs) doc.rest();
    at = index;
    strip.show(index);
    document.title = `${name} – tiles`;
    const exposures = [{ ...facts, right: 0, down: 0 }, ...facts.exposures].map(({ name: which, right, down }) => {
      return { doc: spot.docs.find(one => one.name === which), right, down };
    });
    easel.show(exposures, spot.history, facts.box);
    showFacts(exposures[0].doc, index, queue.photos.length);
    showSpot(exposures.length);
    show();
    part("announced").textContent = `${name}, ${part("place").textContent}. ${facts.why}`;
  } catch (problem) {
    say(problem.words ?? String(problem), true);
  }
}

/** The photos of a spot with what was done to them, kept while they are among the last that were looked at. */
function spotOf(facts) {
  const all = [facts, ...facts.exposures];
  const key = all.map(({ name }) => name).sort().join("\n");
  const spot = spots.get(key) ?? { docs: all.map(one => new Doc(one, hears)), history: new History() };
  spots.delete(key);
  spots.set(key, spot);
  for (const [old, { docs }] of spots) {
    if (spots.size <= KEPT) break;
    if (docs.some(doc => doc.stale || doc.sending)) continue;
    for (const doc of docs) doc.rest();
    spots.delete(old);
  }
  return spot;
}

function showSpot(count) {
  part("exposures").hidden = count < 2;
  part("spot-said").textContent = `${counted(count, "exposure")} of this spot`;
  link(easel.linked && count > 1);
}

function link(on) {
  easel.linked = on;
  part("link").setAttribute("aria-pressed", String(on));
  easel.draw();
}

function choose(tool) {
  easel.setTool(tool);
  for (const button of document.querySelectorAll("[data-tool]")) {
    if (button.tagName === "BUTTON") button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  }
  part("hint").textContent = (touch.matches ? TOUCH : MOUSE)[tool];
}

function setType(name) {
  if (name !== queue.good) lastType = name;
  easel.step(doc => {
    if (name === queue.good) doc.mask.fill(0);
    doc.take({ action: "label", defect: name, reason: "" });
  });
}

function accept() {
  if (easel.points.length > 0) {
    easel.close();
    return;
  }
  const doc = current();
  if (!doc) return;
  const words = warning(doc);
  if (words) {
    say(words);
    return;
  }
  if (doc.action === null) easel.step(one => { one.action = "label"; }, easel.exposures.slice(0, 1));
  go(at + 1);
}

function reject() {
  const doc = current();
  if (!doc) return;
  const [first] = easel.exposures;
  if (doc.action === "reject") {
    easel.step(one => one.take({ action: null, defect: one.defect, reason: "" }), [first]);
    return;
  }
  ask(part("reject-box"), ({ reason }) => {
    easel.step(one => one.take({ action: "reject", defect: one.defect, reason }), [first]);
    go(at + 1);
  });
}

/** Back to the label that the dataset has, or to what the model said. */
async function reset() {
  const [first] = easel.exposures;
  const { doc } = first;
  const { values } = await readGrey(await server.maskOf(doc.name, true));
  easel.step(one => {
    one.mask.set(values.map(value => (value > 0 ? 1 : 0)));
    one.take({ action: null, defect: one.facts.label ?? one.defect, reason: "" });
  }, [first]);
}

function slide(id, step) {
  part(id).value = Number(part(id).value) + step;
  part(id).dispatchEvent(new Event("input"));
}

function toggleMask() {
  easel.look.shown = !easel.look.shown;
  part("toggle").setAttribute("aria-pressed", String(easel.look.shown));
  easel.draw();
}

function toggleBeside() {
  easel.setBeside(!easel.beside);
  part("beside").setAttribute("aria-pressed", String(easel.beside));
}

function saveBatch() {
  const waiting = [...spots.values()].flatMap(({ docs }) => docs).map(doc => doc.sending);
  Promise.all(waiting)
    .then(() => askBatch(saved))
    .catch(problem => say(problem.words ?? String(problem), true));
}

/** The dataset has the batch: every mask is another's now. */
async function saved({ name, photos, next }) {
  for (const { docs } of spots.values()) for (const doc of docs) doc.rest();
  spots.clear();
  others.clear();
  await load(Math.max(0, at));
  part("saved-said").textContent = `${name} with ${counted(photos, "photo")} is part of the dataset.`;
  part("saved-next").textContent = next.join("\n");
  part("saved-box").showModal();
}

async function load(index) {
  queue = await server.loadQueue();
  lastType ||= queue.types[0];
  fillTypes(queue.types, queue.good, setType);
  strip.fill(queue.photos);
  showProgress(queue.photos, [...others.values()]);
  part("project").textContent = queue.project;
  await go(index);
  document.body.dataset.shows = "done";
}

function newType({ type }) {
  const name = type.trim().toLowerCase();
  if (!name) return;
  if (name !== queue.good && !queue.types.includes(name)) {
    queue.types.push(name);
    fillTypes(queue.types, queue.good, setType);
  }
  setType(name);
}

const ACTIONS = {
  b: () => choose("brush"),
  e: () => choose("eraser"),
  p: () => choose("polygon"),
  h: () => choose("hand"),
  "[": () => easel.grow(-1),
  "]": () => easel.grow(1),
  z: () => easel.undo(),
  y: () => easel.redo(),
  f: () => easel.fillHoles(),
  c: () => easel.clear(),
  r: reset,
  g: () => setType(queue.good),
  n: () => part("new-type").click(),
  x: reject,
  a: () => !part("exposures").hidden && link(!easel.linked),
  d: () => !part("exposures").hidden && toggleBeside(),
  u: () => !part("exposures").hidden && easel.copyToAll(),
  m: toggleMask,
  k: () => slide("opacity", -5),
  l: () => slide("opacity", 5),
  ",": () => slide("contrast", -10),
  ".": () => slide("contrast", 10),
  "+": () => easel.zoom(1),
  "=": () => easel.zoom(1),
  "-": () => easel.zoom(-1),
  0: () => easel.fit(),
  s: saveBatch,
  t: () => part("theme").click(),
  "?": () => part("help-box").showModal(),
  Enter: accept,
  Backspace: () => easel.points.length > 0 && easel.undo(),
  ArrowLeft: () => go(at - 1),
  ArrowRight: () => go(at + 1),
  "Shift+ArrowLeft": () => easel.pan(60, 0),
  "Shift+ArrowRight": () => easel.pan(-60, 0),
  "Shift+ArrowUp": () => easel.pan(0, 60),
  "Shift+ArrowDown": () => easel.pan(0, -60),
  Escape: () => { if (!easel.cancel()) easel.fit(); },
};
for (let number = 1; number <= 9; number += 1) {
  ACTIONS[number] = () => queue.types[number - 1] && setType(queue.types[number - 1]);
}

function listenToButtons() {
  const click = (id, action) => part(id).addEventListener("click", action);
  for (const button of document.querySelectorAll("button[data-tool]")) {
    button.addEventListener("click", () => choose(button.dataset.tool));
  }
  click("undo", () => easel.undo());
  click("redo", () => easel.redo());
  click("fill", () => easel.fillHoles());
  click("clear", () => easel.clear());
  click("reset", reset);
  click("accept", accept);
  click("previous", () => go(at - 1));
  click("next", () => go(at + 1));
  click("reject", reject);
  click("new-type", () => ask(part("type-box"), newType));
  click("link", () => link(!easel.linked));
  click("beside", toggleBeside);
  click("copy", () => easel.copyToAll());
  click("toggle", toggleMask);
  click("larger", () => easel.zoom(1));
  click("smaller", () => easel.zoom(-1));
  click("fit", () => easel.fit());
  click("save", saveBatch);
  click("help", () => part("help-box").showModal());
  part("thick").addEventListener("input", event => easel.setThick(Number(event.target.value)));
  part("contrast").addEventListener("input", ({ target }) => {
    part("contrast-said").textContent = `${target.value} %`;
    easel.setContrast(Number(target.value) / 100);
  });
  part("opacity").addEventListener("input", ({ target }) => {
    part("opacity-said").textContent = `${target.value} %`;
    easel.look.opacity = Number(target.value) / 100;
    easel.draw();
  });
}

/** What the table of single keys cannot say: keys that are held, and those with Ctrl. */
function listenToMore() {
  const typing = ({ target }) => target.matches("input:not([type=radio], [type=range], [type=checkbox]), textarea, select");
  const open = () => document.querySelector("dialog[open]");
  addEventListener("keydown", event => {
    if (open() || typing(event)) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
      event.preventDefault();
      if (key === "y" || event.shiftKey) easel.redo();
      else easel.undo();
    } else if (key === "enter" && event.shiftKey && easel.points.length > 0) {
      event.preventDefault();
      easel.close(0);
    } else if (key === " " && !event.target.closest("button, a, label, input")) {
      event.preventDefault();
      easel.held = true;
      part("stage").classList.add("held");
    }
  }, { capture: true });
  addEventListener("keyup", event => {
    if (event.key !== " ") return;
    easel.held = false;
    part("stage").classList.remove("held");
  });
  addEventListener("beforeunload", event => {
    const unsent = [...spots.values()].some(({ docs }) => docs.some(doc => doc.stale || doc.sending));
    if (unsent) event.preventDefault();
  });
}

/** Who clicks does not mean the button with the next Enter or arrow; who goes by keyboard does. */
function letGo() {
  addEventListener("pointerup", () => setTimeout(() => {
    if (!document.querySelector("dialog[open]")) document.activeElement?.blur();
  }));
}

listenToButtons();
letGo();
listenToMore();
keys.listen(ACTIONS, part("shortcuts"));
choose("brush");
easel.setThick(easel.thick);
load(0).catch(problem => say(problem.words ?? String(problem), true));
