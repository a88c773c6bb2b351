/* Accounts: those nearest to the edge, or those whose names hold a text. */
import { get } from "./api.js";
import { h, put } from "./dom.js";
import { accountLink } from "./events.js";
import { cell, count, health, percent, times } from "./format.js";
import { empty, head, panel, resource, segments, table } from "./parts.js";

export const TITLE = "Accounts";
const ORDERS = { distance: "nearest to liquidation", debt: "largest debt", health: "lowest health" };
const PAGE = 50;

/** Open the page; the argument is a text that names hold. */
export function open({ argument, live }) {
  const state = { order: "distance", search: argument, limit: PAGE };
  const unit = live.venue.quote;
  const rows = table("Accounts", columns(unit), { key: (row) => row.key });
  const more = h("p", {});
  const found = h("div", {}, rows.element, more);
  const none = h("div", {});
  const asked = resource({
    load: () => get("accounts", { sort: state.order, search: state.search, limit: state.limit }),
    draw: (data) => {
      if (!data.accounts.length) {
        put(none, state.search ? empty(`No account's name holds “${state.search}”.`, "Names are matched as they are written.") : empty("The book is empty.", "Accounts appear when they deposit or borrow."));
        return none;
      }
      rows.update(data.accounts);
      put(more, h("span", { class: "note" }, count(data.accounts.length), " of ", count(data.total), " shown "));
      if (data.total > data.accounts.length) more.append(h("button", { type: "button", class: "quiet", onclick: () => { state.limit += PAGE; asked.refresh(); } }, "Show more"));
      return found;
    },
    what: "Asking for accounts",
  });
  const input = h("input", { type: "search", name: "search", value: argument, placeholder: "name holds …", "aria-label": "Name holds", oninput: () => { state.search = input.value.trim(); asked.refresh(); } });
  const order = segments("Order", Object.entries(ORDERS), state.order, (value) => { state.order = value; asked.refresh(); });
  const off = live.moved(asked.refresh, 2000);
  return {
    parts: [head(TITLE, "Every account of the book. Health and distance follow the prices.", h("div", { class: "form" }, input, order)), panel("Accounts by risk", { note: "Distance is the fall of all collateral together that brings an account to the edge." }, asked.element)],
    close: off,
  };
}

const columns = (unit) => [
  { name: "account", cell: (row) => [accountLink(row.key), row.liquidatable ? h("span", { class: "below tone-bad" }, "liquidatable") : null] },
  { name: "health", n: true, cell: (row) => health(row.health_factor), sort: (row) => Number(row.health_factor ?? Infinity) },
  { name: "distance", n: true, cell: (row) => percent(row.distance), sort: (row) => Number(row.distance) },
  { name: "collateral", head: `collateral, ${unit}`, n: true, cell: (row) => cell(row.collateral), sort: (row) => Number(row.collateral) },
  { name: "debt", head: `debt, ${unit}`, n: true, cell: (row) => cell(row.debt), sort: (row) => Number(row.debt) },
  { name: "leverage", n: true, cell: (row) => times(row.leverage), sort: (row) => Number(row.leverage ?? Infinity) },
];
