// Talking to tiles data label: what it answers, problem documents (RFC 9457), and its silence.

let token = ""; // proves that a change comes from this page

/** What happened (title), why (detail), what to do (hint). status 0: no answer at all. */
export class Problem extends Error {
  constructor({ title, detail = "", hint = "", status = 0 }) {
    super(title);
    Object.assign(this, { title, detail, hint, status });
  }

  /** In one line. */
  get words() {
    return [this.title, this.detail, this.hint].filter(Boolean).map(sentence).join(" ");
  }
}

export async function loadQueue() {
  const queue = await (await ask("api/queue")).json();
  token = queue.token;
  return queue;
}

const path = (name, part = "") => `api/photos/${encodeURIComponent(name)}${part}`;

export const thumbnailOf = name => path(name, "/thumbnail");
export const facts = async name => (await ask(path(name))).json();
export const picture = async name => (await ask(path(name, "/picture"))).blob();
export const maskOf = async (name, label = false) => (await ask(path(name, `/mask${label ? "?label=true" : ""}`))).blob();
export const put = async (name, made) => (await change("PUT", path(name), made)).json();
export const drop = async name => (await change("DELETE", path(name), {})).json();
export const batch = async () => (await ask("api/batch")).json();
export const save = async wanted => (await change("POST", "api/batch", wanted)).json();

function change(method, where, body) {
  const headers = { "Content-Type": "application/json", "X-Tiles-Token": token };
  return ask(where, { method, headers, body: JSON.stringify(body) });
}

/** A response with a status below 400; everything else is thrown as a Problem. */
async function ask(where, options = {}) {
  let response;
  try {
    response = await fetch(where, { ...options, cache: "no-store" });
  } catch {
    throw new Problem({
      title: "The server does not answer",
      detail: "It may have been stopped",
      hint: "Start tiles data label again; drafts are kept",
    });
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  const detail = said.detail ?? `It answered with status ${response.status}`;
  throw new Problem({ title: said.title ?? "The server failed", detail, hint: said.hint, status: response.status });
}

function sentence(words) {
  const ended = /[.!?…]$/.test(words) ? words : `${words}.`;
  return ended[0].toUpperCase() + ended.slice(1);
}
