// A star and a note for each experiment, written where they are read.

import { h } from "studio/dom.js";
import { act, canAct, Problem } from "studio/live.js";

const LONGEST = 2000; // characters, see tilecli/experiments/remarks.py

/** The cells `star(row)` and `note(row)`. said(row, remark): after a change; busy(on): while somebody writes; failed(words). */
export function remarkCells({ said, busy, failed }) {
  const can = row => canAct && row.rev !== "" && row.state === "success";

  async function put(row, wanted) {
    try {
      said(row, await act(`api/remarks/${row.rev}`, wanted, "PUT"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      failed(problem.words);
    }
  }

  function star(row) {
    const sign = row.star ? "★" : "☆";
    if (!can(row)) return h("span", { class: "star", title: row.star ? "starred" : null }, row.star ? sign : "");
    return h("button", {
      type: "button", class: "star", "aria-pressed": String(row.star), "aria-label": `Star ${row.name}`,
      onclick: () => put(row, { star: !row.star }),
    }, sign);
  }

  function note(row) {
    if (!can(row)) return h("span", { title: row.note || null }, row.note);
    const button = h("button", {
      type: "button", class: row.note ? "note" : "note none", title: row.note || null, "aria-label": `Note on ${row.name}: ${row.note || "none"}`,
      onclick: () => write(row, button),
    }, row.note);
    return button;
  }

  function write(row, button) {
    const field = h("input", { type: "text", class: "writing", value: row.note, maxlength: LONGEST, "aria-label": `Note on ${row.name}` });
    let over = false;
    const end = save => {
      if (over) return;
      over = true;
      const text = field.value.trim();
      const held = document.activeElement === field;
      field.replaceWith(button);
      if (held) button.focus();
      busy(false);
      if (save && text !== row.note) put(row, { note: text });
    };
    field.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault(); // the button, which has the focus from here on, would be pressed by it
      end(event.key === "Enter");
    });
    field.addEventListener("blur", () => end(true));
    busy(true);
    button.replaceWith(field);
    field.focus();
  }

  return { star, note };
}
