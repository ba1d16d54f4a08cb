// One photo after another: the queue, and how often it knocks at a busy server.

import { Problem } from "./api.js";

const TRIES = 5; // at a server that says it is busy
const KNOCKS = 3; // at one that does not answer
const LONGEST_WAIT = 60; // seconds; who asks for more is not waited for

export class Work {
  /**
   * send(entry, signal) asks the server and fills the entry. changed(entry) is called whenever an entry starts, ends
   * or waits; progressed({ done, total }) whenever the queue moves. askKey(refused) resolves to whether there is a key.
   */
  constructor({ send, changed, progressed, askKey }) {
    Object.assign(this, { send, changed, progressed, askKey });
    this.waiting = [];
    this.done = 0;
    this.total = 0;
    this.running = false;
    this.stop = new AbortController();
  }

  add(entries) {
    this.waiting.push(...entries);
    this.total += entries.length;
    if (!this.running) this.run();
    this.progressed(this);
  }

  /** One that failed, before all others. */
  retry(entry) {
    this.waiting.unshift(entry);
    this.total += 1;
    if (!this.running) this.run();
    this.progressed(this);
  }

  /** Drop what has not been sent, and what is being sent. */
  cancel() {
    this.waiting.length = 0;
    this.stop.abort();
    if (!this.running) this.#rest();
  }

  async run() {
    this.running = true;
    this.stop = new AbortController();
    while (this.waiting.length > 0) {
      const entry = this.waiting.shift();
      await this.work(entry);
      this.done += 1;
      this.progressed(this);
      // A server that is away is away for all of them. They wait until someone tries again.
      if (entry.state === "failed" && entry.problem.status === 0 && this.waiting.length > 0) break;
    }
    this.#rest();
  }

  /** Nothing is being sent; what is still waiting waits for somebody. */
  #rest() {
    this.running = false;
    this.total = this.waiting.length;
    this.done = 0;
    this.progressed(this);
  }

  async work(entry) {
    this.#set(entry, { state: "sending", problem: null, wait: "" });
    let knocks = 0;
    let tries = 0;
    while (entry.state === "sending") {
      try {
        await this.send(entry, this.stop.signal);
        this.#set(entry, { state: "done" });
      } catch (error) {
        if (this.stop.signal.aborted) this.#fail(entry, stopped());
        else if (!(error instanceof Problem)) this.#fail(entry, unreadable(error));
        else if (error.status === 401) await this.#unlock(entry, error);
        else if ((error.status === 503 || error.status === 429) && (tries += 1) < TRIES) {
          await this.#pause(entry, error, error.wait ?? 2 ** tries, `${tries + 1} of ${TRIES}`);
        } else if (error.status === 0 && (knocks += 1) < KNOCKS) {
          await this.#pause(entry, error, 2 ** (knocks - 1), `${knocks + 1} of ${KNOCKS}`);
        } else this.#fail(entry, error);
      }
    }
  }

  async #unlock(entry, problem) {
    if (!(await this.askKey(entry.asked))) this.#fail(entry, problem);
    entry.asked = true;
  }

  /** Count the seconds down, so that nobody thinks that nothing happens. */
  async #pause(entry, problem, seconds, which) {
    if (seconds > LONGEST_WAIT) {
      this.#fail(entry, problem);
      return;
    }
    for (let left = Math.ceil(seconds); left > 0 && !this.stop.signal.aborted; left -= 1) {
      this.#set(entry, { problem, wait: `Trying again in ${left} s (${which}).` });
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
    if (this.stop.signal.aborted) this.#fail(entry, stopped());
    else this.#set(entry, { wait: "" });
  }

  #fail(entry, problem) {
    this.#set(entry, { state: "failed", problem, wait: "" });
  }

  #set(entry, facts) {
    Object.assign(entry, facts);
    this.changed(entry);
  }
}

const stopped = () => new Problem({ title: "Stopped", detail: "It was stopped before an answer came.", status: -1 });

function unreadable(error) {
  console.error(error);
  return new Problem({
    title: "The answer cannot be read",
    detail: `The server answered, but not in a way that this page understands (${error.message}).`,
    hint: "Load the page again: the server may have a newer version.",
    status: -1,
  });
}
