// The photos of the last spots with what was done to them. The masks of a spot that is forgotten are at the server.

import { Doc } from "./doc.js";
import { History } from "./history.js";

const KEPT = 8; // spots

export class Spots {
  constructor() {
    this.spots = new Map(); // names of all exposures → { docs, history }
  }

  get docs() {
    return [...this.spots.values()].flatMap(({ docs }) => docs);
  }

  /** The spot that a photo shows, by what the server says of the photo; hears as in `Doc`. */
  of(facts, hears) {
    const all = [facts, ...facts.exposures];
    const key = all.map(({ name }) => name).sort().join("\n");
    const spot = this.spots.get(key) ?? { docs: all.map(one => new Doc(one, hears)), history: new History() };
    this.spots.delete(key);
    this.spots.set(key, spot);
    for (const [old, { docs }] of this.spots) {
      if (this.spots.size <= KEPT) break;
      if (docs.some(doc => doc.stale || doc.sending)) continue;
      for (const doc of docs) doc.rest();
      this.spots.delete(old);
    }
    return spot;
  }

  /** Let the decoded pictures of all but one spot go. */
  rest(shown) {
    for (const spot of this.spots.values()) if (spot !== shown) for (const doc of spot.docs) doc.rest();
  }

  clear() {
    this.rest(null);
    this.spots.clear();
  }
}
