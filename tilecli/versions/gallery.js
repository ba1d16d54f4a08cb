// Chooses photos by type, sets how strongly masks show, and switches the colours.
const root = document.documentElement, button = document.getElementById("theme");
const system = window.matchMedia("(prefers-color-scheme: dark)");
const kind = document.getElementById("type"), fill = document.getElementById("fill");
const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");
const name = () => { button.textContent = theme() === "dark" ? "Light" : "Dark"; };

button.addEventListener("click", () => {
  root.dataset.theme = theme() === "dark" ? "light" : "dark";
  name();
});
system.addEventListener("change", name);

kind.addEventListener("change", () => {
  for (const card of document.querySelectorAll("article"))
    card.hidden = kind.value !== "" && !card.dataset.types.split(" ").includes(kind.value);
  const sections = [...document.querySelectorAll("section")];
  for (const section of sections) section.hidden = !section.querySelector("article:not([hidden])");
  document.getElementById("none").hidden = sections.length === 0 || sections.some(section => !section.hidden);
});

fill.addEventListener("input", () => {
  root.style.setProperty("--fill", fill.value / 100);
  document.getElementById("percent").textContent = `${fill.value} %`;
});

// Pixels stay crisp where a photo is enlarged past twice its size.
function crisp() {
  for (const picture of document.querySelectorAll(".picture")) {
    const photo = picture.querySelector("img");
    const scale = Math.min(picture.clientWidth / photo.naturalWidth, picture.clientHeight / photo.naturalHeight);
    for (const layer of picture.querySelectorAll("img")) layer.classList.toggle("crisp", scale > 2);
  }
}

window.addEventListener("resize", crisp);
window.addEventListener("load", () => { crisp(); name(); root.dataset.drawn = "yes"; });
