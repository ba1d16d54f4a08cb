// Which rows the table of experiments has, in which order: as they hang together, sorted, or grouped by a param.

import { summary } from "studio/statistics.js";

/** The rows as the server gave them, each with a key (its name; where several have it, its commit) that others can be
 * asked for by, and the texts that are searched. */
export function prepare(data) {
  const times = new Map();
  for (const { name } of data.rows) times.set(name, (times.get(name) ?? 0) + 1);
  const taken = new Set();
  return data.rows.map((row, place) => {
    const short = times.get(row.name) === 1 ? row.name : row.rev.slice(0, 10);
    const key = short && !taken.has(short) ? short : `${row.name}~${place}`;
    taken.add(key);
    return { ...row, key, text: `${row.name}\n${row.message}\n${row.note}`.toLowerCase() };
  });
}

/** Whether a row has every word of the search, and a star where only those are wanted. */
export function finder(find, star) {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  return row => (!star || row.star) && words.every(word => row.text.includes(word));
}

/** Workspace, commits, and what started from each; a commit stays for what started from it. */
export function together(rows, found) {
  const kept = new Set(rows.filter(found).map(row => (row.kind === "experiment" ? row.base : row.rev)));
  return rows.filter(row => found(row) || (row.kind === "commit" && kept.has(row.rev)));
}

const rank = value => (typeof value === "number" ? 0 : value === null || value === undefined || value === "" ? 2 : 1);

/** Order by a value; what has none comes last whatever the direction. */
export function order(one, other, up) {
  const ranks = [rank(one), rank(other)];
  if (ranks[0] !== ranks[1]) return ranks[0] - ranks[1];
  if (ranks[0] === 2) return 0;
  const difference = ranks[0] === 0 ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
  return up ? difference : -difference;
}

export function sorted(rows, column, up) {
  const valued = rows.map(row => [row, column.value(row)]);
  return valued.sort((one, other) => order(one[1], other[1], up)).map(([row]) => row);
}

/** One row for each value of a param: `runs`, the value, and per metric n, mean and half its interval. The runs of the
 * groups that are `open` (by key) follow theirs. */
export function grouped(rows, by, metrics, sort, open) {
  const runs = rows.filter(row => row.kind === "experiment");
  const groups = new Map();
  for (const row of runs) {
    const value = by.value(row);
    const key = `=${value}`;
    if (!groups.has(key)) groups.set(key, { key, group: true, value, runs: [] });
    groups.get(key).runs.push(row);
  }
  for (const group of groups.values()) {
    group.means = new Map(metrics.map(metric => [metric.id, summary(group.runs.map(metric.value).filter(Number.isFinite))]));
  }
  const value = group => (sort && sort.column.kind === "metric" ? group.means.get(sort.column.id)?.mean : group.value);
  const up = sort ? sort.up : true;
  const ordered = [...groups.values()].sort((one, other) => order(value(one), value(other), up));
  return ordered.flatMap(group => {
    group.open = open.has(group.key);
    if (!group.open) return [group];
    return [group, ...(sort ? sorted(group.runs, sort.column, sort.up) : group.runs)];
  });
}
