// Where everything of a chart of curves lies: its two scales, their labels, and the room for names.

import { figure } from "studio/format.js";
import { decades, fitting, ofClock, round } from "studio/scale.js";
import { widthOf } from "studio/svg.js";

const EDGE = { top: 12, right: 16, bottom: 40, left: 56 };
const MARKED = 14; // px, above the curves, for the name of a mark that all of them share
const LEAD = 20; // px, from the end of the curves to their names
const MOST = [0.38, 220]; // of the chart, and px, for the names
const LINE = 15; // px, between the labels of two heights
const APART = { epoch: 56, time: 84 }; // px, between the labels of two x
const [LOW, HIGH, SHAPE] = [220, 300, 0.6]; // px, height of a chart, and how much of its width that is in between

/**
 * `shown`: see Lines; its points without those that are not drawn. range: the x that the chart begins and ends with, or null.
 * x and y turn values into px, backX the other way; shared: the mark that all curves have, or null.
 */
export function plot(shown, range, width) {
  const { lines, over, log, zero } = shown;
  const height = Math.round(Math.min(HIGH, Math.max(LOW, SHAPE * width)));
  const most = Math.min(MOST[0] * width, MOST[1]) - LEAD;
  const labels = lines.map(line => fitting(labelled(line, shown), most, widthOf));
  const beside = LEAD + Math.max(0, ...labels.map(widthOf));
  const shared = sharedMark(lines);
  const inner = { left: EDGE.left, right: width - EDGE.right / 2 - beside, top: EDGE.top + (shared ? MARKED : 0), bottom: height - EDGE.bottom };
  const xs = [...new Set(lines.flatMap(line => line.points.map(point => point[0])))].sort((a, b) => a - b);
  const [left, right] = range ?? [xs[0], xs.at(-1)];
  const x = value => inner.left + (right > left ? (value - left) / (right - left) : 0.5) * (inner.right - inner.left);
  const backX = px => left + (px - inner.left) / (inner.right - inner.left) * (right - left);
  const { y, ticks } = upwards(lines, { log, zero }, inner);
  const about = Math.max(2, Math.min(8, Math.floor((inner.right - inner.left) / APART[over])));
  const whole = over === "epoch" ? round(left, right, about).filter(Number.isInteger) : ofClock(left, right, about);
  return { ...shown, labels, width, height, inner, xs, left, right, x, y, backX, shared, ticks, across: whole.length ? whole : [left] };
}

/** The scale of heights, and the round ones among them. */
function upwards(lines, { log, zero }, inner) {
  let [low, high] = [Infinity, -Infinity];
  for (const [, y] of lines.flatMap(line => [...line.points, ...line.raw])) [low, high] = [Math.min(low, y), Math.max(high, y)];
  if (!log && low > 0 && (zero || low < 0.35 * high)) low = 0; // where it is near, too
  if (high === low) [low, high] = log ? [low / 2, high * 2] : [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
  const move = log ? Math.log10 : value => value;
  const room = (move(high) - move(low)) * 0.03;
  const [from, to] = [low === 0 && !log ? 0 : move(low) - room, move(high) + room];
  const y = value => inner.bottom - (move(value) - from) / (to - from) * (inner.bottom - inner.top);
  const powers = log ? decades(low, high) : [];
  const ticks = powers.length > 1 ? powers : round(low, high).filter(value => !log || value > 0);
  return { y, ticks: ticks.filter((value, at) => at === 0 || Math.abs(y(value) - y(ticks[at - 1])) >= LINE) };
}

/** What stands beside a line: its name, or its last value and, unless it is alone, its name. */
function labelled({ name, points }, { valued, lines }) {
  return valued && points.length ? [figure(points.at(-1)[1]), lines.length > 1 ? name : ""].join(" ") : name;
}

function sharedMark(lines) {
  const [first, ...others] = lines.filter(line => line.points.length).map(line => line.mark);
  return first && others.every(mark => mark?.x === first.x) ? first : null;
}
