// Tools, sliders, buttons and keys: how one reaches what the page can do.

import * as keys from "./keys.js";

const PEN = "Wheel: size. Ctrl and wheel: zoom. Space or right button: move.";
const MOUSE = {
  brush: PEN,
  eraser: PEN,
  polygon: "Click corners; Enter, two clicks or the first corner closes, Shift and Enter cuts out.",
  hand: "Drag moves, the wheel zooms, two clicks fit.",
};
const FINGERS = "One finger draws, two move and zoom.";
const TOUCH = {
  brush: FINGERS,
  eraser: FINGERS,
  polygon: "Tap corners; the first corner closes.",
  hand: "One finger moves, two zoom.",
};
const touch = matchMedia("(pointer: coarse)");
const part = id => document.getElementById(id);
const hasExposures = () => !part("exposures").hidden;

/** easel: the stage. acts: go(steps), type(number), good(), newType(), accept(), reject(), reset(), saveBatch(). */
export function listen(easel, acts) {
  function link(on) {
    easel.linked = on;
    part("link").setAttribute("aria-pressed", String(on));
    easel.draw();
  }

  function choose(tool) {
    easel.setTool(tool);
    for (const button of document.querySelectorAll("[data-tool]")) {
      if (button.tagName === "BUTTON") button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
    part("hint").textContent = (touch.matches ? TOUCH : MOUSE)[tool];
  }

  function slide(id, step) {
    part(id).value = Number(part(id).value) + step;
    part(id).dispatchEvent(new Event("input"));
  }

  function toggleMask() {
    easel.look.shown = !easel.look.shown;
    part("toggle").setAttribute("aria-pressed", String(easel.look.shown));
    easel.draw();
  }

  function toggleBeside() {
    easel.setBeside(!easel.beside);
    part("beside").setAttribute("aria-pressed", String(easel.beside));
  }

  const actions = {
    b: () => choose("brush"),
    e: () => choose("eraser"),
    p: () => choose("polygon"),
    h: () => choose("hand"),
    "[": () => easel.grow(-1),
    "]": () => easel.grow(1),
    z: () => easel.undo(),
    y: () => easel.redo(),
    f: () => easel.fillHoles(),
    c: () => easel.clear(),
    r: acts.reset,
    g: acts.good,
    n: acts.newType,
    x: acts.reject,
    a: () => hasExposures() && link(!easel.linked),
    d: () => hasExposures() && toggleBeside(),
    u: () => hasExposures() && easel.copyToAll(),
    m: toggleMask,
    k: () => slide("opacity", -5),
    l: () => slide("opacity", 5),
    ",": () => slide("contrast", -10),
    ".": () => slide("contrast", 10),
    "+": () => easel.zoom(1),
    "=": () => easel.zoom(1),
    "-": () => easel.zoom(-1),
    0: () => easel.fit(),
    s: acts.saveBatch,
    t: () => part("theme").click(),
    "?": () => part("help-box").showModal(),
    Enter: acts.accept,
    Backspace: () => easel.sketch.points.length > 0 && easel.undo(),
    ArrowLeft: () => acts.go(-1),
    ArrowRight: () => acts.go(1),
    "Shift+ArrowLeft": () => easel.pan(60, 0),
    "Shift+ArrowRight": () => easel.pan(-60, 0),
    "Shift+ArrowUp": () => easel.pan(0, 60),
    "Shift+ArrowDown": () => easel.pan(0, -60),
    Escape: () => { if (!easel.cancel()) easel.fit(); },
  };
  for (let number = 1; number <= 9; number += 1) {
    actions[number] = () => acts.type(number);
  }

  function listenToButtons() {
    const click = (id, action) => part(id).addEventListener("click", action);
    for (const button of document.querySelectorAll("button[data-tool]")) {
      button.addEventListener("click", () => choose(button.dataset.tool));
    }
    click("undo", () => easel.undo());
    click("redo", () => easel.redo());
    click("fill", () => easel.fillHoles());
    click("clear", () => easel.clear());
    click("reset", acts.reset);
    click("accept", acts.accept);
    click("previous", () => acts.go(-1));
    click("next", () => acts.go(1));
    click("reject", acts.reject);
    click("new-type", acts.newType);
    click("link", () => link(!easel.linked));
    click("beside", toggleBeside);
    click("copy", () => easel.copyToAll());
    click("toggle", toggleMask);
    click("larger", () => easel.zoom(1));
    click("smaller", () => easel.zoom(-1));
    click("fit", () => easel.fit());
    click("save", acts.saveBatch);
    click("help", () => part("help-box").showModal());
    part("thick").addEventListener("input", event => easel.setThick(Number(event.target.value)));
    part("contrast").addEventListener("input", ({ target }) => {
      part("contrast-said").textContent = `${target.value} %`;
      easel.setContrast(Number(target.value) / 100);
    });
    part("opacity").addEventListener("input", ({ target }) => {
      part("opacity-said").textContent = `${target.value} %`;
      easel.look.opacity = Number(target.value) / 100;
      easel.draw();
    });
  }

  /** What the table of single keys cannot say: keys that are held, and those with Ctrl. */
  function listenToMore() {
    const typing = ({ target }) => target.matches("input:not([type=radio], [type=range], [type=checkbox]), textarea, select");
    const open = () => document.querySelector("dialog[open]");
    addEventListener("keydown", event => {
      if (open() || typing(event)) return;
      const key = event.key.toLowerCase();
      if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
        event.preventDefault();
        if (key === "y" || event.shiftKey) easel.redo();
        else easel.undo();
      } else if (key === "enter" && event.shiftKey && easel.sketch.points.length > 0) {
        event.preventDefault();
        easel.sketch.close(0);
      } else if (key === " " && !event.target.closest("button, a, label, input")) {
        event.preventDefault();
        easel.held = true;
        part("stage").classList.add("held");
      }
    }, { capture: true });
    addEventListener("keyup", event => {
      if (event.key !== " ") return;
      easel.held = false;
      part("stage").classList.remove("held");
    });
  }

  /** Who clicks does not mean the button with the next Enter or arrow; who goes by keyboard does. */
  function letGo() {
    addEventListener("pointerup", () => setTimeout(() => {
      if (!document.querySelector("dialog[open]")) document.activeElement?.blur();
    }));
  }

  listenToButtons();
  letGo();
  listenToMore();
  keys.listen(actions, part("shortcuts"));
  choose("brush");
  easel.setThick(easel.thick);
}
