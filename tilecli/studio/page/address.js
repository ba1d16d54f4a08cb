// The state of a view in the address, so that it can be shared.

/** What the address says of `name`; `otherwise` where it says nothing. */
export const said = (name, otherwise = "") => new URLSearchParams(location.search).get(name) ?? otherwise;

/** Put values into the address; what is null, undefined or empty leaves it. */
export function say(values) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}
