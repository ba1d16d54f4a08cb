// The state of a view in the query of its address, so that it can be shared and found again.

let waiting = {};
let timer = 0;

/** What stands there. */
export function asked() {
  if (timer) flush();
  return new URLSearchParams(location.search);
}

/** What stands there for `name`; `otherwise` where nothing does. */
export const said = (name, otherwise = "") => asked().get(name) ?? otherwise;

/** The list that `joined` has put there; null where none stands. */
export function listed(name) {
  const text = asked().get(name);
  return text === null ? null : text.split(",").filter(Boolean).map(decodeURIComponent);
}

/** A list of texts as one text. */
export const joined = values => values.map(one => one.replace(/[%,]/g, encodeURIComponent)).join(",");

/** Put values there: name → text, texts (one entry each), or null or nothing where it is what it is without. */
export function keep(values) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    query.delete(name);
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") query.append(name, one);
  }
  // What may stand as it is in a query stays readable.
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%7E", "~").replaceAll("%21", "!");
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

function flush() {
  clearTimeout(timer);
  timer = 0;
  keep(waiting);
  waiting = {};
}

/** The same, once nothing has been put for a moment: browsers refuse to have an address changed all the time. */
export function keepSoon(values) {
  waiting = { ...waiting, ...values };
  clearTimeout(timer);
  timer = setTimeout(flush, 150);
}

addEventListener("pagehide", () => timer && flush());
