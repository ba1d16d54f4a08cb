// A few runs side by side.

import { asked, keep } from "studio/address.js";
import { drawChanges } from "studio/changes.js";
import { drawFigures, drawSettings, drawVerdicts } from "studio/beside.js";
import { h } from "studio/dom.js";
import { when } from "studio/format.js";
import { ask, follow, given, link, Problem, exported } from "studio/live.js";
import { Photos } from "studio/pairs.js";
import { swatch } from "studio/readout.js";
import { Curves, titled } from "studio/trainings.js";

const FIRST = ["valid.dice", "train.loss"]; // series that are drawn unless others are chosen
const place = id => document.getElementById(id);
const curves = new Curves(place("curves"), { empty: "No run has a learning curve yet: tiles train writes one." });
const photos = new Photos();
let shown = given();

/** The address of this page for other runs, null where the export has it not; what else stands in the query stays. */
function withRuns(names) {
  const query = asked();
  query.set("runs", names.join(","));
  return link(`compare/?${query.toString().replaceAll("%2C", ",")}`);
}

/** A chart for each series, with a line for each run that has it. */
function charts({ runs, curves: { names, series, epoch_s: paces, best } }) {
  return names.map(name => ({
    name, title: titled(name), first: FIRST.includes(name),
    lines: runs.flatMap((run, at) => series[at][name] ? [{ name: run.name, colour: run.colour, dash: run.dash, points: series[at][name], epochS: paces[at], best: best[at] }] : []),
  }));
}

function drawRuns() {
  const names = shown.runs.map(run => run.name);
  place("runs").replaceChildren(...shown.runs.map((run, at) => {
    const others = names.filter(name => name !== run.name);
    const [turned, without] = [withRuns([run.name, ...others]), withRuns(others)];
    const what = [run.kind === "experiment" ? run.state === "success" ? "" : run.state : run.kind, run.created ? when(run.created) : ""];
    return h("li", {},
      h("a", { class: "name", href: link(`run/?name=${encodeURIComponent(run.name)}`) }, swatch(run), run.name),
      h("p", {}, [at === 0 && names.length > 1 ? "the others are compared with this one" : "", ...what].filter(Boolean).join(", ")),
      run.message && run.message !== run.name ? h("p", {}, run.message) : null,
      run.stale.length ? h("p", { class: "wrong" }, `older than its training: ${run.stale.join(", ")}`) : null,
      run.broken.length ? h("p", { class: "wrong" }, `cannot be read: ${run.broken.join(", ")}`) : null,
      run.untested && run.state === "success" ? h("p", { class: "wrong" }, run.untested) : null,
      h("div", { class: "do" },
        at > 0 && turned ? h("a", { href: turned, "aria-label": `compare with this: ${run.name}` }, "compare with this") : null,
        names.length > 1 && without ? h("a", { href: without, "aria-label": `leave out ${run.name}` }, "leave out") : null),
    );
  }));
}

function drawNotes() {
  const notes = shown.missing.map(({ words, hint }) => `${words[0].toUpperCase()}${words.slice(1)}. ${hint}`);
  if (shown.left_out.length) notes.push(`At most ${shown.most} runs are compared at a time; left out: ${shown.left_out.join(", ")}`);
  if (shown.runs.length === 1) notes.push("One run is chosen. Choose more of them under Experiments to compare.");
  place("notes").replaceChildren(...notes.map(words => h("p", {}, words)));
  if (shown.runs.length) return;
  place("notes").append(h("div", { class: "empty" },
    h("p", {}, "No runs are chosen. Choose some under ", h("a", { href: link("experiments/") }, "Experiments"), ", or a range under ", h("a", { href: link("axes/") }, "Axes"), "."),
    h("p", {}, "There are none yet? ", h("code", {}, "tiles train"))));
}

function draw() {
  drawNotes();
  place("compared").hidden = shown.runs.length === 0;
  if (shown.runs.length === 0) return;
  drawRuns();
  drawVerdicts(place("verdicts"), shown);
  curves.draw(charts(shown));
  drawFigures(place("figures"), shown, place("all").checked);
  drawSettings(place("settings"), shown);
  drawChanges(place("changes"), shown);
  photos.draw(shown);
}

/** What takes longer than a page may. */
async function complete() {
  if (shown.whole || shown.runs.length < 2 || exported) return;
  const query = asked();
  query.set("whole", "1");
  try {
    const { verdicts, changes } = await ask(`api/pages/compare?${query}`);
    Object.assign(shown, { verdicts, changes, whole: true });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    shown.failed = problem.words;
  }
  drawVerdicts(place("verdicts"), shown);
  drawFigures(place("figures"), shown, place("all").checked);
  drawChanges(place("changes"), shown);
}

place("all").checked = asked().has("all");
place("all").addEventListener("change", event => {
  keep({ all: event.target.checked ? "1" : null });
  drawFigures(place("figures"), shown, event.target.checked);
});

draw();
complete();
follow(now => {
  const same = JSON.stringify(now.runs) === JSON.stringify(shown.runs) && shown.whole;
  shown = same ? { ...now, verdicts: shown.verdicts, changes: shown.changes, whole: !now.runs.some(run => run.kind === "workspace") } : now;
  draw();
  complete();
});
