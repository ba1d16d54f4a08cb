// The dialog that asks for the API key. Several requests that are refused at once ask once.

import { keepKey } from "./api.js";

let asking = null;

/** Whether a key was given. refused: the last one was not accepted. */
export function askKey(refused) {
  asking ??= ask(refused).finally(() => { asking = null; });
  return asking;
}

function ask(refused) {
  const box = document.getElementById("key-box");
  const field = document.getElementById("key");
  const why = document.getElementById("key-why");
  why.textContent = refused
    ? "The server did not accept this key. Is it complete, and still in use?"
    : "This server asks for a key. It is kept until this tab is closed.";
  field.value = "";
  box.returnValue = "";
  box.showModal();
  return new Promise(resolve => {
    const cancel = () => box.close("");
    const button = document.getElementById("key-cancel");
    button.addEventListener("click", cancel);
    box.addEventListener("close", () => {
      button.removeEventListener("click", cancel);
      const given = box.returnValue === "use" && field.value.trim() !== "";
      if (given) keepKey(field.value.trim());
      field.value = "";
      resolve(given);
    }, { once: true });
  });
}
