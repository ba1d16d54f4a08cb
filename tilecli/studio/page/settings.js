// The form of an experiment's settings, from what the server says of each; the server checks what is typed.

import { h } from "studio/dom.js";
import { redraw } from "studio/redraw.js";
import { field } from "studio/settings_fields.js";

const FIRST = "train"; // open at first

/**
 * Fields for all settings: `element` to show, `typed()` with those that were changed, `fill(values, preset)`,
 * `many(on)`: whether each takes several values, `blame(problem)` for one of them. changed(): called after each change.
 */
export function settingsForm(sections, changed) {
  let begun = false;
  const fields = new Map();
  const parts = sections.map(section => part(section, fields));
  const count = h("p", { class: "muted", "aria-live": "polite" });
  const find = h("input", { type: "search", id: "find-setting", placeholder: "learning rate, crop, seed …", oninput: filter });
  const differing = h("ul", { class: "differing", "aria-label": "What differs from params.yaml" });
  const element = h("div", { class: "settings", oninput: recount },
    h("div", { class: "find" }, h("label", { for: "find-setting" }, "Find a setting"), find, count),
    differing,
    parts.map(one => one.element),
  );

  function filter() {
    const words = find.value.toLowerCase().split(/[\s._]+/).filter(Boolean);
    for (const one of parts) one.filter(words);
  }

  const isChanged = one => one.read() !== one.before;
  /** Something else than params.yaml said, when the experiment that is tried again was queued. */
  const isOwn = one => one.before !== one.facts.file && !isChanged(one);
  const typed = () => Object.fromEntries([...fields].filter(([, one]) => isChanged(one)).map(([key, one]) => [key, one.read()]));

  function recount() {
    const all = [...fields.values()];
    for (const one of all) {
      one.element.classList.toggle("changed", isChanged(one));
      one.element.classList.toggle("own", isOwn(one));
    }
    for (const one of parts) one.count(Object.keys(typed()));
    const number = all.filter(isChanged).length;
    count.textContent = number ? `${number} changed` : "nothing changed yet";
    redraw(differing, all.filter(one => isChanged(one) || isOwn(one)).map(difference));
    if (begun) changed();
  }

  function difference(one) {
    const { key, file } = one.facts;
    const mine = isOwn(one);
    const back = () => {
      one.write(one.before);
      recount();
    };
    return h("li", { class: mine ? "own" : "changed" },
      h("button", { type: "button", class: "text", data: { focus: `go ${key}` }, onclick: () => show(key) }, key.replace(/^train\./, "")),
      h("span", { class: "was" }, mine ? file : one.before), h("span", { "aria-hidden": "true" }, "→"), h("strong", {}, one.read() || "nothing"),
      one.by || mine ? h("span", { class: "muted" }, mine ? "as it was queued" : one.by) : null,
      mine ? null : h("button", { type: "button", class: "text back", "aria-label": `take back ${key}`, data: { focus: `back ${key}` }, onclick: back }, "✕"),
    );
  }

  function show(key) {
    parts.find(one => one.has(key)).open();
    const { input, element: place } = fields.get(key);
    place.scrollIntoView({ block: "center" });
    (input.hidden ? place.querySelector(".several input") : input).focus();
  }

  /** Put a preset's values in the place of the last one's; what somebody typed stays. Returns how many did. */
  function fill(values, preset) {
    for (const one of fields.values()) {
      if (one.by && one.read() === one.filled) one.write(one.before);
      one.by = "";
    }
    let kept = 0;
    for (const [key, value] of Object.entries(values)) {
      const one = fields.get(key);
      if (isChanged(one)) kept += one.read() !== value;
      else if (value !== one.before) {
        one.write(value);
        Object.assign(one, { by: preset, filled: one.read() });
      }
    }
    recount();
    return kept;
  }

  function many(on) {
    for (const one of fields.values()) one.many(on);
    recount();
  }

  function blame(problem) {
    for (const one of fields.values()) one.say("");
    const found = fields.get(problem.field);
    if (!found) return false;
    found.say(problem.advice.replace(`${problem.field}: `, ""));
    show(problem.field);
    return true;
  }

  recount();
  begun = true;
  return { element, typed, fill, many, blame };
}

function part({ name, help, fields: described }, fields) {
  const made = described.map(facts => {
    const one = field(facts);
    fields.set(facts.key, one);
    return one;
  });
  const changed = h("span", { class: "tally" });
  const element = h("details", { open: name === FIRST },
    h("summary", {}, h("strong", {}, name), h("span", { class: "muted" }, help), changed),
    h("div", { class: "fields" }, made.map(one => one.element)),
  );
  const words = made.map(({ facts }) => `${facts.key} ${facts.help}`.toLowerCase().replaceAll(/[._]/g, " "));
  return {
    element,
    has: key => described.some(facts => facts.key === key),
    open: () => {
      element.open = true;
      for (const one of made) one.element.hidden = false;
      element.hidden = false;
    },
    count: keys => {
      const own = keys.filter(key => key.startsWith(`${name}.`)).length;
      changed.textContent = own ? `${own} changed` : "";
    },
    filter: wanted => {
      made.forEach((one, number) => { one.element.hidden = !wanted.every(word => words[number].includes(word)); });
      const shown = made.some(one => !one.element.hidden);
      element.hidden = !shown;
      element.open = wanted.length ? shown : name === FIRST;
    },
  };
}
