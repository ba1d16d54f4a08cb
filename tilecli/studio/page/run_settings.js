// Settings, those first that were changed; what it ran on; what to type to have it again.

import { h } from "studio/dom.js";
import { figure } from "studio/format.js";

const text = value => (value === null || value === undefined ? "–" : typeof value === "string" ? value || "“”"
  : typeof value === "number" ? String(value) : JSON.stringify(value));

const WORDS = {
  device: "device", precision: "precision", threads: "threads", encoder_weights: "encoder weights", compiled: "compiled",
  epochs: "epochs", epoch: "best epoch", valid_dice: "its valid Dice", seconds: "seconds", seed: "seed", resumed: "resumed",
  reproducible: "repeats to the last digit", torch: "torch",
};
const fact = value => (typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "number" ? figure(value) : text(value));

export function settings(place, { params, environment, commands }) {
  place.replaceChildren(parameters(params), h("div", { class: "stack" }, again(commands), machine(environment)));
}

function parameters(params) {
  const changed = params.filter(one => one.changed);
  const search = h("input", { type: "search", placeholder: "find a setting", "aria-label": "find a setting" });
  const rows = params.map(one => h("tr", { class: one.changed ? "changed" : null, data: { name: one.name } },
    h("th", { scope: "row" }, h("code", {}, one.name)),
    h("td", {}, h("code", {}, text(one.value))),
    h("td", { class: "muted" }, one.changed ? h("code", {}, text(one.was)) : ""),
  ));
  search.addEventListener("input", () => {
    for (const row of rows) row.hidden = !row.dataset.name.includes(search.value.trim());
  });
  return h("section", { class: "panel", "aria-labelledby": "params-title" },
    h("div", { class: "bar-of-tools" },
      h("h2", { id: "params-title" }, changed.length ? `Settings, ${changed.length} changed` : "Settings"), search),
    params.length ? h("div", { class: "scrolled", tabindex: "0", role: "region", "aria-labelledby": "params-title" }, h("table", {},
      h("thead", {}, h("tr", {}, ["setting", "value", "was"].map(name => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows),
    )) : h("p", { class: "empty" }, "It has no params.yaml."),
  );
}

function again(commands) {
  return h("section", { class: "panel" }, h("h2", {}, "Again"),
    commands.length ? commands.map(({ does, command }) => h("div", { class: "command" },
      h("p", { class: "muted" }, does),
      h("div", {}, h("code", {}, command), copier(command)),
    )) : h("p", { class: "muted" }, "There is nothing to reproduce here."),
  );
}

function copier(command) {
  const button = h("button", { type: "button", class: "text", "aria-label": `copy ${command}` }, "copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
  return button;
}

function machine({ training, packages, telling, files }) {
  const facts = Object.entries(training);
  return h("section", { class: "panel" }, h("h2", {}, "Environment"),
    facts.length ? h("dl", { class: "facts" }, facts.map(([key, value]) =>
      h("div", {}, h("dt", {}, WORDS[key] ?? key), h("dd", {}, fact(value))))) : h("p", { class: "muted" }, "Nothing was trained yet."),
    packages.length ? [h("h3", {}, "Packages"), list(packages.slice(0, telling || 8)),
      h("details", {}, h("summary", {}, `all ${packages.length}`), list(packages.slice(telling || 8)))] : null,
    files.length ? [h("h3", {}, "Own files that differ from its start"), h("ul", {}, files.map(name => h("li", {}, h("code", {}, name))))] : null,
  );
}

const list = packages => h("ul", { class: "packages" }, packages.map(([name, version]) => h("li", {}, h("code", {}, `${name} ${version}`))));
