// The panel beside the photo: what is known of it, its type, and what its mask amounts to.

import { WORDS } from "./strip.js";
import { counted, percent, whole } from "./words.js";

const part = id => document.getElementById(id);

/** What is known of the photo that is looked at. */
export function showFacts(doc, place, total) {
  const { facts } = doc;
  const { width, height, exposure, subset, source, label } = facts;
  part("name").textContent = doc.name;
  part("name").title = doc.name;
  part("place").textContent = `Photo ${place + 1} of ${total}`;
  part("why").textContent = facts.why;
  const known = label === null ? "not in the dataset yet" : `labelled ${label}`;
  const subsets = subset ? [`${subset} photo`] : [];
  const light = exposure ? [`exposure ${exposure}`] : [];
  part("facts").textContent = [`${width}×${height} px`, ...light, known, ...subsets, source].join(" · ");
}

/** What the photo is at the moment. */
export function showState(doc) {
  const { area } = doc;
  const share = area / (doc.width * doc.height);
  part("state").textContent = capital(WORDS[doc.facts.state]);
  part("state").dataset.state = doc.facts.state;
  const mask = area > 0 ? `Mask of ${counted(area, "pixel")}, ${percent(share)}` : "The mask is empty";
  part("mask-said").textContent = doc.action === "reject" ? `Rejected: ${doc.reason}` : mask;
  for (const input of part("types").querySelectorAll("input")) input.checked = input.value === doc.defect;
  part("warning").textContent = warning(doc, area);
}

/** Why the photo cannot be accepted as it is; empty where it can. */
export function warning(doc, area = doc.area) {
  if (doc.action === "reject") return "";
  if (!part("types").querySelector(":checked")) return "It has no type yet: choose one, or press Good.";
  if (doc.defect === "good" && area > 0) return "It is called good and has a mask: give a type, or press Good.";
  if (doc.defect !== "good" && area === 0) return "It has a defect type and no mask: paint the defect, or press Good.";
  return "";
}

/** The types as a list to choose from; the first nine by number keys. */
export function fillTypes(types, good, choose) {
  const names = [...types, good];
  part("types").replaceChildren(...names.map((name, index) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const key = document.createElement("kbd");
    const text = document.createElement("span");
    Object.assign(input, { type: "radio", name: "type", value: name });
    input.addEventListener("change", () => choose(name));
    text.textContent = name;
    key.textContent = name === good ? "G" : String(index + 1);
    key.hidden = name !== good && index > 8;
    label.append(input, text, key);
    return label;
  }));
}

/** How far one has come. others: states of photos that are not in the queue. */
export function showProgress(photos, others) {
  const open = photos.filter(({ state }) => state === "todo").length;
  const states = [...photos.map(({ state }) => state), ...others];
  const unsaved = states.filter(state => state === "changed" || state === "new").length;
  Object.assign(part("bar"), { max: Math.max(1, photos.length), value: photos.length - open });
  const said = unsaved > 0 ? `, ${whole(unsaved)} to save` : "";
  part("count").textContent = `${whole(photos.length - open)} of ${whole(photos.length)} looked at${said}`;
}

const capital = words => words[0].toUpperCase() + words.slice(1);
