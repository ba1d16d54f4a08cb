// Rejecting a photo with a reason, a type that is not there yet, and saving everything as a batch.

import * as server from "./server.js";
import { counted } from "./words.js";

const part = id => document.getElementById(id);
const WORDS = { corrected: "corrected", added: "new", confirmed: "left as it is", rejected: "rejected" };

/** Ask something in a dialog with one form; done(values) when it is answered. */
export function ask(box, done) {
  const form = box.querySelector("form");
  form.onsubmit = event => {
    event.preventDefault();
    box.close();
    done(Object.fromEntries(new FormData(form)));
  };
  box.querySelector("[data-cancel]").onclick = () => box.close();
  box.showModal();
}

/** Show what a batch of all drafts would hold, and save it. saved(answer) once the dataset has it. */
export async function askBatch(saved) {
  const box = part("batch-box");
  const state = await server.batch();
  const counts = Object.entries(state.counts).filter(([, count]) => count > 0);
  const change = state.counts.corrected + state.counts.added;
  part("batch-counts").textContent =
    counts.map(([word, count]) => `${counted(count, "photo")} ${WORDS[word]}`).join(", ") || "No photo was looked at yet.";
  say(state.wrong.length > 0 ? `${state.wrong.slice(0, 3).join("; ")}. Mend that first.` : "");
  part("batch-name").value = state.name;
  part("batch-by").value ||= state.by;
  part("batch-save").disabled = change === 0 || state.wrong.length > 0;
  part("batch-form").onsubmit = event => {
    event.preventDefault();
    save(box, saved);
  };
  part("batch-cancel").onclick = () => box.close();
  box.oncancel = event => { if (box.dataset.busy) event.preventDefault(); };
  box.showModal();
}

async function save(box, saved) {
  const wanted = Object.fromEntries(new FormData(part("batch-form")));
  busy(box, true);
  say("Saving: the dataset and its version are brought up to date. This may take a minute.");
  try {
    const answer = await server.save(wanted);
    box.close();
    await saved(answer);
  } catch (problem) {
    say(problem.words ?? String(problem));
  } finally {
    busy(box, false);
  }
}

function busy(box, on) {
  box.toggleAttribute("data-busy", on);
  for (const id of ["batch-save", "batch-cancel"]) part(id).disabled = on;
}

function say(words) {
  part("batch-said").textContent = words;
}
