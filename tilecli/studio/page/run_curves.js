// The learning curves of one run: which series stand in one chart, and what they are called there.

import { titled } from "studio/trainings.js";

const CHARTS = [
  {
    name: "dice", title: "Dice on the valid subset", first: true, linear: true, zero: true,
    series: [["valid.dice", "at 0.5", "--accent-line", "solid"], ["valid.dice_best", "best threshold", "--good", "dot"]],
  },
  { name: "loss", title: "Loss", first: true, series: [["train.loss", "train", "--uncertain", "solid"], ["valid.loss", "valid", "--accent-line", "dash"]] },
  { name: "lr", title: "Learning rate", first: true, series: [["lr", "rate", "--muted", "solid"]] },
];
const SHARE = /^valid\.(jaccard|threshold|foreground_acc|dice.*)$/; // between 0 and 1

/** As `Curves.draw` takes them; what has no chart of its own above has one by itself. */
export function charts({ series, epoch_s: epochS, best }) {
  const known = new Set(CHARTS.flatMap(chart => chart.series.map(([name]) => name)));
  const others = Object.keys(series).filter(name => !known.has(name)).map(name => ({
    name, title: titled(name), linear: SHARE.test(name), zero: SHARE.test(name), series: [[name, "value", "--accent-line", "solid"]],
  }));
  return [...CHARTS, ...others].map(chart => ({
    ...chart,
    valued: true,
    lines: chart.series.filter(([name]) => series[name]).map(([name, words, tone, dash]) => (
      { name: words, colour: `var(${tone})`, dash, points: series[name], epochS, best })),
  })).filter(chart => chart.lines.length);
}
