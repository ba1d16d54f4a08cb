// What the page was given, what has changed since, and asking the server to change something.

const body = document.body;
const up = body.dataset.up;

/** Whether this is a page on disk, which no server stands behind. */
export const exported = "exported" in body.dataset;

/**
 * An address of the studio, as this page reaches it: `run/?name=first`; on disk run/first/index.html?name=first.
 * null where it leads to what is not in an export and this is a page on disk: `h` leaves such an attribute out.
 */
export function link(path) {
  if (!exported) return up + path;
  const [place, query = ""] = path.split("?");
  const { pages, names } = window.tilesExport; // see tilecli/studio/export/places.py
  const page = pages[place.replace("/", "")];
  if (!page) return null;
  const asked = new URLSearchParams(query);
  const plain = name => (Object.hasOwn(names, name) ? names[name] : name);
  const key = page.asks.map(ask => (page.named ? (asked.get(ask) ?? "").split(",").map(plain).join(",") : asked.get(ask) ?? "")).join("\n");
  return Object.hasOwn(page.at, key) ? `${up}${page.at[key]}/index.html${query ? `?${query}` : ""}` : null;
}

/** A file of the export, by its place in there, as this page reaches it. */
export const file = place => up + place;

/** Whether this page can change something: neither a read-only server nor a page on disk can. */
export const canAct = !("readOnly" in body.dataset) && !exported;

/** What the page shows, as the server (or the export) wrote it into the page. */
export const given = () => JSON.parse(document.getElementById("given").textContent);

/** What went wrong (title), why (detail), what to do (hint), in which field. status 0: no answer at all. */
export class Problem extends Error {
  constructor({ title, detail = "", hint = "", status = 0, field = "" }) {
    super(title);
    Object.assign(this, { title, detail, hint, status, field });
  }

  get words() {
    return [this.title, this.detail, this.hint].filter(Boolean).join(". ");
  }

  /** Without the title, for a place that says what it is about. */
  get advice() {
    return [this.detail, this.hint].filter(Boolean).join("; ");
  }
}

/** JSON from the server; throws Problem. */
export async function ask(path, options = {}) {
  if (exported) throw new Problem({ title: "This is not in the export", hint: "tiles studio shows it" });
  let answer;
  try {
    answer = await fetch(link(path), { cache: "no-store", ...options });
  } catch {
    throw new Problem({ title: "The server does not answer", hint: "Start tiles studio again" });
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  throw new Problem({ ...said, title: said.title ?? "The server failed", status: answer.status });
}

/** Change something; the body and the answer are JSON. */
export function act(path, wanted = {}, method = "POST") {
  const headers = { "Content-Type": "application/json", "X-Tiles-Token": body.dataset.token };
  return ask(path, { method, headers, body: JSON.stringify(wanted) });
}

/** What this page shows now; on disk, what it showed when it was written. */
export const latest = () => (exported ? Promise.resolve(given()) : ask(`api/pages/${body.dataset.page}${location.search}`));

/**
 * Call `changed` with what the page shows now, each time after something that it shows has changed.
 * look: what to ask for instead, where that is less.
 */
export function follow(changed, look = latest) {
  if (exported) return;
  const topics = new Set(body.dataset.topics.split(" "));
  const sign = document.getElementById("live");
  const say = (text, gone) => {
    sign.textContent = text;
    sign.classList.toggle("gone", gone);
  };
  let busy = false;
  let again = false;
  const refresh = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await changed(await look());
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      say(problem.words, true);
    } finally {
      busy = false;
    }
    if (again) {
      again = false;
      refresh();
    }
  };
  const stream = new EventSource(link("api/events"));
  let lost = false;
  stream.addEventListener("open", () => {
    say("live", false);
    if (lost) refresh(); // what changed meanwhile was not heard
    lost = false;
  });
  stream.addEventListener("error", () => {
    lost = true;
    say("no connection", true);
  });
  stream.addEventListener("changed", event => {
    if (JSON.parse(event.data).some(topic => topics.has(topic))) refresh();
  });
}
