/* One account: why it stands where it stands, and how it would stand at other prices. */
import { get } from "./api.js";
import { h, put } from "./dom.js";
import { amount, cell, figure, health, known, money, moneyText, percent, percentText, price, ratio, times, words } from "./format.js";
import { empty, facts, head, panel, resource, table, tiles } from "./parts.js";
import { whatIf } from "./what_if.js";

export const TITLE = "Account";
const BINDING = {
  none: "This account is safe: what it holds covers what it owes at every level.", initial: "This account is below the initial level: it may not borrow or withdraw.",
  maintenance: "This account is below the maintenance level: it can be liquidated.", bankrupt: "This account owes more than it holds: it can be liquidated, and leaves a loss.",
};

/** Open the page of the account that the address names. */
export function open({ argument, live }) {
  const unit = live.venue.quote;
  const top = h("div", {});
  const parts = { holdings: h("div", {}), prices: h("div", {}), room: h("div", {}), positions: h("div", {}) };
  const play = whatIf({ account: argument, unit });
  const asked = resource({
    load: () => Promise.all([get(`accounts/${encodeURIComponent(argument)}`), get(`dashboard/terms/${encodeURIComponent(argument)}`)]),
    draw: ([found, terms]) => {
      put(top, tilesOf(found, unit), verdict(found));
      put(parts.holdings, holdings(terms, unit));
      put(parts.prices, liquidationPrices(found, terms, unit));
      put(parts.room, room(found));
      put(parts.positions, positions(found, unit));
      play.update(terms, found);
      return body;
    },
    what: "Asking for the account",
  });
  const body = h("div", {}, top, h("div", { class: "panels" }, play.element,
    panel("Liquidation prices", { size: "w6", note: "The last safe price of one asset, all others held." }, parts.prices),
    panel("What it holds and owes", { size: "w6", note: "Weights are those of the maintenance level." }, parts.holdings),
    panel("Positions and their rank in deleveraging", { size: "w7" }, parts.positions),
    panel("Room", { size: "w5", note: "What may still be withdrawn or borrowed now." }, parts.room)));
  const off = live.moved(asked.refresh, 1500);
  return {
    title: argument,
    parts: [head(argument, "", h("a", { href: "#/accounts" }, "all accounts")), asked.element],
    close() { off(); play.close(); },
  };
}

const tilesOf = (found, unit) => tiles([
  { name: "Health", value: health(found.health_factor), note: healthNote(found), tone: found.liquidatable ? "bad" : "" },
  { name: "Equity", value: money(found.equity, unit), note: "collateral and gains less debt" },
  { name: "Collateral", value: money(found.collateral, unit), note: h("span", {}, "weighted ", money(found.weighted_collateral, unit)) },
  { name: "Debt", value: money(found.debt, unit), note: h("span", {}, "weighted ", money(found.weighted_debt, unit)) },
  { name: "Leverage", value: times(found.leverage), note: "exposure over equity" },
  { name: "Distance", value: percent(found.distance), note: "joint fall of all collateral to the edge" },
  ...(Number(found.notional) ? [{ name: "Notional", value: money(found.notional, unit), note: h("span", {}, "unrealized ", money(found.unrealized_pnl, unit)) }] : []),
]);

function healthNote(found) {
  if (found.binding === "liquidation_end") return "above 1, but its liquidation goes on";
  return Number(found.health_factor) < 1 ? "liquidatable below 1" : "liquidated below 1";
}

function verdict(found) {
  const tone = found.liquidatable ? "bad" : found.binding === "none" ? "good" : "warn";
  return h("p", { class: `banner ${tone}` }, verdictText(found));
}

/* A liquidation that has begun ends at a level of its own, above the one where it began. */
function verdictText(found) {
  if (found.binding === "none" && !known(found.health_factor)) return "This account owes nothing.";
  if (found.binding !== "liquidation_end") return BINDING[found.binding] ?? `This account is bound by ${words(found.binding)}.`;
  const short = moneyText(-Number(found.excess_liquidation_end));
  return `A liquidation of this account goes on, although its health is above 1 again: it ends at the liquidation-end level, of which ${short} ${found.quote} are missing.`;
}

function holdings(terms, unit) {
  const rows = [...terms.collateral.map((row) => ({ ...row, side: "collateral" })), ...terms.debt.map((row) => ({ ...row, side: "debt" }))];
  if (!rows.length) return empty("It holds nothing.");
  const shown = table("Holdings", [
    { name: "asset", cell: (row) => [row.asset, h("span", { class: "below" }, row.side)] },
    { name: "amount", n: true, cell: (row) => amount(row.amount) },
    { name: "price", head: `price, ${unit}`, n: true, cell: (row) => price(terms.prices[row.asset]) },
    { name: "value", head: `value, ${unit}`, n: true, cell: (row) => cell(Number(row.amount) * Number(terms.prices[row.asset])) },
    { name: "weight", n: true, cell: (row) => ratio(row.weight) },
  ], { key: (row) => `${row.side} ${row.asset}` });
  return shown.update(rows);
}

function liquidationPrices(found, terms, unit) {
  const rows = Object.entries(found.liquidation_price ?? {});
  if (!rows.length) return empty("No single price makes it liquidatable.", "Its collateral covers its debt whatever one asset does alone.");
  const shown = table("Liquidation prices", [
    { name: "asset", cell: ([asset]) => asset },
    { name: "price now", head: `price now, ${unit}`, n: true, cell: ([asset]) => price(terms.prices[asset]) },
    { name: "liquidatable", head: `liquidatable, ${unit}`, n: true, cell: ([asset, at]) => h("span", {}, found.liquidation_side[asset] === "above" ? "above " : "below ", price(at)) },
    { name: "move", n: true, cell: ([asset, at]) => { const move = Number(at) / Number(terms.prices[asset]) - 1; return figure(percentText(move, { signed: true }), move); } },
  ], { key: ([asset]) => asset });
  return shown.update(rows);
}

function room(found) {
  const pairs = (name, rows) => Object.entries(rows ?? {}).map(([asset, much]) => [`${name} ${asset}`, amount(much, asset)]);
  const rows = [...pairs("Withdraw", found.withdrawable), ...pairs("Borrow", found.borrowable)];
  const excess = [["Excess, initial level", money(found.excess_initial, found.quote)], ["Excess, liquidation-end level", money(found.excess_liquidation_end, found.quote)], ["Excess, maintenance level", money(found.excess_maintenance, found.quote)]];
  return facts([...excess, ...(rows.length ? rows : [["Withdraw, borrow", "nothing"]])], { figures: true });
}

function positions(found, unit) {
  const rows = found.positions ?? [];
  if (!rows.length) return empty("No derivatives positions.", "A rank in deleveraging belongs to positions; this account only holds and owes assets.");
  const shown = table("Positions", [
    { name: "market", cell: (row) => [row.market, h("span", { class: "below" }, Number(row.size) > 0 ? "long" : "short")] },
    { name: "size", n: true, cell: (row) => amount(row.size) },
    { name: "pnl", head: `unrealized, ${unit}`, n: true, cell: (row) => cell(row.unrealized_pnl) },
    { name: "mark", head: `mark, ${unit}`, n: true, cell: (row) => price(row.mark_price) },
    { name: "liquidation", head: `liquidation, ${unit}`, n: true, cell: (row) => price(row.liquidation_price) },
    { name: "bankruptcy", head: `bankruptcy, ${unit}`, n: true, cell: (row) => price(row.bankruptcy_price) },
    { name: "adl rank", head: "adl rank", n: true, cell: (row) => (row.adl_rank ? `${row.adl_rank} of ${row.adl_among}` : "–") },
  ], { key: (row) => row.market });
  return h("div", {}, shown.update(rows), h("p", { class: "note" }, "Rank 1 of its side is cut first when only deleveraging can close a bankrupt counterparty."));
}

