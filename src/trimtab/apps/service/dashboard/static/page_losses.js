/* Waterfall and losses: who paid for what was not covered, and what is left to pay with. */
import { get } from "./api.js";
import { h } from "./dom.js";
import { accountLink } from "./events.js";
import { amount, cell, figure, money, moment, percentText, words } from "./format.js";
import { bars, empty, head, panel, resource, table, tiles } from "./parts.js";

export const TITLE = "Waterfall and losses";
const PAYERS = {
  own_margin: ["own margin", "the account's last collateral", "h7"], penalty: ["penalty", "fees taken from this account since its liquidation began", "h6"],
  insurance: ["insurance", "reserves of the pool, then the insurance fund", "h5"], backstop: ["backstop", "the ring-fenced pool that takes positions over", "h4"],
  adl: ["deleveraging", "counterparties, cut at the bankruptcy price", "h2"], socialized: ["socialized", "suppliers of the asset, whose index falls", "h0"],
};

/** Open the page. */
export function open({ live }) {
  const unit = live.venue.quote;
  const payers = resource({ load: () => get("waterfall"), draw: (data) => waterfall(data, unit) });
  const funds = resource({ load: () => get("funds"), draw: (data) => fundsOf(data, unit) });
  const off = live.moved(() => { payers.refresh(); funds.refresh(); }, 2000);
  return {
    parts: [head(TITLE, "Every unit of a loss is booked to exactly one payer, always in this order."), payers.element, funds.element],
    close: off,
  };
}

function waterfall(data, unit) {
  const total = Number(data.bad_debt);
  const most = Math.max(...data.payers.map((row) => Number(row.paid)), 1e-9);
  const open = Object.entries(data.open_deficits);
  return h("div", {},
    tiles([
      { name: "Losses so far", value: money(data.bad_debt, unit), note: "since the service began", tone: total ? "bad" : "good" },
      { name: "Paid by the venue", value: money(sumOf(data, ["penalty", "insurance", "backstop"]), unit), note: "penalty, insurance, backstop" },
      { name: "Borne by others", value: money(sumOf(data, ["adl", "socialized"]), unit), note: "deleveraging, suppliers", tone: sumOf(data, ["adl", "socialized"]) ? "bad" : "" },
      { name: "Open deficits", value: open.length ? h("span", {}, open.map(([asset, much], at) => [at ? ", " : "", amount(much, asset)])) : "none", note: "debt that no payer has filled", tone: open.length ? "bad" : "good" },
    ], { four: true }),
    h("div", { class: "panels" },
      panel("Waterfall", { size: "w6", note: "What each payer has paid." }, total ? bars("Waterfall", ["payer", `paid, ${unit}`, "share"], data.payers.map((row) => ({
        name: h("span", { title: PAYERS[row.payer]?.[1] }, PAYERS[row.payer]?.[0] ?? words(row.payer)), tint: PAYERS[row.payer]?.[2] ?? "muted", part: Number(row.paid) / most,
        cells: [cell(row.paid), figure(percentText(Number(row.paid) / total), Number(row.paid) / total)],
      }))) : orderOnly()),
      panel("Latest losses", { size: "w6" }, losses(data.losses, unit))));
}

const sumOf = (data, names) => data.payers.filter((row) => names.includes(row.payer)).reduce((sum, row) => sum + Number(row.paid), 0);

const orderOnly = () => h("div", {}, empty("No loss has been booked.", "If collateral does not cover a debt, these pay, in this order:"),
  h("ol", {}, Object.values(PAYERS).map(([name, about]) => h("li", {}, h("b", {}, name), h("span", { class: "note" }, `: ${about}`)))));

function losses(rows, unit) {
  if (!rows.length) return empty("No losses.", "Each one will name its account, its payer and its value.");
  const shown = table("Latest losses", [
    { name: "account", cell: (row) => accountLink(row.account) },
    { name: "time", n: true, whole: true, cell: (row) => moment(row.at, { day: true }) },
    { name: "payer", cell: (row) => PAYERS[row.payer]?.[0] ?? words(row.payer) },
    { name: "amount", n: true, cell: (row) => amount(row.quantity, row.asset) },
    { name: "value", head: `value, ${unit}`, n: true, cell: (row) => cell(row.value) },
  ], { key: (row) => row.number, tall: true });
  return shown.update([...rows].sort((a, b) => b.number - a.number));
}

function fundsOf(data, unit) {
  const pools = table("Pools", [
    { name: "asset", cell: (row) => row.asset },
    ...["cash", "borrowed", "deficit", "supplied", "reserves", "minted"].map((name) => ({ name, n: true, cell: (row) => (Number(row[name]) ? [amount(row[name]), h("span", { class: "hidden" }, ` ${row.asset}`)] : "0"), sort: (row) => Number(row[name]) })),
    { name: "in use", n: true, cell: (row) => { const used = Number(row.supplied) ? Number(row.borrowed) / Number(row.supplied) : 0; return figure(percentText(used), used); } },
  ], { key: (row) => row.asset });
  const holding = (fund) => Object.entries(fund.holdings).map(([asset, much]) => h("li", {}, amount(much, asset)));
  return h("div", { class: "panels" },
    panel("Funds", { size: "w4" }, h("dl", { class: "facts figures" }, ["insurance", "backstop"].map((name) => [h("dt", {}, name === "insurance" ? "Insurance fund" : "Backstop"), h("dd", {}, money(data[name].value, unit), h("ul", { class: "plain note" }, holding(data[name])))]))),
    panel("Pools", { size: "w8", note: "In whole units of each asset; cash + borrowed + deficit = supplied + reserves + minted." }, pools.update(data.pools)));
}
