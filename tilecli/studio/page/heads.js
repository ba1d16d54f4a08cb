// The names of axes, what turns them over, and the two ends of each axis' range: what of them keys and pointers reach.

import { h } from "studio/dom.js";
import { breakable, written } from "studio/scale.js";

const ENDS = ["from", "to"];

/** `told`: named(event, at) for keys, grabbed(event, name), turned(at), nudged(event, at, end), taken(event, at, end). */
export class Heads {
  constructor(told) {
    this.told = told;
    this.element = h("div", {});
  }

  /** `axes` with their `ranges`; `x(at)` and `y(place, turned)` are px; `scales` and `columns` by name. */
  draw({ axes, ranges, columns }, scales, x, y) {
    const now = JSON.stringify(axes.map((axis, at) => [axis, x(at)]));
    if (this.now !== now) {
      this.now = now;
      this.#build(axes, columns, x);
    }
    axes.forEach(({ name, turned }, at) => {
      (ranges.get(name) ?? [0, 1]).forEach((place, end) => {
        const handle = this.handles[at][end];
        handle.style.top = `${y(place, turned)}px`;
        handle.setAttribute("aria-valuenow", Math.round(100 * place));
        handle.setAttribute("aria-valuetext", written(scales.get(name).value(place)));
      });
    });
  }

  #build(axes, columns, x) {
    const held = this.element.contains(document.activeElement) ? document.activeElement.dataset.holds : null;
    this.handles = axes.map(({ name }, at) => ENDS.map((words, end) => h("div", {
      class: "end", role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-label": `${name}, ${words}`,
      "aria-valuemin": 0, "aria-valuemax": 100, data: { holds: `${words} ${name}` },
      onkeydown: event => this.told.nudged(event, at, end), onpointerdown: event => this.told.taken(event, at, end),
    })));
    const boxes = axes.map((axis, at) => h("div", { class: "head" }, this.#name(axis, at, axes.length, columns.get(axis.name)), this.#turn(axis, at)));
    axes.forEach((_, at) => [boxes[at], ...this.handles[at]].forEach(element => { element.style.left = `${x(at)}px`; }));
    this.element.replaceChildren(...boxes.flatMap((box, at) => [box, ...this.handles[at]]));
    if (held) this.element.querySelector(`[data-holds="${CSS.escape(held)}"]`)?.focus();
  }

  #name({ name }, at, count, { high }) {
    const low = high === false ? "lower is better" : null;
    return h("button", {
      type: "button", class: "name", title: name, data: { holds: `name ${name}` },
      "aria-label": `${[name, low].filter(Boolean).join(" ")}, axis ${at + 1} of ${count}. Left and right arrows move it, Delete takes it away.`,
      onkeydown: event => this.told.named(event, at), onpointerdown: event => this.told.grabbed(event, name),
    }, h("span", {}, breakable(name.replace(/^(params\.)?train\./, "")), low ? [" ", h("small", {}, low)] : null));
  }

  #turn({ name, turned }, at) {
    return h("button", {
      type: "button", class: "turn", "aria-label": `Turn ${name} over`, "aria-pressed": String(turned),
      title: turned ? "high values are below" : "turn over", data: { holds: `turn ${name}` }, onclick: () => this.told.turned(at),
    }, turned ? "↓" : "↑");
  }
}
