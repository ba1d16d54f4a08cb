// Runs before anything is drawn, so that a chosen theme never flashes in the other one first. Also serves /docs.
"use strict";

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const shown = () => root.dataset.theme || (system.matches ? "dark" : "light");
  const other = () => (shown() === "dark" ? "light" : "dark");

  function remember(theme) {
    try {
      localStorage.setItem("tiles-theme", theme);
    } catch {
      // A browser that keeps nothing still switches for now.
    }
  }

  function recall() {
    try {
      return localStorage.getItem("tiles-theme");
    } catch {
      return null;
    }
  }

  const kept = recall();
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => button.setAttribute("aria-label", other() === "dark" ? "Dark colours" : "Light colours");
    button.addEventListener("click", () => {
      root.dataset.theme = other();
      remember(root.dataset.theme);
      label();
    });
    system.addEventListener("change", label);
    label();
  });
})();
