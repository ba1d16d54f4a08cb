// The form of an experiment's settings, from what the server says of each; the server checks what is typed.

import { h } from "studio/dom.js";

const FIRST = "train"; // open at first

/** Fields for all settings: `element` to show, `typed()` with those that were changed, `blame(problem)` for one of them. */
export function settingsForm(sections) {
  const fields = new Map();
  const parts = sections.map(section => part(section, fields));
  const count = h("p", { class: "muted", "aria-live": "polite" });
  const find = h("input", { type: "search", id: "find-setting", placeholder: "learning rate, crop, seed …", oninput: filter });
  const element = h("div", { class: "settings", oninput: recount },
    h("div", { class: "find" }, h("label", { for: "find-setting" }, "Find a setting"), find, count),
    parts.map(one => one.element),
  );

  function filter() {
    const words = find.value.toLowerCase().split(/[\s._]+/).filter(Boolean);
    for (const one of parts) one.filter(words);
  }

  function typed() {
    return Object.fromEntries([...fields].filter(([, field]) => field.read() !== field.before).map(([key, field]) => [key, field.read()]));
  }

  function recount() {
    const changed = Object.keys(typed());
    for (const [key, field] of fields) field.element.classList.toggle("changed", changed.includes(key));
    for (const one of parts) one.count(changed);
    count.textContent = changed.length ? `${changed.length} changed` : "nothing changed yet";
  }

  function blame(problem) {
    for (const field of fields.values()) field.say("");
    const words = problem.advice;
    const field = fields.get(problem.field);
    if (field) {
      parts.find(one => one.has(problem.field)).open();
      field.say(words.replace(`${problem.field}: `, ""));
      field.input.focus();
      field.element.scrollIntoView({ block: "center" });
      return true;
    }
    return false;
  }

  recount();
  return { element, typed, blame };
}

function part({ name, help, fields: described }, fields) {
  const made = described.map(facts => {
    const one = field(facts);
    fields.set(facts.key, one);
    return { facts, ...one };
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

function field(facts) {
  const id = `setting-${facts.key}`;
  const { input, read, control } = (CONTROLS[facts.kind] ?? text)(facts, id);
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const help = h("p", { class: "help", id: `${id}-help` }, [facts.help, bounds(facts.bounds), usual(facts)].filter(Boolean).join("; "));
  input.setAttribute("aria-describedby", help.id);
  return {
    input,
    read,
    before: read(),
    element: h("div", { class: "setting" }, facts.kind === "several" ? h("span", { id: `${id}-name` }, facts.name) : h("label", { for: id }, facts.name), control ?? input, wrong, help),
    say: words => {
      wrong.textContent = words;
      input.toggleAttribute("aria-invalid", Boolean(words));
      input.setAttribute("aria-describedby", words ? `${wrong.id} ${help.id}` : help.id);
    },
  };
}

const CONTROLS = { flag, choice, several };

function text({ value, kind, optional }, id) {
  const shown = optional && value === "null" ? "" : value;
  const mode = kind === "whole" ? "numeric" : kind === "number" ? "decimal" : null;
  const input = h("input", { type: "text", id, value: shown, inputmode: mode, spellcheck: "false", autocomplete: "off", placeholder: optional ? "null" : null });
  return { input, read: () => input.value.trim() || (optional ? "null" : "") };
}

function flag({ value }, id) {
  const input = h("input", { type: "checkbox", id, checked: value === "true" });
  return { input, read: () => String(input.checked) };
}

function choice({ value, choices }, id) {
  const input = h("select", { id }, choices.map(one => h("option", { selected: one === value }, one)));
  return { input, read: () => input.value };
}

function several({ value, choices }, id) {
  const chosen = JSON.parse(value);
  const boxes = choices.map(one => h("input", { type: "checkbox", value: one, checked: chosen.includes(one) }));
  const control = h("div", { class: "several", role: "group", "aria-labelledby": `${id}-name` }, boxes.map(box => h("label", {}, box, box.value)));
  return { input: boxes[0], control, read: () => JSON.stringify(boxes.filter(box => box.checked).map(box => box.value)) };
}

function bounds({ low, above, high, below }) {
  const least = low !== undefined ? `from ${low}` : above !== undefined ? `above ${above}` : "";
  const most = high !== undefined ? `up to ${high}` : below !== undefined ? `below ${below}` : "";
  return [least, most].filter(Boolean).join(", ");
}

const usual = ({ value, usual: known }) => (value === known ? "" : `usually ${known}`);
