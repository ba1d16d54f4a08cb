// Spearman's rank correlation of two columns, as `tilecli/experiments/influence.py` has it.

const LEAST = 5; // pairs; with four, even a perfect order says little
const FEW = 10;

const isNumber = value => typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values) {
  const order = values.map((_, at) => at).sort((a, b) => values[a] - values[b]);
  const found = [];
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to += 1;
    for (let at = from; at < to; at += 1) found[order[at]] = (from + 1 + to) / 2;
    from = to;
  }
  return found;
}

/** { rho, count } of the runs that have a number in both columns; rho is null where it cannot be told. */
export function spearman(one, other) {
  const pairs = one.map((value, run) => [value, other[run]]).filter(([a, b]) => isNumber(a) && isNumber(b));
  const count = pairs.length;
  const [a, b] = [0, 1].map(side => ranks(pairs.map(pair => Number(pair[side]))).map(rank => rank - (count + 1) / 2));
  const sum = (x, y) => x.reduce((total, value, at) => total + value * y[at], 0);
  const below = Math.sqrt(sum(a, a) * sum(b, b));
  return { rho: count < LEAST || !(below > 0) ? null : sum(a, b) / below, count };
}

/** The correlation of two columns in words; empty where one of them is no number. */
export function inWords(one, other) {
  if ([one, other].some(values => values.some(value => value !== null && !isNumber(value)))) return "";
  const { rho, count } = spearman(one, other);
  if (rho === null) return `${count} runs, or values that are all the same, tell nothing of a correlation.`;
  const caution = count < FEW ? ": too few to tell it from chance" : "";
  return `Spearman’s ρ ${rho < 0 ? "−" : "+"}${Math.abs(rho).toFixed(2)} over ${count} runs${caution}.`;
}
