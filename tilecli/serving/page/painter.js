// Regions into the pixels of a canvas. Pure but for the array it fills.

const LONG = 24; // px from which the array's own filling is the faster one

/**
 * Paint the runs of `found` into `pixels` (Uint32Array of size.width × size.height, ABGR, cleared before).
 *
 * view: { scale, x, y }, device px per photo px and the place of the photo's corner in device px. ring: the outline's
 * width in device px; it lies around the region and hides none of it. Colours are numbers, or functions of a region's
 * index that give one. A run covers at least one pixel, so that a
 * defect of one pixel does not vanish from a large photo that is shown small. marked: index of the region to point out.
 */
export function paint(pixels, size, found, view, { fill, strong, outline, halo, ring }, marked = -1) {
  pixels.fill(0);
  const place = { pixels, size, found, view };
  if (ring > 0) cover(place, ring, outline);
  cover(place, 0, fill);
  if (marked < 0) return;
  cover(place, ring * 2, halo, marked);
  cover(place, ring, outline, marked);
  cover(place, 0, strong, marked);
}

/** Fill every run (or those of one region), grown by `by` device px to all sides, with one colour. */
function cover({ pixels, size, found, view }, by, colour, only = -1) {
  const { start, end, first, region } = found.runs;
  const { scale } = view;
  const shown = row => Math.round(row * scale + view.y);
  const varied = typeof colour === "function";
  let from = Math.max(0, Math.floor((-by - view.y) / scale) - 1);
  let to = Math.min(first.length - 1, Math.ceil((size.height + by - view.y) / scale) + 1);
  if (only >= 0) {
    const [, top, , height] = found.regions[only].box;
    from = Math.max(from, top);
    to = Math.min(to, top + height);
  }
  for (let row = from; row < to; row += 1) {
    if (first[row] === first[row + 1]) continue;
    const above = shown(row);
    const top = Math.max(0, above - by);
    const bottom = Math.min(size.height, Math.max(above + 1, shown(row + 1)) + by);
    for (let run = first[row]; run < first[row + 1]; run += 1) {
      if (only >= 0 && region[run] !== only) continue;
      const before = Math.round(start[run] * scale + view.x);
      const left = Math.max(0, before - by);
      const right = Math.min(size.width, Math.max(before + 1, Math.round(end[run] * scale + view.x)) + by);
      if (left >= right) continue;
      const own = varied ? colour(region[run]) : colour;
      for (let line = top * size.width; line < bottom * size.width; line += size.width) {
        if (right - left > LONG) pixels.fill(own, line + left, line + right);
        else for (let at = line + left; at < line + right; at += 1) pixels[at] = own;
      }
    }
  }
}

/** `#RRGGBB` and an opacity (0–1) as one ABGR number, as a canvas keeps it. */
export function colour(hex, opacity) {
  const value = Number.parseInt(hex.slice(1), 16);
  const alpha = Math.round(opacity * 255);
  return ((alpha << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}
