// A small curve in a line of text.

const SPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 20;
const EDGE = 2; // px, so that the line is not cut

function element(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** The curve of `values` (null leaves a gap) between `low` and `high`, its last point marked; words say it aloud. */
export function spark(values, low, high, words, width = 88) {
  const across = (width - 2 * EDGE) / Math.max(1, values.length - 1);
  const down = (HEIGHT - 2 * EDGE) / (high - low || 1);
  const at = (value, place) => [EDGE + place * across, HEIGHT - EDGE - (value - low) * down];
  let path = "";
  let last = null;
  let pen = "M";
  values.forEach((value, place) => {
    if (value === null) {
      pen = "M";
      return;
    }
    last = at(value, place);
    path += `${pen}${last.map(part => part.toFixed(1)).join(" ")}`;
    pen = "L";
  });
  const drawn = element("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, class: "spark", role: "img", "aria-label": words });
  drawn.append(element("path", { d: path }));
  if (last) drawn.append(element("circle", { cx: last[0].toFixed(1), cy: last[1].toFixed(1), r: 1.75 }));
  return drawn;
}
