// How figures, dates, durations and sizes are written on every page.

const DASH = "–";
const known = value => typeof value === "number" && Number.isFinite(value);

/** A number with three significant digits; a whole one as it is; – where there is none. */
export function figure(value) {
  if (!known(value)) return DASH;
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (Number.isInteger(value) && size < 1e7) return sign + size.toLocaleString("en");
  if (size >= 1e7 || size < 1e-4) return sign + size.toExponential(2).replace("e+", "e").replace("e-", "e−");
  if (size >= 1000) return sign + Math.round(size).toLocaleString("en");
  return sign + size.toPrecision(3);
}

/** The same with its sign, of a difference. */
export const signed = value => (known(value) && value > 0 ? "+" : "") + figure(value);

/** Seconds since 1970 as a day and a time. */
export function when(seconds) {
  if (!known(seconds) || seconds <= 0) return DASH;
  const day = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Date(1000 * seconds).toLocaleString("en-GB", day);
}

/** Seconds as 1 h 2 m, 1 m 42 s, 4.2 s, 12 ms. */
export function duration(seconds) {
  if (!known(seconds)) return DASH;
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 60) return `${Number(seconds.toPrecision(seconds < 10 ? 2 : 3))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m${whole % 60 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
}

/** A number of bytes. */
export function bytes(count) {
  if (!known(count)) return DASH;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? count : Number(count.toPrecision(3))} ${units[unit]}`;
}
