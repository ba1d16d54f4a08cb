// One photo's mask, type and fate, as they are on this page and on the server.

import { maskPng, readGrey } from "./pixels.js";
import { area, runsOf } from "./raster.js";
import * as server from "./server.js";

const AGAIN = 2000; // ms until a draft that did not arrive is sent again
const FATES = { todo: null, saved: null, rejected: "reject" };

export class Doc {
  /** facts: as the server says them. saved(doc) when it has them again, failed(doc, problem) when it has not. */
  constructor(facts, { saved, failed }) {
    Object.assign(this, { facts, saved, failed, name: facts.name, width: facts.width, height: facts.height });
    this.mask = new Uint8Array(this.width * this.height);
    this.action = facts.state in FATES ? FATES[facts.state] : "label"; // null: nobody has touched it
    this.defect = facts.defect;
    this.reason = facts.reason;
    this.picture = null; // an ImageBitmap while it is shown
    this.blob = null;
    this.stale = false; // whether the server lacks something
    this.sending = null;
    this.found = null; // runs of the mask, until it changes
    this.version = 0; // of the mask
  }

  /** Fetch picture and mask, if that was not done yet. */
  async load() {
    if (!this.blob) {
      const [blob, mask] = await Promise.all([server.picture(this.name), server.maskOf(this.name)]);
      const { values } = await readGrey(mask);
      for (let at = 0; at < values.length; at += 1) this.mask[at] = values[at] > 0 ? 1 : 0;
      this.blob = blob;
      this.changed();
    }
    this.picture ??= await createImageBitmap(this.blob);
  }

  /** Let the decoded picture go; a large photo takes much memory. */
  rest() {
    this.picture?.close();
    this.picture = null;
  }

  state() {
    return { action: this.action, defect: this.defect, reason: this.reason };
  }

  take(state) {
    Object.assign(this, state);
    this.changed();
  }

  /** Its mask is another now. */
  changed() {
    this.found = null;
    this.version += 1;
  }

  get drawn() {
    this.found ??= runsOf(this.mask, this);
    return this.found;
  }

  get area() {
    return area(this.mask);
  }

  /** Send what it is now; what changes while that is under way is sent afterwards. */
  send() {
    this.stale = true;
    this.sending ??= this.#send().finally(() => { this.sending = null; });
    return this.sending;
  }

  async #send() {
    while (this.stale) {
      this.stale = false;
      try {
        this.facts = { ...this.facts, ...(this.action ? await this.#put() : await server.drop(this.name)) };
        this.saved(this);
      } catch (problem) {
        this.stale = true;
        this.failed(this, problem);
        if (problem.status >= 400 && problem.status < 500) return; // it will not be taken the next time either
        await new Promise(resolve => setTimeout(resolve, AGAIN));
      }
    }
  }

  async #put() {
    const { action, defect, reason } = this;
    const png = new Uint8Array(await (await maskPng(runsOf(this.mask, this), this.width, this.height)).arrayBuffer());
    let text = "";
    for (let at = 0; at < png.length; at += 32768) text += String.fromCharCode(...png.subarray(at, at + 32768));
    return server.put(this.name, { action, defect, reason, mask: btoa(text) });
  }
}
