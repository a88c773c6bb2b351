/* What pages are built of: panels, tiles, tables that keep their rows, and resources with states. */
import { h, put } from "./dom.js";

/** The head of a page: its name, a sentence, and what stands at the right. */
export const head = (title, about, ...right) =>
  h("div", { class: "head" }, h("h1", {}, title), about ? h("p", {}, about) : null, right.length ? h("div", { class: "right" }, ...right) : null);

let panels = 0;

/** A part of a page with a heading of its own; `size` is a class such as `w6`. */
export function panel(title, { note, size = "", right } = {}, ...body) {
  const id = `panel-${(panels += 1)}`;
  const header = h("header", {}, h("h2", { id }, title), note ? h("p", { class: "note" }, note) : null, right ? h("div", { class: "right" }, right) : null);
  return h("section", { class: `panel ${size}`, "aria-labelledby": id }, header, ...body);
}

/** Tiles of figures: `[{ name, value, note, tone, extra }]`. */
export const tiles = (rows, { four = false } = {}) =>
  h("ul", { class: `tiles live-part${four ? " four" : ""}` }, rows.map(({ name, value, note, tone, extra }) =>
    h("li", { class: tone ?? "" }, h("span", {}, name), h("strong", {}, value), h("small", {}, note ?? ""), extra ?? null)));

/** Nothing to show, and why that is. */
export const empty = (title, text) => h("div", { class: "empty" }, h("strong", {}, title), text ?? "");

/** A part that is being asked for. */
export const loading = (text = "Loading") => h("div", { class: "loading", "aria-busy": "true" }, `${text} …`);

/** A part that could not be had, and the way to try again. */
export const failed = (error, again) =>
  h("div", { class: "failed", role: "group" }, h("strong", {}, "This could not be loaded."), error.message,
    again ? h("div", {}, h("button", { type: "button", onclick: again }, "Try again")) : null);

/** A line of attention above a page. */
export const banner = (text, tone = "warn") => h("p", { class: `banner ${tone}` }, text);

/** Names with their values. */
export const facts = (pairs, { figures = false } = {}) =>
  h("dl", { class: `facts${figures ? " figures" : ""}` }, pairs.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

/** A row of buttons of which one is chosen. */
export function segments(label, options, chosen, choose) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  const draw = (now) => group.replaceChildren(...options.map(([value, text]) =>
    h("button", { type: "button", "aria-pressed": String(value === now), onclick: () => { draw(value); focusOn(value); choose(value); } }, text)));
  const focusOn = (value) => group.children[options.findIndex(([one]) => one === value)].focus();
  draw(chosen);
  return group;
}

/** A table whose rows keep their places and their focus while figures change under them.

 `columns`: `{ name, cell(row), n, whole, sort(row), head }`, the first one names the row; `choose`
 is given the row whose button was pressed. */
export function table(label, columns, { key, tall = false, start = null, choose = null }) {
  const body = h("tbody");
  const sorting = { column: start?.[0] ?? null, down: start?.[1] ?? true };
  let shown = [];
  const headRow = h("tr");
  const draw = () => { drawHead(); reconcile(body, sorted(shown), columns, key); };
  const drawHead = () => put(headRow, ...columns.map((column, at) => headCell(column, at, sorting)));
  const sorted = (rows) => sortedBy(rows, columns[sorting.column]?.sort, sorting.down);
  headRow.addEventListener("click", (event) => {
    const at = event.target.closest("button")?.dataset.column;
    if (at === undefined) return;
    sorting.down = sorting.column === Number(at) ? !sorting.down : true;
    sorting.column = Number(at);
    draw();
    headRow.querySelector(`[data-column="${at}"]`).focus();
  });
  const made = h("table", { class: "cards" }, h("thead", {}, headRow), body);
  if (choose) body.addEventListener("click", (event) => {
    const line = event.target.closest("button")?.closest("tr");
    if (line) choose(shown.find((row) => String(key(row)) === line.dataset.key));
  });
  const element = h("div", { class: `scroll live-part${tall ? " tall" : ""}`, tabindex: "0", role: "region", "aria-label": label }, made);
  return { element, update(rows) { shown = rows; draw(); return element; } };
}

function headCell(column, at, sorting) {
  const order = sorting.column === at ? (sorting.down ? "descending" : "ascending") : "none";
  const name = column.head ?? column.name;
  const inner = column.sort ? h("button", { type: "button", "data-column": at }, name) : name;
  return h("th", { scope: "col", class: column.n ? "n" : null, "aria-sort": column.sort ? order : null }, inner);
}

function sortedBy(rows, value, down) {
  if (!value) return rows;
  const rank = (row) => value(row) ?? (down ? -Infinity : Infinity);
  const order = (a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0);
  return [...rows].sort((a, b) => (down ? order(b, a) : order(a, b)));
}

function reconcile(body, rows, columns, key) {
  const before = new Map([...body.children].map((row) => [row.dataset.key, row]));
  rows.forEach((row, at) => {
    const name = String(key(row));
    const line = before.get(name) ?? h("tr", { "data-key": name });
    before.delete(name);
    columns.forEach((column, place) => fillCell(line, column, place, row));
    if (body.children[at] !== line) body.insertBefore(line, body.children[at] ?? null);
  });
  for (const gone of before.values()) gone.remove();
}

function fillCell(line, column, place, row) {
  const first = place === 0;
  const kind = [column.n ? "n" : "", column.whole ? "whole" : ""].join(" ").trim();
  const cell = line.children[place] ?? line.appendChild(
    h(first ? "th" : "td", { scope: first ? "row" : null, class: kind || null, "data-label": first ? null : typeof column.head === "string" ? column.head : column.name }));
  if (first) put(cell, column.cell(row));
  else put(cell, emptied(h("div", {}, column.cell(row))));
}

/* A cell without words takes no line of a card. */
const emptied = (made) => (made.childNodes.length && (made.textContent || made.children.length) ? made : null);

/** A part that asks for its data and draws them; it keeps the last ones where asking fails. */
export function resource({ load, draw, what = "Loading" }) {
  const element = h("div", {}, loading(what));
  let busy = false;
  let drawn = false;
  let again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const data = await load();
      const made = draw(data);
      if (made && made !== element.firstChild) element.replaceChildren(made);
      drawn = true;
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!drawn) element.replaceChildren(failed(error, () => { element.replaceChildren(loading(what)); refresh(); }));
      if (!error.status && !("detail" in error)) console.error(error);
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };
  refresh();
  return { element, refresh };
}

/** Bars beside figures: `[{ name, tint, part, cells }]`, `part` in 0..1. */
export const bars = (label, heads, rows, { kind = "" } = {}) =>
  h("table", { class: `bars ${kind}` }, h("caption", { class: "hidden" }, label),
    h("thead", {}, h("tr", {}, heads.map((name, at) => h("th", { scope: "col", class: at ? "n" : null }, name)), h("th", { scope: "col" }, h("span", { class: "hidden" }, "bar")))),
    h("tbody", {}, rows.map(({ name, tint, part, cells }) => h("tr", {},
      h("th", { scope: "row" }, h("i", { class: `swatch t-${tint}` }), name),
      cells.map((cell) => h("td", { class: "n" }, cell)),
      h("td", { class: "track" }, h("i", { class: `bar t-${tint}${part > 0 ? "" : " none"}`, vars: { "--part": `${(100 * part).toFixed(2)}%` } }))))));
