// Where a value lies between the two ends of an axis, and what is written beside it.

import { figure } from "studio/format.js";

const DECADES = 2 - 1e-9; // numbers above 0 that span as many or more are shown by their logarithm
const APART = 0.05; // least distance of two labels, as a share of the axis
const LABELLED = 6; // up to so many values are written as they are

const isNumber = value => typeof value === "number" && Number.isFinite(value);

/** A number beside an axis: as short as three digits allow. */
export function brief(value) {
  const size = Math.abs(value);
  const short = value !== 0 && (size < 1e-4 || size >= 1e7) ? String(Number(value.toPrecision(3)).toExponential()).replace("e+", "e") : String(Number(value.toPrecision(3)));
  return short.replaceAll("-", "−");
}

/** A name that may be broken after _ and . where room is short. */
export const breakable = name => name.replaceAll(/([._])/g, "$1\u200b");

/** A value as text. */
export const written = value => (isNumber(value) ? figure(value) : value === null || value === undefined ? "none" : Array.isArray(value) ? `[${value.map(written).join(", ")}]` : String(value));

/** Round numbers between two: steps of 1, 2 or 5 times a power of ten. */
export function round(low, high, about = 5) {
  if (!(high > low)) return [low];
  const rough = (high - low) / about;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => unit * factor).find(candidate => candidate >= 0.7 * rough);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n <= Math.floor(high / step + 1e-9); n += 1) found.push(Number((n * step).toPrecision(12)));
  return found;
}

const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]; // s

/** Seconds between two, at steps that a clock has. */
export function ofClock(low, high, about = 6) {
  const step = CLOCK.find(candidate => candidate >= 0.7 * (high - low) / about) ?? 86400 * Math.ceil((high - low) / about / 86400);
  return high - low < about ? round(low, high, about) : Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, n) => (Math.ceil(low / step) + n) * step);
}

/** Powers of ten between two; with few, 2 and 5 times them as well. */
export function decades(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    const factors = Math.log10(high / low) < 2 ? [1, 2, 5] : [1];
    for (const factor of factors) found.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  return found.filter(value => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
}

/**
 * The axis of `values`: kind ("linear", "log", "category"), place(value) as a share (null: not on it), value(place),
 * ticks [{ place, label }]. log: true or false where it is not to be found out.
 */
export function axis(values, { log = null, exact = true } = {}) {
  const there = values.filter(value => value !== null && value !== undefined);
  if (there.length === 0 || !there.every(isNumber)) return categories(there);
  let [low, high] = [Infinity, -Infinity];
  for (const value of there) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const kind = low > 0 && (log ?? Math.log10(high / low) > DECADES) ? "log" : "linear";
  const move = kind === "log" ? Math.log10 : value => value;
  const back = kind === "log" ? value => 10 ** value : value => value;
  const [from, length] = [move(low), move(high) - move(low)];
  const place = value => (!isNumber(value) ? null : length > 0 ? (move(value) - from) / length : 0.5);
  const distinct = [...new Set(there)].sort((a, b) => a - b);
  const shown = exact && distinct.length <= LABELLED ? distinct : kind === "log" ? decades(low, high) : round(low, high);
  return { kind, low, high, place, value: share => back(from + share * length), ticks: thinned(shown.map(value => ({ place: place(value), label: brief(value) }))) };
}

const known = new WeakMap();

/** The axis of `values` and the place of each on it; worked out once for a column. */
export function placed(values) {
  if (!known.has(values)) {
    const scale = axis(values);
    known.set(values, { scale, places: values.map(scale.place) });
  }
  return known.get(values);
}

function categories(there) {
  const labels = [...new Set(there.map(written))].sort();
  const places = new Map(labels.map((label, at) => [label, labels.length > 1 ? at / (labels.length - 1) : 0.5]));
  return {
    kind: "category",
    labels,
    place: value => (value === null || value === undefined ? null : places.get(written(value)) ?? null),
    value: share => labels[Math.round(share * Math.max(0, labels.length - 1))] ?? "",
    ticks: thinned(labels.map(label => ({ place: places.get(label), label: short(label) }))),
  };
}

/** A text of at most so many letters; what is left out is in its middle, since names mostly differ at their ends. */
export function short(text, most = 18) {
  if (text.length <= most) return text;
  const head = Math.floor((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/** A text as short as `most` px need it; widthOf says how wide one is. */
export function fitting(text, most, widthOf) {
  let letters = text.length;
  let tried = text;
  while (letters > 4 && widthOf(tried) > most) {
    letters -= 1;
    tried = short(text, letters);
  }
  return tried;
}

function thinned(ticks) {
  const kept = [];
  for (const tick of ticks) if (kept.length === 0 || tick.place - kept.at(-1).place >= APART) kept.push(tick);
  return kept;
}

/** Places (px) moved apart until no two are nearer than `gap`, in their order and within [low, high], as far as they fit. */
export function spread(places, gap, low, high) {
  const order = places.map((_, at) => at).sort((a, b) => places[a] - places[b]);
  const blocks = []; // pooled neighbours: mean of (place − rank · gap), and how many
  order.forEach((at, rank) => {
    let block = { mean: places[at] - rank * gap, size: 1 };
    while (blocks.length && blocks.at(-1).mean > block.mean) {
      const before = blocks.pop();
      const size = before.size + block.size;
      block = { mean: (before.mean * before.size + block.mean * block.size) / size, size };
    }
    blocks.push(block);
  });
  const ceiling = high - (order.length - 1) * gap;
  const moved = [...places];
  let rank = 0;
  for (const { mean, size } of blocks) {
    for (let n = 0; n < size; n += 1, rank += 1) moved[order[rank]] = Math.max(low, Math.min(ceiling, mean)) + rank * gap;
  }
  return moved;
}
