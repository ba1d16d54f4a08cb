// Figures, settings and verdicts of the compared runs, each run a column.

import { h } from "studio/dom.js";
import { figure, signed } from "studio/format.js";
import { short, written } from "studio/scale.js";

const NAME = 40; // letters of a name at the head of a column
const isNumber = value => typeof value === "number";
const marked = words => (words?.startsWith("▲") ? "better" : words?.startsWith("▼") ? "worse" : "");

/** Whether each run is better than the first, in sentences. */
export function drawVerdicts(place, { runs, verdicts, whole, failed }) {
  if (runs.length < 2) {
    place.replaceChildren(h("p", { class: "muted" }, "One run alone has nothing to be better than."));
    return;
  }
  place.replaceChildren(...runs.slice(1).map((run, at) => {
    const verdict = verdicts[at + 1];
    if (!verdict) return h("p", { class: "muted" }, failed ?? (whole ? `${run.name} is not compared here` : `comparing ${run.name} with ${runs[0].name}, photo by photo …`));
    const kind = marked(verdict.figures.dice_mean?.words);
    const sign = { better: "▲", worse: "▼" }[kind] ?? "·";
    return h("div", {}, h("p", {}, h("span", { class: `mark ${kind}`, "aria-hidden": "true" }, sign), verdict.sentence), verdict.basis ? h("p", { class: "basis" }, verdict.basis) : null);
  }));
}

const head = (runs, what) => h("thead", {}, h("tr", {}, h("th", { scope: "col" }, what), runs.map(run => h("th", { scope: "col", title: run.name }, short(run.name, NAME)))));

/** Every figure, with its difference from the first run's and what the photos say of that. */
export function drawFigures(place, { runs, metrics, verdicts }, all) {
  const rows = metrics.filter(metric => all || metric.first || metric.label);
  if (rows.length === 0) {
    place.replaceChildren(h("p", { class: "muted" }, "None of the runs has figures yet."));
    return;
  }
  place.replaceChildren(h("table", { class: "beside" }, head(runs, "figure"), h("tbody", {}, rows.map(metric => figureRow(metric, runs, verdicts)))));
}

function figureRow(metric, runs, verdicts) {
  const { name, label, high, values, intervals } = metric;
  const known = values.filter(isNumber);
  const best = known.length > 1 && known.some(value => value !== known[0]) ? (high ? Math.max(...known) : Math.min(...known)) : null;
  return h("tr", {},
    h("th", { scope: "row", title: name }, label || name, h("small", {}, [label ? name : "", high ? "" : "lower is better"].filter(Boolean).join(", "))),
    runs.map((run, at) => {
      const value = values[at];
      const say = number => (metric.share ? `${figure(100 * number)} %` : figure(number));
      const said = isNumber(value) ? say(value) : value === null || value === undefined ? "–" : written(value);
      const ends = intervals[at];
      return h("td", {}, best !== null && value === best ? h("b", {}, said) : said,
        ends ? h("small", {}, `${say(ends[0])} – ${say(ends[1])}`) : null,
        at > 0 && isNumber(value) && isNumber(values[0]) ? difference(metric, value - values[0], judged(verdicts[at], name)) : null);
    }));
}

/** What the bootstrap says of a figure, as `metrics` call it. */
function judged(verdict, name) {
  const type = /^per_defect\.(.+)\.dice$/.exec(name)?.[1];
  return type === undefined ? verdict?.figures[name] : verdict?.types[type];
}

function difference({ share }, change, found) {
  if (change === 0) return h("small", {}, "the same");
  const say = number => (share ? `${signed(100 * number)} pp` : signed(number));
  if (!found) return h("small", {}, say(change));
  const ends = found.low === null ? null : `95 % ${say(found.low)} … ${say(found.high)}`;
  return h("small", { class: marked(found.words), title: ends }, `${say(change)}, ${found.words}`);
}

/** The settings that are not the same in all runs; what differs from the first run stands out. */
export function drawSettings(place, { runs, params }) {
  if (params.length === 0) {
    place.replaceChildren(h("p", { class: "muted" }, "The settings are the same."));
    return;
  }
  const cell = (value, first) => h("td", { class: JSON.stringify(value) === JSON.stringify(first) ? null : "unlike" }, exact(value));
  place.replaceChildren(h("table", { class: "beside" }, head(runs, "setting"), h("tbody", {}, params.map(({ name, values }) =>
    h("tr", {}, h("th", { scope: "row" }, name), values.map(value => cell(value, values[0])))))));
}

/** A setting as it was typed: no digit is left out. */
const exact = value => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));
