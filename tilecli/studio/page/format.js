// How figures, dates, durations and sizes are written on every page.

const DASH = "–";
const COUNT = new Intl.NumberFormat("en"); // toLocaleString would make one each time
const known = value => typeof value === "number" && Number.isFinite(value);

/** A number with three significant digits; a whole one as it is; – where there is none. */
export function figure(value) {
  if (!known(value)) return DASH;
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (Number.isInteger(value) && size < 1e7) return sign + COUNT.format(size);
  if (size >= 1e7 || size < 1e-4) return sign + size.toExponential(2).replace("e+", "e").replace("e-", "e−");
  if (size >= 1000) return sign + COUNT.format(Math.round(size));
  return sign + size.toPrecision(3);
}

/** The same with its sign, of a difference. */
export const signed = value => (known(value) && value > 0 ? "+" : "") + figure(value);

/** A moment, in seconds since 1970, by the clock of this machine: 2026-11-22 04:35. */
export function when(seconds) {
  if (!known(seconds) || seconds <= 0) return DASH;
  const at = new Date(1000 * seconds);
  const two = number => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Seconds in their two largest units: 1 h 2 m, 1 m 42 s; 4.2 s, 12 ms. */
export function duration(seconds) {
  if (!known(seconds)) return DASH;
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 60) return `${Number(seconds.toPrecision(seconds < 10 ? 2 : 3))} s`;
  const whole = Math.round(seconds);
  const units = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  const [[large, name], [small, rest]] = units.slice(first, first + 2);
  const left = Math.floor((whole % large) / small);
  return `${Math.floor(whole / large)} ${name}${left ? ` ${left} ${rest}` : ""}`;
}

/** A number of bytes. */
export function bytes(count) {
  if (!known(count)) return DASH;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = count;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : Number(size.toPrecision(3))} ${units[unit]}`;
}
