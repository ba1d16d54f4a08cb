// The table of experiments.

import { h } from "studio/dom.js";
import { follow, given } from "studio/live.js";
import { figure } from "studio/words.js";

const place = document.getElementById("table");

function draw({ columns, rows }) {
  const shown = columns.map((column, number) => ({ ...column, number })).filter(column => column.shown);
  const cell = value => (typeof value === "number" ? figure(value) : value === null ? "–" : String(value));
  place.replaceChildren(
    h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}, "experiment"), shown.map(column => h("th", {}, column.name)))),
      h("tbody", {}, rows.map(row =>
        h("tr", {}, h("th", { scope: "row" }, row.name), shown.map(column => h("td", { class: "number" }, cell(row.cells[column.number])))),
      )),
    ),
  );
}

draw(given());
follow(draw);
