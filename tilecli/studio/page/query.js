// What a page shows and how, kept behind the ? of its address, so that a view can be shared by its address.

const asked = () => new URLSearchParams(location.search);

/** What stands there under a name; null where nothing does. */
export const recall = name => asked().get(name);

/** A list that stands there; null where none does. */
export function recallList(name) {
  const text = recall(name);
  return text === null ? null : text.split(",").filter(Boolean).map(decodeURIComponent);
}

/** Keep values (texts, lists, true); null, false, "" and [] are taken out. */
export function keep(values) {
  const query = asked();
  for (const [name, value] of Object.entries(values)) {
    const text = Array.isArray(value) ? value.map(one => one.replace(/[%,]/g, encodeURIComponent)).join(",") : value;
    if (text === null || text === false || text === "") query.delete(name);
    else query.set(name, text === true ? "1" : text);
  }
  const text = query.toString().replaceAll("%2C", ","); // commas are what lists are read by
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}
