// Drawings: elements of SVG, and colours that canvases and gradients need as numbers.

const SPACE = "http://www.w3.org/2000/svg";

/** An element of SVG: s("line", {x1, …}, ...children). */
export function s(name, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  return fill(made, ...children);
}

/** An element with other children than before. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return element;
}

/** A dash by its name, as SVG writes it. */
export const DASHES = { solid: null, dash: "7 4", dot: "2 4", dashdot: "8 4 2 4" };

/** The value of a token, as it is now. */
export const token = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

let pen = null;

/** How wide a text is in a chart, px. */
export function widthOf(text) {
  if (!pen) {
    pen = document.createElement("canvas").getContext("2d");
    pen.font = `12px ${token("--font")}`;
  }
  return pen.measureText(text).width;
}

const parts = colour => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));

/** `share` of the way from one #RRGGBB to another. */
export function mix(one, other, share) {
  const [a, b] = [parts(one), parts(other)];
  return `#${a.map((value, at) => Math.round(value + (b[at] - value) * share).toString(16).padStart(2, "0")).join("")}`;
}

/** Call `changed` whenever light or dark is chosen. */
export function onTheme(changed) {
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
