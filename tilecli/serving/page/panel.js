// What stands beside the photo: the verdict and what decides it, the regions, the facts.

import { apart, counted, duration, figure, percent, whole } from "./words.js";

const WORDS = { defect: "Defect", uncertain: "Uncertain", good: "Good" };
const MOST = 100; // regions in the list; nobody reads more

const part = id => document.getElementById(id);

/** The verdict of an entry, or how far it is, or why there is none. Returns it in a word or two. */
export function showVerdict(entry) {
  const box = part("verdict");
  const { state, answer, problem } = entry;
  const done = state === "done";
  box.dataset.state = done ? answer.verdict : state;
  part("shape").setAttribute("href", `#i-${done ? answer.verdict : state === "failed" ? "failed" : "busy"}`);
  const type = done && answer.type ? `: ${answer.type}` : "";
  const word = done ? WORDS[answer.verdict] + type : problem?.title ?? "Looking";
  part("word").textContent = word;
  part("name").textContent = entry.name;
  part("name").title = entry.name;
  const [why, advice] = done ? reason(answer) : trouble(entry);
  part("why").textContent = why;
  part("advice").textContent = advice;
  part("again").hidden = state !== "failed";
  part("meter").hidden = !done;
  if (done) {
    part("score").style.width = `${answer.score * 100}%`;
    part("limit").style.left = `${answer.verdict_threshold * 100}%`;
    const low = answer.uncertain_from ?? answer.verdict_threshold;
    part("band").hidden = low >= answer.verdict_threshold;
    part("band").style.left = `${low * 100}%`;
    part("band").style.width = `${(answer.verdict_threshold - low) * 100}%`;
  }
  return word;
}

/** What decides: the score against the verdict's threshold, and against where uncertainty begins if it does anywhere. */
function reason({ verdict, score, verdict_threshold: limit, uncertain_from: low, min_area_px: least, regions }) {
  const meaning = `The score is the probability that the ${counted(least, "most suspicious pixel")} all reach.`;
  if (verdict === "uncertain") {
    const ends = [low, limit].map(end => apart(score, end));
    const own = ends.map(([said]) => said).sort((a, b) => b.length - a.length)[0];
    const unseen = regions.length > 0 ? "" : " No pixel reaches the threshold; a lower one shows what is suspicious.";
    return [`Score ${own} lies between ${ends[0][1]} and ${ends[1][1]}: a person should decide.`, meaning + unseen];
  }
  const nearest = verdict === "good" ? low ?? limit : limit;
  const [own, wanted] = apart(score, nearest);
  const beside = verdict === "defect" ? "reaches" : "is below";
  const what = nearest === limit ? `the verdict threshold of ${wanted}` : `${wanted}, where uncertain begins`;
  return [`Score ${own} ${beside} ${what}.`, meaning];
}

const trouble = ({ problem, wait }) => (problem ? [problem.detail, wait || problem.hint] : ["", ""]);

/**
 * The regions at the present threshold, with their types where there are `classes`. Entries are reused, so that focus
 * stays.
 */
export function showRegions(found, size, classes = []) {
  const list = part("regions");
  const shown = found.regions.slice(0, MOST);
  while (list.childElementCount > shown.length) list.lastElementChild.remove();
  while (list.childElementCount < shown.length) list.append(emptyRegion(list.childElementCount));
  shown.forEach((region, index) => fillRegion(list.children[index].firstElementChild, region, index, classes));
  const share = found.area / (size.width * size.height);
  const total = `${counted(found.regions.length, "region")} · ${whole(found.area)} px · ${percent(share)}`;
  part("total").textContent = found.regions.length > 0 ? total : "No pixel reaches the threshold.";
  const more = found.regions.length - shown.length;
  part("rest").textContent = more > 0 ? `and ${counted(more, "smaller one")}` : "";
}

function emptyRegion(index) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.region = index;
  // Read aloud it is one sentence; seen, the words in between are in the table's head.
  for (const [before, after] of [["Region ", ","], ["", " px,"], ["mean probability ", ","], ["", " px"]]) {
    const cell = document.createElement("span");
    cell.append(unseen(before), document.createElement("span"), unseen(after));
    button.append(cell);
  }
  item.append(button);
  return item;
}

function unseen(words) {
  const span = document.createElement("span");
  span.className = "unseen";
  span.textContent = words;
  return span;
}

function fillRegion(button, { box: [x, y, width, height], area, mean, kind }, index, classes) {
  const texts = [String(index + 1), whole(area), figure(mean), `${width}×${height}`];
  texts.forEach((text, column) => {
    const cell = button.children[column].children[1];
    if (cell.textContent !== text) cell.textContent = text;
  });
  const place = ` at ${x}, ${y}`;
  button.title = place.trim();
  button.children[3].children[2].textContent = ` px${place}`;
  button.querySelector(".type")?.remove();
  if (kind) button.append(typeCell(classes[kind - 1], kind));
}

/** The type of a region in words, beside the colour it has on the stage. */
function typeCell(name, kind) {
  const cell = document.createElement("span");
  cell.className = "type";
  cell.textContent = name;
  cell.style.setProperty("--tone", `var(--type-${((kind - 1) % 8) + 1})`);
  return cell;
}

/** Point out one entry of the list, or none (-1). */
export function markRegion(index, scroll) {
  const list = part("regions");
  for (const item of list.querySelectorAll(".marked")) item.classList.remove("marked");
  const item = list.children[index];
  if (!item) return;
  item.classList.add("marked");
  if (scroll) item.scrollIntoView({ block: "nearest" });
}

/** Size, time and model of one answer; of a refusal, what it is called in the server's log. */
export function showFacts({ state, answer, problem }) {
  if (state !== "done") {
    part("facts").textContent = problem?.request ? `Request ${problem.request}` : "";
    return;
  }
  const { width, height, timings_ms: times, model } = answer;
  const took = `${duration(times.total)} at the server, ${duration(times.infer)} of it in the model`;
  part("facts").textContent = `${width}×${height} px · ${took} · model ${model.version}, ${model.precision}`;
}

/** The model that answers now, in the foot of the page. */
export function showModel({ version, precision, engine }) {
  part("model").textContent = `model ${version} · ${precision} · ${engine}`;
}
