// PNGs in and out, with exact values.

/** A data URL's bytes. `fetch` would do, but the page's policy keeps it to the server. */
export function fromDataUrl(url) {
  const comma = url.indexOf(",");
  const bytes = Uint8Array.from(atob(url.slice(comma + 1)), letter => letter.charCodeAt(0));
  return new Blob([bytes], { type: url.slice(5, url.indexOf(";")) });
}

/** A grey PNG as { width, height, values }, one byte a pixel, not touched by colour management. */
export async function readGrey(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const colours = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const values = new Uint8Array(width * height);
  for (let at = 0; at < values.length; at += 1) values[at] = colours[at] & 255;
  return { width, height, values };
}

/** The mask of `found` as an 8-bit grey PNG of 0 and 255, at the photo's own size. */
export async function maskPng(found, width, height) {
  const lines = new Uint8Array((width + 1) * height); // each begins with its filter: 0, none
  const { start, end, first } = found.runs;
  for (let row = 0; row < height; row += 1) {
    const line = row * (width + 1) + 1;
    for (let run = first[row]; run < first[row + 1]; run += 1) lines.fill(255, line + start[run], line + end[run]);
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits a pixel; colour 0 is grey, the rest is PNG's only choice
  const packed = new Blob([lines]).stream().pipeThrough(new CompressionStream("deflate"));
  const data = new Uint8Array(await new Response(packed).arrayBuffer());
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [signature, chunk("IHDR", new Uint8Array(header.buffer)), chunk("IDAT", data), chunk("IEND", [])];
  return new Blob(parts, { type: "image/png" });
}

function chunk(name, data) {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(Array.from(name, letter => letter.charCodeAt(0)), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, checksum(bytes.subarray(4, data.length + 8)));
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** CRC-32 as PNG wants it (ISO 3309). */
function checksum(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = TABLE[(rest ^ byte) & 255] ^ (rest >>> 8);
  return ~rest >>> 0;
}
