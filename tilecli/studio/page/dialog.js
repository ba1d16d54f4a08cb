// A question above the page: what is asked, what goes with it, and one button that does it.

import { h } from "studio/dom.js";
import { Problem } from "studio/live.js";

/**
 * Ask, and call `act` when the button with `verb` is pressed; the dialog stays while that goes wrong.
 * blame(problem): shows a problem where it belongs, and returns whether it could. The dialog that comes back has
 * promise(verb, words): what the button does from now on, and what is said beside it.
 */
export function question({ title, content = [], verb, act, wide = false, blame = () => false }) {
  const wrong = h("p", { class: "wrong", role: "alert" });
  const told = h("p", { class: "told", role: "status" });
  const go = h("button", { type: "submit", class: "main" }, verb);
  const close = () => box.close();
  const form = h("form", { novalidate: true, onsubmit: submit },
    h("h2", { id: "question" }, title),
    h("div", { class: "asked" }, content),
    h("div", { class: "ends" }, wrong, told, h("button", { type: "button", onclick: close }, "Cancel"), go),
  );
  const box = h("dialog", { "aria-labelledby": "question", class: wide ? "wide" : null, onclose: () => box.remove() }, form);

  async function submit(event) {
    event.preventDefault();
    wrong.textContent = "";
    go.disabled = true;
    go.textContent = `${verb} …`;
    try {
      await act();
      close();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!blame(problem)) wrong.textContent = problem.words;
    } finally {
      go.disabled = false;
      go.textContent = verb;
    }
  }

  box.promise = (does, words) => {
    verb = does;
    if (!go.disabled) go.textContent = verb;
    told.textContent = words;
  };
  document.body.append(box);
  box.showModal();
  return box;
}

const said = h("p", { id: "said", role: "status" });
let quiet = 0;

/** Say at the foot of the page what was done, or what went wrong. */
export function say(text, wrong = false) {
  if (!said.isConnected) document.body.append(said);
  said.textContent = text;
  said.classList.toggle("wrong", wrong);
  clearTimeout(quiet);
  quiet = setTimeout(() => said.remove(), wrong ? 12000 : 5000);
}

/** What `act` came to, undefined where it went wrong, which is said; `done(answer)`: what is said otherwise. */
export async function attempt(act, done) {
  try {
    const answer = await act();
    if (done) say(done(answer));
    return answer;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    say(problem.words, true);
    return undefined;
  }
}
