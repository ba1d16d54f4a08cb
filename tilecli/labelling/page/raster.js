// Masks as arrays of 0 and 1, row by row, and what can be drawn into them. Pure but for the array that is drawn into.
// A place (x, y) is in px of the photo; the middle of its first pixel is (0.5, 0.5).

const between = (low, value, high) => Math.min(high, Math.max(low, value));

/** Set every pixel to `value` whose middle lies within half a `thick` of the line; the pixel under it at least. */
export function drawLine(mask, { width, height }, from, to, thick, value) {
  const reach = thick / 2;
  const top = between(0, Math.floor(Math.min(from.y, to.y) - reach), height);
  const bottom = between(0, Math.ceil(Math.max(from.y, to.y) + reach), height);
  const left = between(0, Math.floor(Math.min(from.x, to.x) - reach), width);
  const right = between(0, Math.ceil(Math.max(from.x, to.x) + reach), width);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const along = length > 0 ? between(0, (px * dx + py * dy) / length, 1) : 0;
      const [ax, ay] = [px - along * dx, py - along * dy];
      if (ax * ax + ay * ay <= reach * reach) mask[y * width + x] = value;
    }
  }
  const steps = Math.max(1, Math.ceil(2 * Math.sqrt(length)));
  for (let step = 0; step <= steps; step += 1) {
    const x = Math.floor(from.x + (dx * step) / steps);
    const y = Math.floor(from.y + (dy * step) / steps);
    if (x >= 0 && y >= 0 && x < width && y < height) mask[y * width + x] = value;
  }
}

/** Set every pixel to `value` whose middle lies in the polygon, by the even-odd rule. */
export function drawPolygon(mask, { width, height }, points, value) {
  const ys = points.map(({ y }) => y);
  const first = between(0, Math.floor(Math.min(...ys)), height);
  const last = between(0, Math.ceil(Math.max(...ys)), height);
  for (let row = first; row < last; row += 1) {
    const y = row + 0.5;
    const crossings = [];
    points.forEach((a, index) => {
      const b = points[(index + 1) % points.length];
      if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
    });
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = between(0, Math.ceil(crossings[pair] - 0.5), width);
      const to = between(0, Math.ceil(crossings[pair + 1] - 0.5), width);
      mask.fill(value, row * width + from, row * width + to);
    }
  }
}

/** Fill what the mask encloses: pixels from which no way over edges leads outside. */
export function fillHoles(mask, { width, height }) {
  const outside = new Uint8Array(mask.length);
  const open = [];
  const visit = at => {
    if (mask[at] || outside[at]) return;
    outside[at] = 1;
    open.push(at);
  };
  for (let x = 0; x < width; x += 1) {
    visit(x);
    visit((height - 1) * width + x);
  }
  for (let y = 0; y < height; y += 1) {
    visit(y * width);
    visit(y * width + width - 1);
  }
  while (open.length > 0) {
    const at = open.pop();
    const x = at % width;
    if (x > 0) visit(at - 1);
    if (x < width - 1) visit(at + 1);
    if (at >= width) visit(at - width);
    if (at < mask.length - width) visit(at + width);
  }
  for (let at = 0; at < mask.length; at += 1) if (!outside[at]) mask[at] = 1;
}

/** Copy a mask onto that of another photo, where (x, y) is (x + right, y + down); what it does not reach stays. */
export function copyOnto(mask, size, other, otherSize, right, down) {
  const from = Math.max(0, -right);
  const to = Math.min(size.width, otherSize.width - right);
  if (from >= to) return;
  for (let y = Math.max(0, -down); y < Math.min(size.height, otherSize.height - down); y += 1) {
    const line = mask.subarray(y * size.width + from, y * size.width + to);
    other.set(line, (y + down) * otherSize.width + from + right);
  }
}

/** A mask's runs, as the painter of `tiles serve` and `maskPng` want them. */
export function runsOf(mask, { width, height }) {
  const start = [];
  const end = [];
  const first = new Uint32Array(height + 1);
  for (let row = 0; row < height; row += 1) {
    first[row] = start.length;
    const line = row * width;
    for (let x = 0; x < width; x += 1) {
      if (!mask[line + x]) continue;
      start.push(x);
      while (x < width && mask[line + x]) x += 1;
      end.push(x);
    }
  }
  first[height] = start.length;
  return { runs: { start, end, first }, regions: [] };
}

/** How many pixels are defect. */
export function area(mask) {
  let count = 0;
  for (let at = 0; at < mask.length; at += 1) count += mask[at];
  return count;
}

/** The smallest box in which two masks differ, as { left, top, right, bottom }; null where they agree. */
export function difference(one, other, { width, height }) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      if (one[at] === other[at]) continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x + 1);
      box.top = Math.min(box.top, y);
      box.bottom = y + 1;
    }
  }
  return box.right > 0 ? box : null;
}

/** The part of a mask in a box. */
export function cut(mask, { width }, box) {
  const wide = box.right - box.left;
  const part = new Uint8Array(wide * (box.bottom - box.top));
  for (let y = box.top; y < box.bottom; y += 1) {
    part.set(mask.subarray(y * width + box.left, y * width + box.right), (y - box.top) * wide);
  }
  return part;
}

/** Put a part back where it was cut. */
export function paste(mask, { width }, box, part) {
  const wide = box.right - box.left;
  for (let y = box.top; y < box.bottom; y += 1) {
    mask.set(part.subarray((y - box.top) * wide, (y - box.top + 1) * wide), y * width + box.left);
  }
}
