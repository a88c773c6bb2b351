/* One event of the venue in words. */
import { h } from "./dom.js";
import { amount, money, moment, words } from "./format.js";

const TONES = { loss: "bad", liquidate: "warn", seize: "warn", pause: "bad", price_refused: "warn", margin_call: "warn", margin_call_expired: "bad", liquidate_position: "warn", deleverage: "bad", backstop_transfer: "bad", resume: "good", margin_call_met: "good" };

/** What each kind of event says; kinds not named here are said by their own name. */
const SAID = {
  liquidate: "debt repaid by a liquidator", seize: "collateral seized", bonus: "bonus to the liquidator", fee: "fee to the fund",
  loss: "loss booked", auction_start: "auction started", auction_take: "auction taken", auction_end: "auction over", auction_reset: "auction reset",
  margin_call: "margin call", margin_call_met: "margin call met", margin_call_expired: "margin call expired", pause: "breaker raised", resume: "breaker lowered",
  price_refused: "price refused", rule: "rule changed", deleverage: "deleveraged", liquidate_position: "position reduced", backstop_transfer: "taken by the backstop", fund_deposit: "capital added to a fund",
  release: "its liquidation is over: it is back at the liquidation-end level", keeper_reward: "reward to who kept the auction going", reduce: "debt closed against its collateral", unsettled: "a loss waits to be settled",
};

const PAYERS = {
  own_margin: "its own margin", penalty: "its penalties", insurance: "the insurance fund", backstop: "the backstop",
  adl: "counterparties (deleveraging)", socialized: "suppliers (socialized)",
};

/** The words of an event's kind. */
export const kindText = (event) => (event.payer ? `loss paid by ${PAYERS[event.payer] ?? words(event.payer)}` : SAID[event.kind] ?? words(event.kind));

/** The tag of an event's kind. */
export const kindTag = (event) => h("span", { class: `tag ${TONES[event.kind] ?? ""}` }, words(event.kind));

/** A link to an account; the venue's own accounts are named without one. */
export const accountLink = (name) =>
  !name ? "" : name.startsWith("@") ? h("span", { class: "name" }, name) : h("a", { class: "name", href: `#/account/${encodeURIComponent(name)}`, title: name }, h("bdi", {}, name));

/** A line of a feed. */
export function eventLine(event, quote) {
  const what = [accountLink(event.account), event.account ? " " : "", kindText(event)];
  const size = Number(event.quantity) && event.asset ? h("span", { class: "below note" }, amount(event.quantity, event.asset)) : null;
  return h("li", {}, moment(event.at, { short: true }), h("span", {}, what), h("span", { class: "n" }, Number(event.value) ? money(event.value, quote) : size ?? ""));
}
