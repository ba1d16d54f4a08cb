// Asking for what is to be queued: an experiment, a grid of them, a cross-validation, or one again with other settings.

import { attempt, question, say } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { Problem, act, ask } from "studio/live.js";
import { settingsForm } from "studio/settings.js";

const KINDS = {
  one: ["one experiment", ""],
  grid: ["a grid: every combination of values", "several values in a field: 0.1, 0.01, or log(1e-4,1e-2,3), range(8,33,8)"],
  folds: ["a cross-validation", "each photo is tested once; the same name goes on with what is missing"],
};
const NAMED = { one: "a readable one is chosen", grid: "they become NAME-1, NAME-2 …", folds: "they become NAME-fold1, NAME-fold2 …" };
const PAUSE_MS = 300; // in typing, before the server counts
const NAMES = 4; // of experiments, said at the end

/** The form of a new experiment. */
export async function add() {
  const asked = await attempt(() => ask("api/queue/form"));
  if (!asked) return;
  const name = h("input", { type: "text", id: "new-name", autocomplete: "off", spellcheck: "false", "aria-describedby": "new-name-wrong", oninput: tell });
  const message = h("input", { type: "text", id: "new-message", autocomplete: "off", placeholder: "why you try this" });
  const wrong = h("p", { class: "wrong", id: "new-name-wrong", role: "alert" });
  const kind = h("select", { id: "new-kind", "aria-describedby": "new-kind-help", onchange: become }, Object.entries(KINDS).map(([key, [label]]) => h("option", { value: key }, label)));
  const kindHelp = h("p", { class: "help", id: "new-kind-help" });
  const folds = h("input", { type: "number", id: "new-folds", min: 2, max: 100, value: 5, oninput: tell });
  const foldsField = h("label", { class: "folds", hidden: true }, "Folds", folds);
  const preset = h("select", { id: "new-preset", "aria-describedby": "new-preset-help", onchange: fill }, h("option", { value: "" }, "none: as params.yaml"), asked.presets.map(one => h("option", {}, one.name)));
  const presetHelp = h("p", { class: "help", id: "new-preset-help", "aria-live": "polite" });
  const form = settingsForm(asked.sections, tell);
  let box = null;
  let asking = 0;

  const wanted = () => ({ name: name.value, message: message.value, settings: form.typed(), kind: kind.value, folds: Number(folds.value) });

  function become() {
    foldsField.hidden = kind.value !== "folds";
    kindHelp.textContent = KINDS[kind.value][1];
    name.placeholder = NAMED[kind.value];
    form.many(kind.value === "grid");
  }

  function fill() {
    const chosen = asked.presets.find(one => one.name === preset.value);
    const kept = form.fill(chosen?.values ?? {}, preset.value);
    presetHelp.textContent = [chosen?.help, kept ? `What you changed stays: ${kept} of its settings.` : ""].filter(Boolean).join(" ");
  }

  /** Say what the button will do. */
  async function tell() {
    if (!box) return;
    const ticket = ++asking;
    if (kind.value === "one") box.promise("Queue it", "");
    if (kind.value === "folds") {
      const [count, group] = [Number(folds.value), name.value.trim() || "NAME"];
      box.promise(`Queue ${count} experiments`, count > 1 ? `${group}-fold1 to ${group}-fold${count}` : "a cross-validation has at least 2 folds");
    }
    if (kind.value !== "grid") return;
    await new Promise(done => setTimeout(done, PAUSE_MS));
    if (ticket !== asking || !box.isConnected) return;
    const [count, words] = await counted(wanted());
    if (ticket === asking) box.promise(count ? `Queue ${count === 1 ? "1 experiment" : `${count} experiments`}` : "Queue them", words);
  }

  function blame(problem) {
    const ours = { name: [name, wrong] }[problem.field];
    wrong.textContent = ours ? problem.advice : "";
    if (ours) name.focus();
    return form.blame(problem) || Boolean(ours);
  }

  const setting = (id, label, ...rest) => h("div", { class: "setting" }, h("label", { for: id }, label), rest);
  box = question({
    title: "Queue an experiment", verb: "Queue it", wide: true, blame,
    content: [
      h("div", { class: "about" },
        setting("new-name", "Name", name, wrong), setting("new-message", "Message", message),
        setting("new-kind", "What", h("div", { class: "what" }, kind, foldsField), kindHelp),
        setting("new-preset", "Preset", preset, presetHelp)),
      form.element,
    ],
    act: async () => queued(await act("api/queue/tasks", wanted()), kind.value),
  });
  become();
  name.focus();
}

/** How many experiments a grid is, and of which values, or what is wrong with it. */
async function counted(wanted) {
  try {
    const { count, axes } = await act("api/queue/plan", wanted);
    const words = axes.map(axis => `${axis.key.replace(/^train\./, "")} × ${axis.count}`).join(", ");
    return [count, words || "no setting has several values yet"];
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return [0, problem.advice];
  }
}

/** The form of one that failed or was stopped, with the settings that it had. */
export async function again(task, path) {
  const asked = await attempt(() => ask(`${path}/form`));
  if (!asked) return;
  const form = settingsForm(asked.sections, tell);
  let box = null;

  function tell() {
    const changed = Object.keys(form.typed()).length > 0;
    box?.promise("Queue it again", changed ? "other settings: it begins from its start" : "nothing changed: it goes on from its last epoch");
  }

  box = question({
    title: `Try ${task.name} again`, verb: "Queue it again", wide: true, blame: form.blame,
    content: [h("p", { class: "muted" }, "With the files that it was queued with, and the settings that it had."), form.element],
    act: async () => queued(await act(`${path}/retry`, { settings: form.typed() })),
  });
  tell();
}

function queued({ names, remarks }, kind = "one") {
  const few = names.slice(0, NAMES).join(", ") + (names.length > NAMES ? ", …" : "");
  const words = { one: `${names[0]} is queued`, grid: `${names.length} queued: ${few}`, folds: "" }[kind];
  say([words, ...remarks].filter(Boolean).join("; "));
}
