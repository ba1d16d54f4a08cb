// Where photos come from: dropped, chosen, pasted. Everything ends in take(files).

import { clock } from "./words.js";

const ENDINGS = /\.(jpe?g|png|bmp|dib|tiff?|webp)$/i;
const DEEPEST = 4; // folders within a dropped folder

/** frame shows the hint while something is held over the page. take(files), say(words). */
export function listen({ hint, take, say }) {
  let depth = 0; // enter and leave come for every element on the way
  const carriesFiles = event => event.dataTransfer?.types.includes("Files");
  const over = shown => { hint.hidden = !shown; };
  addEventListener("dragenter", event => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth += 1;
    over(true);
  });
  addEventListener("dragleave", event => {
    if (carriesFiles(event) && (depth -= 1) <= 0) over(false);
  });
  addEventListener("dragover", event => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", async event => {
    depth = 0;
    over(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const files = await unpack(event.dataTransfer);
    if (files.length > 0) take(files);
    else say("There is no photo in what was dropped. JPEG, PNG, BMP, TIFF and WebP are read.");
  });
  addEventListener("paste", event => {
    if (event.target.closest?.("input[type=password]")) return;
    const files = [...(event.clipboardData?.files ?? [])].filter(file => file.type.startsWith("image/"));
    if (files.length > 0) take(files.map(named));
    else say("There is no photo in the clipboard. Copy the picture itself, not its address.");
  });
}

/** Browsers call whatever is pasted image.png. */
function named(file) {
  if (file.name && file.name !== "image.png") return file;
  return new File([file], `pasted-${clock()}.png`, { type: file.type });
}

/** The files of a drop: those named as they are, and the photos in folders. */
async function unpack(transfer) {
  // Both lists are gone after the first wait.
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...transfer.files];
  if (!entries.some(entry => entry.isDirectory)) return plain;
  const nested = await Promise.all(entries.map(entry => walk(entry, 0)));
  return nested.flat();
}

async function walk(entry, depth) {
  if (entry.isFile) {
    if (depth > 0 && !ENDINGS.test(entry.name)) return [];
    return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  }
  if (depth >= DEEPEST) return [];
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) break;
    inside.push(...some);
  }
  inside.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const nested = await Promise.all(inside.map(one => walk(one, depth + 1)));
  return nested.flat();
}
