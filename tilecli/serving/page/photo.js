// A photo's file: which the browser can show, and what the server's answer adds to it.

import { predict } from "./api.js";
import { fromDataUrl, readGrey } from "./pixels.js";

/** A photo that has not been looked at yet. */
export function newEntry(file) {
  return { file, name: file.name || "photo", state: "waiting", answer: null, problem: null, wait: "", asked: false };
}

/** Ask the server about an entry and keep its answer, the maps packed as they came. */
export async function lookAt(entry, signal) {
  const blind = await needsServer(entry.file);
  const include = ["probability", "mask", "types", ...(blind ? ["photo"] : [])];
  const { probability, mask, types, photo, ...answer } = await predict(entry.file, entry.name, include, signal);
  const maps = { probability: fromDataUrl(probability), mask: fromDataUrl(mask) };
  if (types) maps.types = fromDataUrl(types); // of a model that tells types apart
  Object.assign(entry, { answer, maps, picture: photo ? fromDataUrl(photo) : entry.file });
}

/** What can be drawn of an entry; null where the browser does not know the format. */
export async function decode(entry) {
  return createImageBitmap(entry.picture ?? entry.file).catch(() => null);
}

/** An entry's maps: values 0–255, one byte a pixel. */
export async function unpack({ maps }) {
  const names = Object.keys(maps);
  const read = await Promise.all(names.map(name => readGrey(maps[name])));
  return Object.fromEntries(names.map((name, place) => [name, read[place].values]));
}

/** TIFF, and PNG of 16 bits, whose values no browser scales as the server does: its own copy is shown. */
async function needsServer(file) {
  const head = new DataView(await file.slice(0, 25).arrayBuffer());
  if (head.byteLength < 25) return false;
  const mark = head.getUint32(0);
  return mark === 0x49492a00 || mark === 0x4d4d002a || (mark === 0x89504e47 && head.getUint8(24) === 16);
}
