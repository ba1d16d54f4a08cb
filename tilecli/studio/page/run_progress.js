// How far a run is and how long it will take.

import { h } from "studio/dom.js";
import { duration, figure } from "studio/format.js";

const STAGES = {
  clone: "makes a clone of the project",
  check_packages: "looks which packages there are",
  fetch: "gets and checks the photos",
  split: "splits the photos",
  train: "trains the network",
  export: "makes the bundle",
  evaluate: "measures the bundle on the test photos",
};

export function progress(place, { running, progress: now }) {
  place.hidden = !running;
  if (!running) return;
  const whole = seconds => (seconds < 9.5 ? `${Math.round(seconds)} s` : duration(seconds));
  const words = (now.training ? [
    `epoch ${figure(now.epoch)} of ${figure(now.epochs)}`,
    now.left !== null && now.left >= 1 ? `${whole(now.left)} left` : null,
    now.dice !== null ? `valid Dice ${figure(now.dice)}, best ${figure(now.best)}` : null,
    now.speed ? `${figure(now.speed)} photos/s` : null,
  ] : [now.total ? `${now.task}: ${figure(Math.round(now.done))} of ${figure(Math.round(now.total))}` : null])
    .concat(now.took !== null ? `${whole(now.took)} so far` : null).filter(Boolean);
  const bar = h("progress", { max: 1, "aria-label": "share that is done" });
  if (now.share !== null) bar.value = now.share;
  place.replaceChildren(
    h("p", {}, h("b", {}, STAGES[now.stage] ?? (now.training ? STAGES.train : "is at work"))),
    bar,
    h("p", { class: "muted" }, words.join(" · ")),
  );
}
