// Talking to the server: keys, problem documents (RFC 9457), and what the silence of a server means.

const KEY = "tiles-api-key";
let memory = ""; // for browsers that keep nothing
const SAID = {
  400: ["The photo cannot be used", "Choose another file."],
  401: ["An API key is needed", "Ask whoever runs the server for one."],
  403: ["This is not allowed", "Ask whoever runs the server."],
  404: ["The server does not know this address", "Is it another version? Load the page again."],
  408: ["The photo took too long to arrive", "Check the network, then try again."],
  413: ["The photo is too large", "Send a smaller one."],
  415: ["This is no photo that the server reads", "Send JPEG, PNG, BMP, TIFF or WebP."],
  429: ["Too many requests", "Wait a moment, then try again."],
  503: ["The server is busy", "Wait a moment, then try again."],
  504: ["The server took too long", "Try again, or send a smaller photo."],
};

/** What happened (title), why (detail), what to do (hint). status 0: no answer at all. wait: seconds, or null. */
export class Problem extends Error {
  constructor({ title, detail = "", hint = "", status = 0, request = "", wait = null }) {
    super(title);
    Object.assign(this, { title, detail, hint, status, request, wait });
  }
}

/** Use a key for all requests, until the tab is closed. */
export function keepKey(key) {
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    memory = key;
  }
}

function ownKey() {
  try {
    return sessionStorage.getItem(KEY) || memory;
  } catch {
    return memory;
  }
}

/** The model's facts. */
export async function model() {
  return (await ask("v1/model")).json();
}

/** What the server says about one photo. include: parts of the answer, see the API. */
export async function predict(photo, name, include, signal) {
  const form = new FormData();
  form.append("image", photo, name);
  const answer = await ask(`v1/predict?include=${include.join(",")}`, { method: "POST", body: form, signal });
  return answer.json();
}

/** A response with a status below 400; everything else is thrown as a Problem. */
async function ask(path, options = {}) {
  const key = ownKey();
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw await silence(Boolean(options.body));
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Why there was no answer: nobody there, or somebody who hung up on a photo before it was read to its end. */
async function silence(sending) {
  const alive = await fetch("livez", { cache: "no-store" }).then(answer => answer.ok, () => false);
  if (alive && sending) {
    return new Problem({
      title: "The connection was closed",
      detail: "The server is there, but it hung up while the photo was being sent. The photo may be larger than it takes.",
      hint: "Try again, or send a smaller photo.",
    });
  }
  return new Problem({
    title: "The server does not answer",
    detail: "It may have been stopped, or the network is down.",
    hint: "Check that tiles serve is running, then try again.",
  });
}

async function refusal(response) {
  const { status } = response;
  const [title, hint] = SAID[status] ?? ["The server failed", "Try again. If it stays, tell whoever runs the server."];
  const type = response.headers.get("Content-Type") ?? "";
  const said = type.includes("json") ? await response.json().catch(() => ({})) : {};
  return new Problem({
    status,
    title: text(said.title) || title,
    detail: sentence(text(said.detail) || `it answered with status ${status}`),
    // A key's header or a command line is advice for programs.
    hint: status === 401 || text(said.hint).startsWith("curl") ? hint : sentence(text(said.hint) || hint),
    request: response.headers.get("X-Request-ID") ?? "",
    wait: seconds(response.headers.get("Retry-After")),
  });
}

const text = value => (typeof value === "string" ? value : "");

/** The server's words, which may stand alone in a line, as a sentence. */
function sentence(words) {
  const ended = /[.!?…]$/.test(words) ? words : `${words}.`;
  return ended[0].toUpperCase() + ended.slice(1);
}

/** Retry-After in seconds; it is either a number or a date. */
function seconds(header) {
  if (!header) return null;
  const value = Number(header);
  if (Number.isFinite(value)) return Math.max(0, value);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000);
}
