// A field of the form of settings: its control by its kind, what stands in it, and what is said about it.

import { h } from "studio/dom.js";

/**
 * facts: see `form.sections`. read(): what stands in it, as it is typed behind `-S key=`; write(text): put that into it;
 * many(on): whether several values may stand in it; before: what stood in it at first; by: the preset that filled it.
 */
export function field(facts) {
  const id = `setting-${facts.key}`;
  const { input, read, write, control, many = () => {} } = (CONTROLS[facts.kind] ?? text)(facts, id);
  const grouped = facts.kind === "several";
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const help = h("p", { class: "help", id: `${id}-help` }, [facts.help, bounds(facts.bounds), usual(facts)].filter(Boolean).join("; "));
  input.setAttribute("aria-describedby", help.id);
  const name = grouped ? h("span", { id: `${id}-name` }, facts.name) : h("label", { for: id, id: `${id}-name` }, facts.name);
  return {
    facts, input, read, write, many,
    before: read(),
    by: "",
    element: h("div", { class: "setting" }, name, control ?? input, wrong, help),
    say: words => {
      wrong.textContent = words;
      input.toggleAttribute("aria-invalid", Boolean(words));
      input.setAttribute("aria-describedby", words ? `${wrong.id} ${help.id}` : help.id);
    },
  };
}

const CONTROLS = { flag, choice, several };

function text({ value, kind, optional }, id) {
  const shown = given => (optional && given === "null" ? "" : given);
  const mode = kind === "whole" ? "numeric" : kind === "number" ? "decimal" : null;
  const input = h("input", { type: "text", id, value: shown(value), inputmode: mode, spellcheck: "false", autocomplete: "off", placeholder: optional ? "null" : null });
  return {
    input,
    read: () => input.value.trim() || (optional ? "null" : ""),
    write: given => { input.value = shown(given); },
    many: on => input.setAttribute("inputmode", on ? "text" : (mode ?? "text")), // a comma is on no keyboard of numbers
  };
}

function flag({ value }, id) {
  const input = h("input", { type: "checkbox", id, checked: value === "true" });
  const one = { input, read: () => String(input.checked), write: given => { input.checked = given === "true"; } };
  return { input, ...oneOrMany(one, [["true", "yes"], ["false", "no"]], id) };
}

function choice({ value, choices }, id) {
  const input = h("select", { id }, choices.map(name => h("option", { selected: name === value }, name)));
  const one = { input, read: () => input.value, write: given => { input.value = given; } };
  return { input, ...oneOrMany(one, choices.map(name => [name, name]), id) };
}

/** A control for one value, and in its place a box for each value where several may be chosen. */
function oneOrMany(one, values, id) {
  const { element, boxes } = ticks(values, id);
  element.hidden = true;
  const read = () => (element.hidden ? one.read() : ticked(boxes).join(","));
  const tick = chosen => boxes.forEach(box => { box.checked = chosen.includes(box.value); });
  return {
    control: [one.input, element],
    read,
    write: given => (element.hidden ? one.write(given.split(",")[0]) : tick(given.split(","))),
    many: on => {
      if (on !== element.hidden) return;
      const now = read();
      element.hidden = !on;
      one.input.hidden = on;
      if (on) tick(now.split(","));
      else if (now) one.write(now.split(",")[0]);
    },
  };
}

function several({ value, choices }, id) {
  const { element, boxes } = ticks(choices.map(name => [name, name]), id);
  const write = given => boxes.forEach(box => { box.checked = JSON.parse(given).includes(box.value); });
  write(value);
  return { input: boxes[0], control: element, read: () => JSON.stringify(ticked(boxes)), write };
}

function ticks(values, id) {
  const boxes = values.map(([value]) => h("input", { type: "checkbox", value }));
  const labels = values.map(([, name], at) => h("label", {}, boxes[at], name));
  return { boxes, element: h("div", { class: "several", role: "group", "aria-labelledby": `${id}-name` }, labels) };
}

const ticked = boxes => boxes.filter(box => box.checked).map(box => box.value);

function bounds({ low, above, high, below }) {
  const least = low !== undefined ? `from ${low}` : above !== undefined ? `above ${above}` : "";
  const most = high !== undefined ? `up to ${high}` : below !== undefined ? `below ${below}` : "";
  return [least, most].filter(Boolean).join(", ");
}

const usual = ({ value, usual: known }) => (value === known ? "" : `usually ${known}`);
