// Figures, dates and durations as people read them. What is no number is “–”.

const NOTHING = "–";
const isNumber = value => typeof value === "number" && Number.isFinite(value);

/** Three significant digits; whole numbers and large ones with thousands apart. */
export function figure(value) {
  if (!isNumber(value)) return NOTHING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString("en");
  if (size >= 1000) return size < 1e15 ? Math.round(value).toLocaleString("en") : value.toExponential(2);
  return size < 0.001 ? value.toExponential(2) : value.toPrecision(3);
}

/** `figure` with its sign, as differences have it. */
export const signed = value => (isNumber(value) && value > 0 ? `+${figure(value)}` : figure(value));

/** A moment, in seconds since 1970, by the clock of this machine. */
export function when(seconds) {
  if (!isNumber(seconds) || seconds <= 0) return NOTHING;
  const moment = new Date(seconds * 1000);
  const two = number => String(number).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** Seconds as “1 m 42 s”, in its two largest units. */
export function duration(seconds) {
  if (!isNumber(seconds)) return NOTHING;
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 1) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const units = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  const parts = [];
  let rest = whole;
  for (const [size, name] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || !parts.length) parts.push(`${count} ${name}`);
  }
  return parts.join(" ");
}

/** A number of bytes. */
export function bytes(count) {
  if (!isNumber(count)) return NOTHING;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = count;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${Number(size.toPrecision(3))} ${units[unit]}`;
}
