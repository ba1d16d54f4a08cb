// The keyboard: one table of shortcuts. Who works by voice can switch off those of a single key.

const KEPT = "tiles-shortcuts";
const TYPES = new Set(["text", "password", "search", "number"]); // fields that letters are typed into

/** actions: { key: function }; arrows come as "ArrowLeft" or "Shift+ArrowLeft". */
export function listen(actions, box) {
  box.checked = recall();
  box.addEventListener("change", () => remember(box.checked));
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const { target, key } = event;
    // A field of a dialog that has just been closed keeps the focus until the page is drawn again.
    const typing = target.matches("select") || (target.matches("input") && TYPES.has(target.type));
    if (typing && target.checkVisibility()) return;
    const arrow = key.startsWith("Arrow");
    if (arrow && target.matches("input[type=range], input[type=radio]")) return; // their own
    if (key === "Enter" && target.matches("button, a, summary")) return; // likewise
    if (!arrow && key !== "Escape" && !box.checked) return;
    const action = actions[event.shiftKey && arrow ? `Shift+${key}` : key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function recall() {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // Then it lasts for this visit.
  }
}
