// Numbers and names as people read them.

/** A share or probability (0–1) with three significant figures. */
export function figure(value) {
  if (value === 0) return "0";
  if (value < 0.001) return "< 0.001";
  return Number(value).toPrecision(value < 1 ? 3 : 3);
}

/** Two figures with as many digits as it takes to tell them apart: a score of 0.9399 is not a limit of 0.9400. */
export function apart(a, b) {
  for (let digits = 3; digits < 7; digits += 1) {
    const pair = [a.toFixed(digits), b.toFixed(digits)];
    if (a === b || pair[0] !== pair[1]) return pair;
  }
  return [String(a), String(b)];
}

/** A share (0–1) as a percentage with three significant figures. */
export function percent(share) {
  if (share === 0) return "0 %";
  const value = share * 100;
  return value < 0.001 ? "< 0.001 %" : `${Number(value.toPrecision(3))} %`;
}

/** A whole number with thousands apart. */
export const whole = value => value.toLocaleString("en");

/** “1 region”, “3 regions”. */
export const counted = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Milliseconds, as short as they can be said. */
export const duration = ms => (ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${(ms / 1000).toFixed(1)} s`);

/** A file's name without its ending. */
export const stem = name => name.replace(/\.[^.]+$/, "");

/** The time of day, for photos that come without a name. */
export const clock = () => new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
