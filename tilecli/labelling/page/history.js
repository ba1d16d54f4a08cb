// Undo and redo for the photos of one spot. What a step changed is kept as the box of each mask that differs.

import { cut, difference, paste } from "./raster.js";

const MOST = 200; // steps
const MOST_BYTES = 2 ** 28; // of them all

export class History {
  constructor() {
    this.done = [];
    this.undone = [];
  }

  /** What `end` compares with: photos as they are before something is done to them. */
  begin(docs) {
    return docs.map(doc => ({ doc, mask: doc.mask.slice(), state: doc.state() }));
  }

  /** Keep what was done since `begin` as one step. Returns the photos that it changed. */
  end(before) {
    const parts = [];
    for (const { doc, mask, state } of before) {
      const box = difference(mask, doc.mask, doc);
      const now = doc.state();
      if (!box && JSON.stringify(state) === JSON.stringify(now)) continue;
      const pixels = box && { box, before: cut(mask, doc, box), after: cut(doc.mask, doc, box) };
      parts.push({ doc, pixels, before: state, after: now });
    }
    if (parts.length === 0) return [];
    this.done.push(parts);
    while (this.done.length > MOST || (this.done.length > 1 && weight(this.done) > MOST_BYTES)) this.done.shift();
    this.undone = [];
    return parts.map(({ doc }) => doc);
  }

  /** Throw away what was done since `begin`. */
  cancel(before) {
    for (const { doc, mask, state } of before) {
      doc.mask.set(mask);
      doc.take(state);
    }
  }

  undo() {
    return move(this.done, this.undone, "before");
  }

  redo() {
    return move(this.undone, this.done, "after");
  }
}

/** Bytes that steps keep. */
function weight(steps) {
  return steps.flat().reduce((sum, { pixels }) => sum + (pixels ? 2 * pixels.before.length : 0), 0);
}

function move(from, to, side) {
  const parts = from.pop();
  if (!parts) return [];
  to.push(parts);
  for (const { doc, pixels, [side]: state } of parts) {
    if (pixels) paste(doc.mask, doc, pixels.box, pixels[side]);
    doc.take(state);
  }
  return parts.map(({ doc }) => doc);
}
