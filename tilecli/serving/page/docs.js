// Command lines of the explained API: to the clipboard.

for (const button of document.querySelectorAll(".copy")) {
  const code = button.parentElement.querySelector("code");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // Browsers give the clipboard to pages on https or localhost only: then the text is marked, ready for Ctrl+C.
      getSelection().selectAllChildren(code);
      button.textContent = "Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
