// Pictures of a run: from the server, which draws them when they are asked for, or those that an export wrote.

import { ask, exported, file, given, link, Problem } from "studio/live.js";

// See tilecli/studio/export/pictures.py.
const kept = { of: {}, why: {}, epochs: {}, ...(exported ? given().kept : {}) };
const path = (run, photo, kind) => `api/runs/${encodeURIComponent(run)}/photos/${encodeURIComponent(photo)}/${kind}`;

/** The address of a photo's picture of that kind; null where the export has it not. */
export function picture(run, photo, kind) {
  if (!exported) return link(path(run, photo, kind));
  const found = kept.of[run]?.[photo]?.[kind];
  return found ? file(found) : null;
}

/** What lies below a picture of marks: they are drawn onto the photo by the server (null), and alone on disk. */
export const below = (run, photo) => (exported ? picture(run, photo, "photo") : null);

/** Why there is no such picture. */
export async function whyNot(run, photo, kind) {
  if (exported) return kept.why[run]?.[photo] ?? "This picture is not in the export";
  try {
    await ask(path(run, photo, kind));
    return "The picture cannot be shown";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return [problem.detail || problem.title, problem.hint].filter(Boolean).join(": ");
  }
}

/** The address of a picture of a validation. */
export const epoch = (run, name) => (exported ? file(`${kept.epochs[run]}/${name}`) : link(`api/runs/${encodeURIComponent(run)}/epochs/${encodeURIComponent(name)}`));

/** Put a picture there, or none. */
export function put(image, address) {
  if (address === null) image.removeAttribute("src");
  else if (image.getAttribute("src") !== address) image.src = address;
}
