// What this machine and the run's own processes are busy with, while it runs.

import { h } from "studio/dom.js";
import { bytes } from "studio/format.js";
import { ask, Problem, exported } from "studio/live.js";

const EVERY_MS = 2000;
const KEPT = 90; // samples in a line: three minutes

const percent = share => `${Math.round(share * 100)} %`;

export class Machine {
  constructor(place, api) {
    this.place = place;
    this.api = api;
    this.before = null;
    this.lines = { machine: [], run: [] };
    this.timer = null;
  }

  draw(running) {
    this.place.hidden = !running || exported;
    if (running && this.timer === null && !exported) this.look();
    if (!running) {
      clearTimeout(this.timer);
      this.timer = null;
    }
  }

  async look() {
    this.timer = setTimeout(() => this.look(), EVERY_MS);
    if (document.hidden) return;
    try {
      this.take(await ask(`${this.api}/usage`));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem; // the sign at the top says that the server is gone
    }
  }

  take(now) {
    const before = this.before;
    this.before = now;
    if (!before || now.time - before.time < 0.5) return;
    const seconds = now.time - before.time;
    const share = (name, cores) =>
      now[name] && before[name] ? Math.min(1, Math.max(0, (now[name].busy - before[name].busy) / seconds / cores)) : null;
    const busy = { machine: share("machine", now.machine?.cpus ?? now.cores), run: share("run", now.cores) };
    for (const name of ["machine", "run"]) {
      this.lines[name].push(busy[name]);
      this.lines[name].splice(0, this.lines[name].length - KEPT);
    }
    const rows = [];
    if (busy.machine !== null) rows.push(["machine, CPU", percent(busy.machine), this.line("machine")]);
    if (busy.run !== null) rows.push(["this run, CPU", percent(busy.run), this.line("run")]);
    if (now.machine) rows.push(["machine, memory", `${bytes(now.machine.memory)} of ${bytes(now.machine.memory_total)}`, gauge(now.machine.memory / now.machine.memory_total)]);
    if (now.run) rows.push(["this run, memory", bytes(now.run.memory), now.machine ? gauge(now.run.memory / now.machine.memory_total) : ""]);
    for (const gpu of now.gpus) {
      if (gpu.load !== null) rows.push([gpu.name, percent(gpu.load), gauge(gpu.load)]);
      if (gpu.memory !== null && gpu.memory_total) rows.push([`${gpu.name}, memory`, `${bytes(gpu.memory)} of ${bytes(gpu.memory_total)}`, gauge(gpu.memory / gpu.memory_total)]);
    }
    this.place.replaceChildren(
      h("h2", {}, "System"),
      rows.length ? h("table", { class: "usage" }, h("tbody", {}, rows.map(([name, value, drawn]) =>
        h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, value), h("td", {}, drawn)))))
        : h("p", { class: "muted" }, "This system does not say what it is busy with."),
    );
  }

  /** The last minutes as a line, 0 to 100 %. */
  line(name) {
    const values = this.lines[name].map(value => value ?? 0);
    const points = values.map((value, at) => `${(KEPT - values.length + at) * (120 / (KEPT - 1))},${23 - value * 22}`).join(" ");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 120 24");
    svg.setAttribute("class", "spark");
    svg.setAttribute("aria-hidden", "true");
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    drawn.setAttribute("points", points);
    svg.append(drawn);
    return svg;
  }
}

function gauge(share) {
  const bar = h("span", { class: "gauge", "aria-hidden": "true" }, h("i"));
  bar.firstChild.style.width = `${Math.min(100, share * 100)}%`;
  return bar;
}
