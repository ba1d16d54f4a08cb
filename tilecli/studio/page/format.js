// How the studio writes figures, dates and durations. What is not there is a dash.

const NONE = "–";
const missing = value => value === null || value === undefined || !Number.isFinite(value);

/** A number with three significant digits; whole ones up to a million as they are. */
export function figure(value) {
  if (missing(value)) return NONE;
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2).replace("e+", "e");
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size)))).replace("-", "−");
}

/** A difference, with its sign. */
export const signed = value => (missing(value) ? NONE : `${value > 0 ? "+" : ""}${figure(value)}`);

/** A moment, in seconds since 1970, as people on this machine write it. */
export function when(seconds) {
  if (missing(seconds)) return NONE;
  const at = new Date(seconds * 1000);
  const two = number => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Seconds as 42 s, 1 m 42 s, 2 h 05 m, 3 d 4 h. */
export function duration(seconds) {
  if (missing(seconds)) return NONE;
  const whole = Math.max(0, Math.round(seconds));
  const two = number => String(number).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** A size of files. */
export function bytes(value) {
  if (missing(value)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit ? size.toPrecision(3) : size} ${units[unit]}`;
}
