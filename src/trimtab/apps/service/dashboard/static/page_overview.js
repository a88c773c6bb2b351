/* Overview: what the venue is worth, what it owes, how near it is to the edge. */
import { get } from "./api.js";
import { LEVELS } from "./bar.js";
import { chart, color, spark } from "./chart.js";
import { h, put, s } from "./dom.js";
import { eventLine } from "./events.js";
import { amount, count, counted, figure, money, moneyText, percent, percentText, price, times } from "./format.js";
import { past } from "./past.js";
import { banner, bars, empty, facts, head, panel, resource, segments, tiles } from "./parts.js";

export const TITLE = "Overview";
const EDGES_TINTS = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7"];
const SERIES = {
  value: ["Value and debt", [["collateral", "collateral", "price"], ["debt", "debt", "act"]]],
  risk: ["Debt at risk", [["debt_at_risk", "debt at risk", "risk"], ["unsafe_debt", "liquidatable debt", "loss"]]],
  leverage: ["Leverage", [["leverage", "aggregate leverage", "accent"]]],
  losses: ["Losses and fund", [["bad_debt", "losses so far", "loss"], ["insurance", "insurance fund", "good"]]],
};

/** Open the page. */
export function open({ live }) {
  const figures = h("div", {});
  const spread = h("div", {});
  const prices = h("div", {});
  const standing = h("div", {});
  const news = h("div", {});
  const history = historyPanel(live);
  const draw = (overview) => {
    if (!overview) return;
    put(figures, ...attention(overview, live), tilesOf(overview, history.points()));
    put(spread, ...healthSpread(overview));
    put(prices, priceTable(overview, history.points()));
    put(standing, fundsAndBreaker(overview));
  };
  const drawNews = () => put(news, newest(live));
  const first = resource({ load: () => get("overview"), draw: (data) => { live.overview ??= data; draw(data); return figures; }, what: "Asking for the venue" });
  draw(live.overview);
  drawNews();
  history.ready(() => draw(live.overview));
  const offs = [live.on("overview", draw), live.on("problems", () => draw(live.overview)), live.on("events", drawNews), live.moved(history.refresh, 4000)];
  return {
    parts: [
      head(TITLE, "The whole venue at the last decided moment, as the service decides it."),
      first.element,
      h("div", { class: "panels" },
        history.element,
        panel("Debt by health", { size: "w6", note: "Below 1 an account can be liquidated; below 1.1 its debt is at risk." }, spread),
        panel("Prices", { size: "w6", note: "Accepted oracle prices, in the quote." }, prices),
        panel("Breaker and funds", { size: "w5" }, standing),
        panel("What happens", { size: "w7", right: h("a", { href: "#/liquidations" }, "all liquidations") }, news)),
    ],
    close() { offs.forEach((off) => off()); history.close(); },
  };
}

function attention(overview, live) {
  const level = overview.breaker_level;
  return [
    ...live.notices.map((one) => banner(`${sentence(one)}.`, "warn")),
    ...troubles(live.problems).map(([text, tone]) => banner(text, tone)),
    level ? banner(`The circuit breaker is at level ${level}: ${LEVELS[level]}.`, level > 1 ? "bad" : "warn") : null,
    overview.unsafe_accounts ? banner(`${counted(overview.unsafe_accounts, "account is", "accounts are")} liquidatable now.`, "bad") : null,
  ].filter(Boolean);
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

/* What is wrong with the service itself; many old prices are one line. */
function troubles(problems) {
  const lost = problems.filter((one) => one.startsWith("feed ")).map((one) => [`${sentence(one)}.`, "bad"]);
  const old = problems.filter((one) => !one.startsWith("feed "));
  if (!old.length) return lost;
  const more = old.length > 1 ? `, and ${counted(old.length - 1, "more price is", "more prices are")} old` : "";
  return [...lost, [`${sentence(old[0])}${more}: every figure here stands on old prices.`, "warn"]];
}

function tilesOf(overview, points) {
  const unit = overview.quote;
  const share = Number(overview.debt) ? Number(overview.debt_at_risk) / Number(overview.debt) : 0;
  const line = (name) => spark(points.map((point) => point[name]), { s });
  return tiles([
    { name: "Collateral", value: money(overview.collateral, unit), note: counted(overview.accounts, "account"), extra: line("collateral") },
    { name: "Debt", value: money(overview.debt, unit), note: counted(overview.accounts_with_debt, "borrower"), extra: line("debt") },
    { name: "Equity", value: money(overview.equity, unit), note: h("span", {}, "debt is ", percent(overview.debt_over_collateral), " of collateral"), extra: line("equity") },
    { name: "Aggregate leverage", value: times(overview.aggregate_leverage), note: "collateral over equity", extra: line("leverage") },
    { name: "Debt at risk", value: money(overview.debt_at_risk, unit), note: `${percentText(share)} of debt, health below ${overview.debt_at_risk_below_health}`, tone: share > 0.1 ? "warn" : "", extra: line("debt_at_risk") },
    { name: "Liquidatable now", value: count(overview.unsafe_accounts), note: h("span", {}, "debt ", money(overview.unsafe_debt, unit)), tone: overview.unsafe_accounts ? "bad" : "good" },
    { name: "Losses so far", value: money(overview.bad_debt, unit), note: counted(overview.liquidations, "liquidation"), tone: Number(overview.bad_debt) ? "bad" : "", extra: line("bad_debt") },
    { name: "Insurance fund", value: money(overview.insurance, unit), note: h("span", {}, "backstop ", money(overview.backstop, unit)), extra: line("insurance") },
  ], { four: true });
}

function healthSpread(overview) {
  const rows = overview.health_histogram;
  const total = rows.reduce((sum, row) => sum + Number(row.debt), 0);
  if (!total) return [empty("Nobody owes anything.", "Without debt there is no health to measure.")];
  const most = Math.max(...rows.map((row) => Number(row.debt)));
  return [bars("Debt by health", ["health", `debt, ${overview.quote}`, "of all debt", "accounts"], rows.map((row, at) => ({
    name: row.health_to === null ? `from ${row.health_from}` : Number(row.health_from) === 0 ? `below ${row.health_to}` : `${row.health_from} to ${row.health_to}`,
    tint: EDGES_TINTS[at] ?? "h7",
    part: Number(row.debt) / most,
    cells: [money(row.debt), percent(Number(row.debt) / total), count(row.accounts)],
  })))];
}

function priceTable(overview, points) {
  const rows = Object.entries(overview.prices).filter(([asset, at]) => asset !== overview.quote && at !== null);
  if (!rows.length) return empty("No price yet.", "The oracle has accepted none.");
  return h("table", {}, h("caption", { class: "hidden" }, "Accepted prices"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "asset"), h("th", { scope: "col", class: "n" }, `price, ${overview.quote}`), h("th", { scope: "col", class: "n" }, "since start"), h("th", { scope: "col" }, h("span", { class: "hidden" }, "line")))),
    h("tbody", {}, rows.map(([asset, at]) => priceRow(asset, at, points))));
}

function priceRow(asset, at, points) {
  const past = points.map((point) => point.prices?.[asset]).filter(Number.isFinite);
  const change = past.length > 1 ? Number(at) / past[0] - 1 : null;
  const tone = change === null || Math.abs(change) < 0.0005 ? "" : change < 0 ? "tone-bad" : "tone-good";
  const line = spark(past, { s });
  line?.setAttribute("class", "t-price");
  line?.setAttribute("width", "90");
  line?.setAttribute("height", "18");
  return h("tr", {}, h("th", { scope: "row" }, h("a", { href: `#/heatmap/${encodeURIComponent(asset)}` }, asset)), h("td", { class: "n" }, price(at)),
    h("td", { class: `n ${tone}` }, change === null ? "–" : figure(percentText(change, { signed: true }), change)), h("td", {}, line));
}

function fundsAndBreaker(overview) {
  const { quote, breaker_level: level } = overview;
  return facts([
    ["Insurance fund", money(overview.insurance, quote)],
    ["Backstop", money(overview.backstop, quote)],
    ["Negative equity", money(overview.shortfall, quote)],
    ["Circuit breaker", h("span", { class: level ? "tone-bad" : "tone-good" }, `level ${level}, ${LEVELS[level]}`)],
    ["Own keepers", overview.acting ? "acting" : "watching only"],
    ["Debt repaid by liquidations", money(overview.repaid, quote)],
    ["Journal entry", count(overview.journal_number)],
    ...overview.markets.map((row) => [row.market, h("span", {}, "long ", amount(row.long), ", short ", amount(row.short), ", mark ", price(row.mark_price, quote))]),
  ], { figures: true });
}

function newest(live) {
  const rows = live.events.filter((event) => event.kind !== "price").slice(0, 8);
  if (!rows.length) return empty("All quiet.", "Liquidations, margin calls and losses appear here as they happen.");
  return h("ol", { class: "feed" }, rows.map((event) => eventLine(event, live.venue.quote)));
}

function historyPanel(live) {
  const kept = past();
  let chosen = "value";
  const readies = [];
  const drawn = chart({ label: "History of the venue" });
  const asked = resource({
    load: () => get("dashboard/history", { after: kept.last }),
    draw: (data) => { kept.grown(data.points); redraw(); readies.forEach((ready) => ready()); return kept.rows.length > 1 ? drawn.element : empty("The history has just begun.", "A line needs two moments; the next one is on its way."); },
  });
  const redraw = () => drawn.update(() => lines(kept.rows, SERIES[chosen][1], live.venue.quote, chosen));
  const choose = segments("What is drawn", Object.entries(SERIES).map(([name, [title]]) => [name, title]), chosen, (name) => { chosen = name; redraw(); });
  return {
    element: panel("History", { right: choose }, asked.element),
    points: () => kept.rows,
    ready: (act) => readies.push(act),
    refresh: asked.refresh,
    close: () => drawn.close(),
  };
}

function lines(points, series, quote, chosen) {
  const unit = chosen === "leverage" ? "×" : quote;
  const x = points.map((point) => point.as_of);
  const data = series.map(([name, title, tint]) => ({
    type: "scatter", mode: "lines", name: title, x, y: points.map((point) => point[name]),
    line: { color: color(tint), width: 2 }, text: points.map((point) => (chosen === "leverage" ? Number(point[name]).toFixed(2) : moneyText(Number(point[name])))), hovertemplate: `%{text} ${unit}<extra>${title}</extra>`,
  }));
  const layout = {
    height: 260, showlegend: series.length > 1, legend: { orientation: "h", y: 1.12, x: 0, font: { size: 12 } },
    yaxis: { title: { text: unit }, rangemode: chosen === "leverage" ? "normal" : "tozero", ...(chosen === "leverage" ? { tickformat: ".2f" } : { exponentformat: "B" }) },
    xaxis: { type: "date" }, hovermode: "x unified",
  };
  return { data, layout };
}

