// What a figure hung on: how much of its variance each setting explains, and the direction.

import { h } from "studio/dom.js";
import { figure } from "studio/format.js";
import { breakable } from "studio/scale.js";

const hundredths = value => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(2);

/** `show` is called with the setting whose name is clicked. */
export function drawHung(place, name, found, show) {
  if (!found || found.rows.length === 0) {
    place.replaceChildren(h("p", {}, "No setting differs between runs that have this figure. Try some: ", h("code", {}, "tiles exp sweep"), "."));
    return;
  }
  const head = ["setting", "share of the variance", "Spearman’s ρ", "values", "runs"];
  place.replaceChildren(
    ...found.cautions.map(words => h("p", { class: "caution" }, words)),
    h("div", { class: "scrolled", tabindex: 0, role: "region", "aria-label": `What ${name} hung on` }, h("table", {},
      h("thead", {}, h("tr", {}, head.map((words, at) => h("th", { scope: "col", class: at > 1 ? "number" : null }, words)))),
      h("tbody", {}, found.rows.map(row => h("tr", {},
        h("th", { scope: "row" }, h("button", { type: "button", class: "text", title: "Show it against the figure", onclick: () => show(row.name) }, breakable(row.name))),
        h("td", {}, share(row)),
        h("td", { class: "number" }, row.rho === null ? "–" : hundredths(row.rho), row.rho === null || row.low === row.high ? null : h("small", {}, ` ${hundredths(row.low)} … ${hundredths(row.high)}`)),
        h("td", { class: "number" }, figure(row.values)),
        h("td", { class: "number" }, figure(row.runs)),
      ))),
    )),
    ...twins(found.rows).map(names => h("p", { class: "caution" }, `${names.join(", ")} always changed together: what they explain cannot be told apart.`)),
    h("p", {}, "The share is of each setting alone (ε², its main effect); what settings do only together is not in it, and the shares need not add up to 100 %. ρ tells whether the figure rises or falls with the setting."),
  );
}

function share(row) {
  if (row.share === null) return h("span", { class: "muted" }, "too few runs per value");
  const bar = h("i", {});
  bar.style.width = `${Math.max(0.5, 100 * row.share)}%`;
  return h("div", { class: "share" }, bar, h("span", {}, `${Math.round(100 * row.share)} %`));
}

/** Groups of settings that always changed together, each once. */
function twins(rows) {
  const groups = rows.filter(row => row.twins.length).map(row => [row.name, ...row.twins].sort());
  return [...new Map(groups.map(names => [names.join(), names])).values()];
}
