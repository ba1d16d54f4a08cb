// From a map of values to its regions. Pure: arrays in, arrays out, so that a slider can ask for them on every frame.

/**
 * The 8-connected regions of the pixels that reach `level`, the largest first.
 *
 * values: Uint8Array of height × width. weights: same, what a region's mean is taken of (0–255 stands for 0–1).
 * Returns { regions: [{ box: [x, y, w, h], area, mean }], area, runs }, areas in px. runs are the horizontal pieces of
 * the regions, row by row: start, end (exclusive), region (its index in `regions`), and first, height + 1 indices, so
 * that row y holds the runs first[y] to first[y + 1].
 */
export function findRegions(values, width, height, level, weights = values) {
  const runs = findRuns(values, width, height, level);
  const parent = connect(runs, height);
  const { labels, count } = number(parent, runs.count);
  const found = measure(runs, labels, count, width, height, weights);
  const order = Array.from({ length: count }, (_, index) => index).sort((a, b) => found[b].area - found[a].area);
  const rank = new Int32Array(count);
  order.forEach((label, place) => { rank[label] = place; });
  const region = new Int32Array(runs.count);
  for (let run = 0; run < runs.count; run += 1) region[run] = rank[labels[run]];
  const { start, end, first } = runs;
  const regions = order.map(label => found[label]);
  return { regions, area: regions.reduce((sum, one) => sum + one.area, 0), runs: { start, end, first, region } };
}

/** Give each region the `kind` of most of its pixels. kinds: Uint8Array of height × width, numbers from 1 to `most`. */
export function nameRegions({ regions, runs }, kinds, width, most) {
  const counts = regions.map(() => new Uint32Array(most + 1));
  for (let y = 0; y + 1 < runs.first.length; y += 1) {
    for (let run = runs.first[y]; run < runs.first[y + 1]; run += 1) {
      const own = counts[runs.region[run]];
      for (let at = y * width + runs.start[run]; at < y * width + runs.end[run]; at += 1) {
        own[kinds[at]] += 1;
      }
    }
  }
  regions.forEach((region, index) => {
    region.kind = counts[index].indexOf(Math.max(...counts[index]));
  });
}

/** The region at a pixel, as its index, or -1. */
export function regionAt(runs, x, y) {
  if (y < 0 || y + 1 >= runs.first.length) return -1;
  for (let run = runs.first[y]; run < runs.first[y + 1] && runs.start[run] <= x; run += 1) {
    if (x < runs.end[run]) return runs.region[run];
  }
  return -1;
}

/** The region at a pixel, or else the smallest one whose box is within `slack` px: a speck must be easy to hit. */
export function regionNear(found, x, y, slack) {
  const direct = regionAt(found.runs, Math.floor(x), Math.floor(y));
  if (direct >= 0) return direct;
  for (let index = found.regions.length - 1; index >= 0; index -= 1) {
    const [left, top, width, height] = found.regions[index].box;
    if (Math.max(width, height) > 4 * slack) continue; // large enough to be pointed at
    if (x >= left - slack && x < left + width + slack && y >= top - slack && y < top + height + slack) return index;
  }
  return -1;
}

function findRuns(values, width, height, level) {
  let room = 1024;
  let start = new Int32Array(room);
  let end = new Int32Array(room);
  const first = new Int32Array(height + 1);
  let count = 0;
  for (let y = 0; y < height; y += 1) {
    first[y] = count;
    const row = y * width;
    const stop = row + width;
    let at = row;
    while (at < stop) {
      while (at < stop && values[at] < level) at += 1;
      if (at === stop) break;
      const begin = at;
      while (at < stop && values[at] >= level) at += 1;
      if (count === room) {
        room *= 2;
        start = grown(start, room);
        end = grown(end, room);
      }
      start[count] = begin - row;
      end[count] = at - row;
      count += 1;
    }
  }
  first[height] = count;
  return { start: start.subarray(0, count), end: end.subarray(0, count), first, count };
}

function grown(values, room) {
  const larger = new Int32Array(room);
  larger.set(values);
  return larger;
}

/** Union-find over runs: those of neighbouring rows that touch, corners included, become one. */
function connect({ start, end, first, count }, height) {
  const parent = new Int32Array(count);
  for (let run = 0; run < count; run += 1) parent[run] = run;
  for (let y = 1; y < height; y += 1) {
    let above = first[y - 1];
    for (let run = first[y]; run < first[y + 1]; run += 1) {
      while (above < first[y] && end[above] < start[run]) above += 1;
      for (let other = above; other < first[y] && start[other] <= end[run]; other += 1) {
        const a = root(parent, run);
        const b = root(parent, other);
        if (a < b) parent[b] = a;
        else parent[a] = b;
      }
    }
  }
  return parent;
}

function root(parent, run) {
  let at = run;
  while (parent[at] !== at) {
    parent[at] = parent[parent[at]];
    at = parent[at];
  }
  return at;
}

/** Regions numbered from 0 in the order in which their first pixels are read. */
function number(parent, runs) {
  const labels = new Int32Array(runs);
  let count = 0;
  for (let run = 0; run < runs; run += 1) {
    const top = root(parent, run);
    labels[run] = top === run ? count++ : labels[top];
  }
  return { labels, count };
}

function measure({ start, end, first }, labels, count, width, height, weights) {
  const left = new Int32Array(count).fill(width);
  const top = new Int32Array(count).fill(height);
  const right = new Int32Array(count);
  const bottom = new Int32Array(count);
  const area = new Int32Array(count);
  const sum = new Float64Array(count);
  for (let y = 0; y < height; y += 1) {
    for (let run = first[y]; run < first[y + 1]; run += 1) {
      const label = labels[run];
      const from = start[run];
      const to = end[run];
      if (from < left[label]) left[label] = from;
      if (to > right[label]) right[label] = to;
      if (y < top[label]) top[label] = y;
      bottom[label] = y + 1;
      area[label] += to - from;
      let total = 0;
      for (let at = y * width + from; at < y * width + to; at += 1) total += weights[at];
      sum[label] += total;
    }
  }
  return Array.from({ length: count }, (_, label) => ({
    box: [left[label], top[label], right[label] - left[label], bottom[label] - top[label]],
    area: area[label],
    mean: sum[label] / area[label] / 255,
  }));
}
