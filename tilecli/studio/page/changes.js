// What differs from the first run in code and data.

import { h } from "studio/dom.js";
import { ask, exported, given, Problem } from "studio/live.js";

// [first, other, path] as JSON → the text of the difference
const opened = new Map(exported ? given().differences?.map(([text, ...about]) => [JSON.stringify(about), text]) : []);

export function drawChanges(place, { runs, changes }) {
  if (place.contains(document.activeElement) && document.activeElement !== document.body) return; // somebody reads there
  if (runs.length < 2) {
    place.replaceChildren(h("p", { class: "muted" }, "One run alone has nothing to differ from."));
    return;
  }
  place.replaceChildren(...runs.slice(1).map((run, at) => {
    const { files, data } = changes[at + 1];
    const paths = Object.entries(files);
    return h("div", {},
      h("p", {}, h("code", {}, run.name), ` against `, h("code", {}, runs[0].name), `: `, paths.length ? `${paths.length} file${paths.length === 1 ? "" : "s"}` : "the same code", `; data: ${data ?? "counting what differs …"}`),
      paths.length ? h("ol", {}, paths.map(([path, how]) => h("li", {}, file(runs[0].name, run.name, path, how)))) : null);
  }));
}

function file(first, other, path, how) {
  const words = [h("code", {}, path), ` ${how}`];
  if (exported && !opened.has(JSON.stringify([first, other, path]))) return h("span", {}, words, h("span", { class: "muted" }, ", the text is not in the export"));
  const place = h("pre", { tabindex: 0, "aria-label": `What differs in ${path}` });
  return h("details", { ontoggle: event => event.target.open && open(place, first, other, path) }, h("summary", {}, words), place);
}

async function open(place, first, other, path) {
  const key = JSON.stringify([first, other, path]);
  const query = new URLSearchParams({ first, other, path });
  try {
    if (!opened.has(key)) opened.set(key, (await ask(`api/difference?${query}`)).text);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    place.textContent = problem.words;
    return;
  }
  const kinds = { "+": "ins", "-": "del" };
  place.replaceChildren(...opened.get(key).split("\n").map(line => h(kinds[line[0]] ?? "span", {}, `${line}\n`)));
}
