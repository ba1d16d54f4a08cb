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
  const training = now.stage === "train" || (!now.stage && now.epochs);
  const words = [
    now.epochs ? `epoch ${figure(now.epoch)} of ${figure(now.epochs)}` : null,
    now.left !== null ? `${duration(now.left)} left` : null,
    now.took !== null ? `${duration(now.took)} so far` : null,
    now.speed ? `${figure(now.speed)} photos/s` : null,
    !training && now.total ? `${now.task}: ${figure(now.done)} of ${figure(now.total)}` : null,
  ].filter(Boolean);
  const bar = h("progress", { max: 1, "aria-label": "share of the training that is done" });
  if (now.share !== null) bar.value = training || !now.stage ? now.share : 1;
  place.replaceChildren(
    h("p", {}, h("b", {}, STAGES[now.stage] ?? (training ? STAGES.train : "is at work"))),
    bar,
    h("p", { class: "muted" }, words.join(" · ")),
  );
}
