// Joins the parts: the queue, the stage, the panel; and what one decides about a photo.

import { listen } from "./controls.js";
import { ask, askBatch } from "./dialogs.js";
import { Easel } from "./easel.js";
import { fillTypes, showFacts, showProgress, showState, warning } from "./panel.js";
import { readGrey } from "./pixels.js";
import * as server from "./server.js";
import { Spots } from "./spots.js";
import { Strip } from "./strip.js";
import { counted } from "./words.js";

const READABLE = 8000; // ms that a notice stays
const part = id => document.getElementById(id);

let queue = { photos: [], types: [], good: "good" };
let at = -1; // of the photo that is looked at
let lastType = ""; // that was given to a photo
let turn = 0; // of loading, so that a slow photo does not replace one chosen after it
let silence = 0;
const others = new Map(); // photos that are not in the queue, exposures of one that is → state

const easel = new Easel(part("stage"), {
  changed: keep,
  sized: px => {
    part("thick").value = px;
    part("thick-said").textContent = `${px} px`;
  },
  moved: scale => { part("scale").textContent = `${Math.round(scale * 100)} %`; },
});
const strip = new Strip(part("strip"), go);
const spots = new Spots();
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
  part("undo").disabled = easel.history.done.length === 0 && easel.sketch.points.length === 0;
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
    const spot = spots.of(facts, hears);
    await Promise.all(spot.docs.map(doc => doc.load()));
    if (own !== turn) return;
    spots.rest(spot);
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

function showSpot(count) {
  part("exposures").hidden = count < 2;
  part("spot-said").textContent = `${counted(count, "exposure")} of this spot`;
}

function setType(name) {
  if (name !== queue.good) lastType = name;
  easel.step(doc => {
    if (name === queue.good) doc.mask.fill(0);
    doc.take({ action: "label", defect: name, reason: "" });
  });
}

function accept() {
  if (easel.sketch.points.length > 0) {
    easel.sketch.close();
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

function saveBatch() {
  Promise.all(spots.docs.map(doc => doc.sending))
    .then(() => askBatch(saved))
    .catch(problem => say(problem.words ?? String(problem), true));
}

/** The dataset has the batch: every mask is another's now. */
async function saved({ name, photos, next }) {
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

addEventListener("beforeunload", event => {
  if (spots.docs.some(doc => doc.stale || doc.sending)) event.preventDefault();
});
listen(easel, {
  go: steps => go(at + steps),
  type: number => queue.types[number - 1] && setType(queue.types[number - 1]),
  good: () => setType(queue.good),
  newType: () => ask(part("type-box"), newType),
  accept,
  reject,
  reset,
  saveBatch,
});
load(0).catch(problem => say(problem.words ?? String(problem), true));
