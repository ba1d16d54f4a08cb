// The data: photos by type and subset, sources and batches, a gallery by tile, the audit, versions.

import { asked, keep } from "studio/address.js";
import { attempt } from "studio/dialog.js";
import { h } from "studio/dom.js";
import { bytes, when } from "studio/format.js";
import { exported, ask, file, follow, given, link } from "studio/live.js";
import { redraw } from "studio/redraw.js";

const SUBSETS = ["train", "valid", "test"];
const CHANGES = { added: "+", removed: "−", relabelled: "~", replaced: "≠" };
const PAUSE_MS = 200; // after a key, before it is looked for

const place = name => document.getElementById(name);
const day = iso => (iso ? when(Date.parse(iso) / 1000) : "not committed");
const kept = exported ? given().kept ?? {} : {}; // pictures: photo → kind → file of the export
const keptPicture = (name, kind) => (kept[name]?.[kind] ? file(kept[name][kind]) : null);
const picture = (name, kind) => (exported ? keptPicture(name, kind) : `${link(`api/data/photos/${encodeURIComponent(name)}/${kind}`)}?v=${shown.stamp}`);
let shown = given();

function draw(now = shown) {
  shown = now;
  const nothing = Boolean(now.table.wrong);
  place("data").hidden = nothing;
  place("empty").hidden = !nothing;
  if (nothing) {
    place("empty-words").textContent = `${now.table.wrong}.`;
    place("empty-hint").textContent = now.table.hint;
    return;
  }
  redraw(place("types"), types(now.table));
  redraw(place("status"), status(now.status));
  redraw(place("parts"), now.parts.wrong ? wrong(now.parts) : parts(now.parts));
  redraw(place("audit"), audit(now.audit));
  redraw(place("versions"), now.versions.wrong ? wrong(now.versions) : versions(now.versions));
  drawGallery(now.gallery);
}

const wrong = ({ wrong: words, hint }) => h("p", { class: "wrong" }, words, hint ? [". ", h("code", {}, hint)] : null);
const number = value => h("td", { class: "number" }, value ? String(value) : "–");
const heads = (...names) => h("thead", {}, h("tr", {}, names.map(name => h("th", { scope: "col", class: name.startsWith("#") ? "number" : null }, name.replace("#", "")))));

function types(rows) {
  const none = rows.some(row => row.none);
  const columns = [...SUBSETS, ...(none ? ["none"] : []), "photos", "tiles"];
  const sum = column => rows.reduce((all, row) => all + row[column], 0);
  return h("table", {}, h("caption", { class: "unseen" }, "Photos by type and subset"),
    heads("type", ...columns.map(name => `#${name === "none" ? "not split" : name}`)),
    h("tbody", {}, rows.map(row => h("tr", {}, h("th", { scope: "row" }, row.type), columns.map(column => number(row[column]))))),
    h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "all"), columns.map(column => (column === "tiles" ? h("td") : number(sum(column)))))),
  );
}

function status(found) {
  if (found.wrong) return wrong(found);
  const { changes, edited, stale, commit } = found;
  const words = Object.entries(changes).filter(([, count]) => count).map(([kind, count]) => `${count} ${kind}`);
  const lines = [[`${words.length ? words.join(", ") : "no photo or mask differs"} since the last commit, ${commit.slice(0, 7)}`, words.length ? 'tiles data commit -m "…"' : ""]];
  if (stale) lines.push(["params.yaml has other settings of the data than the dataset was made with", "tiles fetch"]);
  if (edited.length) lines.push([`${edited.length} files were changed in place, which no version keeps`, "tiles fetch --force"]);
  return lines.map(([text, next]) => h("p", { class: "help" }, text, next ? [": ", command(next)] : null));
}

function parts(rows) {
  if (!rows.length) return h("p", { class: "help" }, "none");
  // What no row has takes no room from those that have something to say.
  const columns = [
    ["what", part => h("td", {}, part.kind === "off" ? "batch, not used" : part.kind)],
    ["#photos", part => number(part.photos)],
    ["#corrects", part => number(part.corrects), part => part.corrects],
    ["#size", part => h("td", { class: "number" }, bytes(part.bytes))],
    ["since", part => h("td", {}, day(part.since)), part => part.since],
    ["by", part => h("td", { class: "words" }, part.by || "–"), part => part.by],
    ["note", part => h("td", { class: "words" }, part.note || "–"), part => part.note],
  ].filter(([, , has]) => !has || rows.some(has));
  return h("table", {}, h("caption", { class: "unseen" }, "Sources and batches"),
    heads("name", ...columns.map(([name]) => name)),
    h("tbody", {}, rows.map(part => h("tr", {}, h("th", { scope: "row" }, part.name), columns.map(([, cell]) => cell(part))))),
  );
}

function versions(rows) {
  if (!rows.length) return h("p", { class: "help" }, "no version is committed yet: ", command('tiles data commit -m "…"'));
  return h("table", {}, h("caption", { class: "unseen" }, "Versions of the data, the latest first"),
    heads("version", "when", "by", "#photos", "changes", "message"),
    h("tbody", {}, rows.map(row => h("tr", {},
      h("th", { scope: "row" }, row.tags.length ? row.tags.join(", ") : h("code", {}, row.rev.slice(0, 7))),
      h("td", {}, day(row.date)), h("td", {}, row.by), number(row.photos),
      h("td", { class: "changes" }, row.changes ? changes(row.changes) : h("span", { class: "muted" }, "not on this machine: ", h("code", {}, "tiles data pull"))),
      h("td", { class: "words" }, row.message),
    ))),
  );
}

const changes = counts => Object.entries(counts).filter(([, count]) => count).map(([kind, count]) => h("span", {}, h("span", { class: kind, "aria-hidden": "true" }, CHANGES[kind] ?? ""), `${count} ${kind}`));

/** A word as a shell takes it. */
const quoted = word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** A command that can be copied. */
function command(text) {
  const copy = () => attempt(() => navigator.clipboard.writeText(text), () => `copied: ${text}`);
  return h("span", { class: "command" }, h("code", {}, text), navigator.clipboard ? h("button", { type: "button", class: "text", "aria-label": `copy ${text}`, onclick: copy }, "copy") : null);
}

// Gallery

function drawGallery(gallery) {
  shown.gallery = gallery;
  if (gallery.wrong) return redraw(place("tiles"), wrong(gallery));
  if (exported && !Object.keys(kept).length) return redraw(place("tiles"), h("p", { class: "muted" }, "The photos are not in this export."));
  place("count").textContent = `${counted(gallery)}; all exposures of a tile side by side, masks outlined`;
  redraw(place("tiles"), gallery.of ? gallery.tiles.map(tile) : h("p", { class: "empty" }, "No tile is like that."));
  const { page, pages } = gallery;
  if (exported) return;
  const go = (to, label) => h("button", { type: "button", data: { focus: label }, disabled: to < 1 || to > pages, onclick: () => choose("page", to === 1 ? "" : String(to)) }, label);
  redraw(place("pages"), pages > 1 ? [go(page - 1, "Earlier"), h("span", {}, `page ${page} of ${pages}`), go(page + 1, "Later")] : []);
}

/** How many tiles there are, and on disk, which of them: those that the address asked for. */
function counted({ of, tiles: { length }, type, subset, source, find, page, pages }) {
  const all = `${of} ${of === 1 ? "tile" : "tiles"}`;
  if (!exported) return all;
  const wanted = [type, subset, source, find].filter(Boolean).join(", ");
  return `${length === of ? all : `${length} of ${all}${pages > 1 ? ` (page ${page} of ${pages})` : ""} are in this export`}${wanted ? `, of ${wanted}` : ""}`;
}

function tile({ name, subset, photos }) {
  const one = photo => h("li", {}, h("button", { type: "button", data: { focus: photo.name }, onclick: () => look(name, photos) },
    h("img", { src: picture(photo.name, "thumbnail"), loading: "lazy", decoding: "async", alt: `${photo.name}, ${photo.type}` }),
    h("span", {}, photo.type), h("small", {}, photo.exposure ? `exposure ${photo.exposure}` : `${photo.width} × ${photo.height}`)));
  return h("article", { class: "tile" }, h("h3", {}, name, h("span", {}, subset || "not split")), h("ol", {}, photos.map(one)));
}

function look(name, photos) {
  const figure = photo => h("figure", {},
    h("img", { src: picture(photo.name, "picture"), alt: `${photo.name}, ${photo.type}` }),
    h("figcaption", {}, h("strong", {}, photo.name), `${photo.type}, ${photo.exposure ? `exposure ${photo.exposure}, ` : ""}${photo.width} × ${photo.height} px`, command(`tiles data label ${quoted(photo.name)}`)));
  const box = h("dialog", { class: "look", "aria-labelledby": "tile-name", onclose: () => box.remove() },
    h("form", { method: "dialog" }, h("h2", { id: "tile-name" }, name), h("div", { class: "asked" }, h("div", { class: "side" }, photos.map(figure))), h("div", { class: "ends" }, h("button", {}, "Close"))));
  document.body.append(box);
  box.showModal();
}

async function choose(name, value) {
  keep({ page: "", [name]: value });
  const query = asked();
  query.set("part", "gallery");
  const found = await attempt(() => ask(`api/pages/data?${query}`));
  if (found) drawGallery(found.gallery);
}

function choices() {
  const { gallery, table, parts: sources } = shown;
  if (exported || gallery.wrong || table.wrong) return;
  const select = (name, label, values) => h("label", {}, label, h("select", { onchange: event => choose(name, event.target.value) },
    h("option", { value: "" }, "all"), values.map(([value, text]) => h("option", { value, selected: gallery[name] === value }, text))));
  let pause = 0;
  const find = h("input", { type: "search", value: gallery.find, placeholder: "photo or tile", oninput: () => {
    clearTimeout(pause);
    pause = setTimeout(() => choose("find", find.value.trim()), PAUSE_MS);
  } });
  const names = sources.wrong ? [] : sources.filter(part => part.photos).map(part => part.name);
  place("choose").append(
    select("type", "Type", table.map(row => [row.type, row.type])),
    select("subset", "Subset", [...SUBSETS.map(name => [name, name]), ...(table.some(row => row.none) ? [["none", "not split"]] : [])]),
    ...(names.length > 1 ? [select("source", "From", names.map(name => [name, name]))] : []),
    h("label", {}, "Find", find),
  );
}

// Audit

function audit(found) {
  if (!found) return h("p", { class: "help" }, "The data were not audited yet: ", command("tiles data audit"));
  if (found.broken) return h("p", { class: "wrong" }, "audit/report.json cannot be read: ", command("tiles data audit"));
  const stale = found.stale ? h("p", { class: "help" }, "The photos are newer than this audit: ", command("tiles data audit")) : null;
  const none = found.kinds.length ? null : h("p", {}, `Nothing was found on ${when(found.made)}.`);
  const skipped = Object.entries(found.skipped).map(([title, why]) => h("p", { class: "help" }, `Not looked for: ${title.toLowerCase()}; ${why}`));
  return [stale, none, found.kinds.map(kind), skipped];
}

function kind({ title, meaning, count, ignored, fix, findings }) {
  const more = count - findings.length;
  const words = ignored ? `${count}, and ${ignored} ignored` : String(count);
  return h("details", { open: place("audit").querySelector(`[data-kind="${CSS.escape(title)}"]`)?.open, data: { kind: title } },
    h("summary", {}, h("strong", {}, title), h("span", { class: "count" }, words)),
    h("div", { class: "body" }, h("p", { class: "help" }, meaning), findings.map(finding),
      more > 0 ? h("p", { class: "help" }, `${more} more; of all of them: `, command(fix)) : null));
}

function finding({ photo, type, why, others, fix, ignore }) {
  const name = photo ?? type;
  const small = photo ? picture(photo, "thumbnail") : null;
  const image = small ? h("img", { src: small, loading: "lazy", alt: photo }) : h("span");
  const near = (others ?? []).length ? h("span", { class: "muted" }, `beside ${others.join(", ")}`) : null;
  return h("div", { class: "found" }, image, h("div", {}, h("strong", {}, name), why, near, h("span", {}, "mend: ", command(fix)), h("span", { class: "muted" }, "all is well: ", command(ignore))));
}

draw();
choices();
follow(draw);
