/* Liquidations and auctions, live: who waits, what is up for sale, what has just happened. */
import { get } from "./api.js";
import { h, put } from "./dom.js";
import { accountLink, kindTag, kindText } from "./events.js";
import { amount, cell, count, figure, health, money, moment, percentText, price, words } from "./format.js";
import { empty, head, panel, resource, segments, table, tiles } from "./parts.js";

export const TITLE = "Liquidations and auctions";
const KINDS = {
  all: null,
  liquidations: ["liquidate", "seize", "bonus", "fee", "liquidate_position", "backstop_transfer", "deleverage", "release"],
  auctions: ["auction_start", "auction_take", "auction_reset", "auction_end", "keeper_reward"],
  calls: ["margin_call", "margin_call_met", "margin_call_expired", "reduce"],
};

/** Open the page. */
export function open({ live }) {
  const unit = live.venue.quote;
  const queue = queuePart(unit);
  const auctions = auctionPart(unit);
  const news = newsPart(live, unit);
  const totals = h("div", {});
  const drawTotals = (overview) => overview && put(totals, tilesOf(overview, unit));
  drawTotals(live.overview);
  const offs = [live.moved(() => { queue.refresh(); auctions.refresh(); }, 1000), live.on("overview", drawTotals)];
  return {
    parts: [
      head(TITLE, "An account enters the queue when its maintenance excess falls below zero, and leaves it when it is safe again."), totals,
      h("div", { class: "panels" },
        panel("Queue", { note: "In the order in which keepers reach them." }, queue.element),
        panel("Auctions", { note: "Collateral for sale now; the price falls until somebody takes it." }, auctions.element),
        panel("What has happened", { right: news.choose }, news.element)),
    ],
    close() { offs.forEach((off) => off()); news.close(); },
  };
}

const tilesOf = (overview, unit) => tiles([
  { name: "Liquidatable now", value: count(overview.unsafe_accounts), note: h("span", {}, "debt ", money(overview.unsafe_debt, unit)), tone: overview.unsafe_accounts ? "bad" : "good" },
  { name: "Liquidations", value: count(overview.liquidations), note: "since the service began" },
  { name: "Debt repaid", value: money(overview.repaid, unit), note: "by liquidators" },
  { name: "Collateral seized", value: money(overview.seized, unit), note: "for that debt, with bonus" },
], { four: true });

function queuePart(unit) {
  const rows = table("Queue of liquidations", [
    { name: "account", cell: (row) => [accountLink(row.key), h("span", { class: "below" }, row.in_liquidation ? "in liquidation" : row.is_due ? "due" : "keepers are on their way")] },
    { name: "unsafe since", n: true, whole: true, cell: (row) => moment(row.since, { day: true }), sort: (row) => row.since },
    { name: "health", n: true, cell: (row) => health(row.health_factor), sort: (row) => Number(row.health_factor) },
    { name: "debt", head: `debt, ${unit}`, n: true, cell: (row) => cell(row.debt), sort: (row) => Number(row.debt) },
    { name: "collateral", head: `collateral, ${unit}`, n: true, cell: (row) => cell(row.collateral), sort: (row) => Number(row.collateral) },
    { name: "best offer to a keeper", whole: true, cell: (row) => offer(row.best_offer, unit) },
  ], { key: (row) => row.key, tall: true });
  const more = h("p", { class: "note" });
  const shown = h("div", {}, rows.element, more);
  const none = empty("Nobody is liquidatable.", "The queue fills when prices bring an account below its maintenance level.");
  return resource({
    load: () => get("liquidations/queue", { limit: 50 }),
    draw: (data) => {
      if (!data.accounts.length) return none;
      rows.update(data.accounts);
      more.textContent = data.total > data.accounts.length ? `The first ${data.accounts.length} of ${data.total}.` : "";
      return shown;
    },
  });
}

function offer(found, unit) {
  if (!found) return h("span", { class: "note" }, "none: nothing worth taking, or no debt");
  return [h("span", {}, "repay ", amount(found.repay, found.debt), " for ", found.collateral, ", gain ", money(found.gain, unit)), found.wanted ? null : h("span", { class: "below tone-warn" }, "does not pay for its gas")];
}

function auctionPart(unit) {
  const rows = table("Running auctions", [
    { name: "auction", cell: (row) => [`№ ${row.auction}`, h("span", { class: "below" }, accountLink(row.account))] },
    { name: "lot", n: true, cell: (row) => amount(row.lot, row.collateral) },
    { name: "debt to raise", n: true, cell: (row) => amount(row.owed, row.debt) },
    { name: "price now", head: `price now, ${unit}`, n: true, cell: (row) => h("span", {}, price(row.price), against(row)) },
    { name: "start, floor", head: `start, floor, ${unit}`, n: true, cell: (row) => h("span", {}, price(row.start_price), " → ", price(row.floor_price)) },
    { name: "started", n: true, whole: true, cell: (row) => [moment(row.started, { day: true }), row.expired ? h("span", { class: "below tone-warn" }, "needs a reset") : null] },
  ], { key: (row) => row.auction });
  const none = empty("No auction is running.", "Under rules that liquidate by auction, lots appear here with their falling price.");
  return resource({ load: () => get("auctions"), draw: (data) => (data.auctions.length ? rows.update(data.auctions) : none) });
}

function against(row) {
  if (!row.oracle_price) return null;
  const off = Number(row.price) / Number(row.oracle_price) - 1;
  return h("span", { class: "below" }, off ? [figure(percentText(off, { signed: true }), off), " from oracle"] : "the oracle price");
}

function newsPart(live, unit) {
  let chosen = "all";
  const rows = table("Events", [
    { name: "time", cell: (row) => moment(row.at, { day: true }) },
    { name: "account", cell: (row) => accountLink(row.account) },
    { name: "kind", cell: (row) => kindTag(row) },
    { name: "what", whole: true, cell: (row) => h("span", {}, kindText(row), row.reason ? h("span", { class: "note" }, `, ${words(row.reason)}`) : null) },
    { name: "amount", n: true, cell: (row) => (row.quantity ? amount(row.quantity, row.asset) : "") },
    { name: "value", head: `value, ${unit}`, n: true, cell: (row) => (row.value ? cell(row.value) : "") },
  ], { key: (row) => row.number, tall: true });
  const none = empty("Nothing has happened yet.", "Liquidations, auctions and margin calls are listed as they are decided.");
  const element = h("div", {}, none);
  const draw = () => {
    const wanted = KINDS[chosen];
    const found = live.events.filter((event) => !wanted || wanted.includes(event.kind)).slice(0, 100);
    if (found.length) rows.update(found);
    const made = found.length ? rows.element : none;
    if (element.firstChild !== made) element.replaceChildren(made);
  };
  draw();
  const choose = segments("Kinds of events", Object.keys(KINDS).map((kind) => [kind, kind]), chosen, (kind) => { chosen = kind; draw(); });
  return { element, choose, close: live.on("events", draw) };
}

