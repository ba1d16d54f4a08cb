// The switch between light and dark; everything else on the page stands without a script.
const root = document.documentElement, button = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");
const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
const name = () => { button.textContent = theme() === "dark" ? "Light" : "Dark"; };
button.addEventListener("click", () => { root.dataset.theme = theme() === "dark" ? "light" : "dark"; name(); });
system.addEventListener("change", name);
button.hidden = false;
name();
