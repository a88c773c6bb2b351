/* The sliders: prices of an account moved in the browser, then asked of the service. */
import { post } from "./api.js";
import { chart, color } from "./chart.js";
import { announce, h, put } from "./dom.js";
import { figure, health, healthText, moneyText, percentText, priceText } from "./format.js";
import { panel } from "./parts.js";
import { curve, liquidationPrice, movers, shocked, sums } from "./terms.js";

const LEAST = -0.8;
const MOST = 1;
const STEP = 0.005;
const ASK_MS = 250;

/** The panel of sliders for one account; `update(terms, found)` gives it the newest terms. */
export function whatIf({ account, unit }) {
  const state = { terms: null, goes_on: false, shocks: {}, joint: 0, rows: new Map() };
  const gauge = h("div", { class: "gauge", "aria-live": "off" });
  const confirmed = h("p", { class: "note", role: "status" });
  const sliders = h("div", {});
  const drawn = chart({ label: "Health along moves of prices", size: "low", caption: "Health if one price moves and the others stay where the sliders stand; below the dotted line at 1 the account is liquidatable." });
  const reset = h("button", { type: "button", onclick: () => { state.shocks = {}; state.joint = 0; moveAll(); } }, "Back to market");
  const ask = asker({ account, unit, state, confirmed });
  const element = panel("What if prices move", { note: "Worked out here as you drag, then confirmed by the engine.", right: reset },
    gauge, confirmed, h("div", { class: "panels" }, h("div", { class: "panel w6 bare" }, sliders), h("div", { class: "panel w6 bare" }, drawn.element)));

  const moveAll = () => { for (const row of state.rows.values()) row.show(); draw(); ask(); };
  const moved = (asset, value) => {
    if (asset === null) {
      state.joint = value;
      for (const one of movers(state.terms)) state.shocks[one] = value;
      for (const row of state.rows.values()) row.show();
    } else state.shocks[asset] = value;
    draw();
    ask();
  };
  const build = () => {
    const names = movers(state.terms);
    if (names.length === state.rows.size - 1 && names.every((name) => state.rows.has(name))) return;
    state.rows = new Map([[null, slider(null, state, { unit, moved })], ...names.map((name) => [name, slider(name, state, { unit, moved })])]);
    sliders.replaceChildren(...[...state.rows.values()].map((row) => row.element));
  };
  const draw = () => {
    const found = sums(state.terms, shocked(state.terms, state.shocks));
    drawGauge(gauge, found, { unit, goes_on: state.goes_on });
    for (const row of state.rows.values()) row.show();
    drawn.update(() => healthCurve(state));
  };
  return {
    element,
    close: drawn.close,
    update(terms, account) {
      state.terms = terms;
      state.goes_on = account.in_liquidation && account.liquidatable;
      build();
      draw();
      if (Object.values(state.shocks).some(Boolean)) ask();
    },
  };
}

function slider(asset, state, { unit, moved }) {
  const name = asset ?? "All prices";
  const id = `slide-${asset ?? "all"}`;
  const input = h("input", { type: "range", id, min: LEAST, max: MOST, step: STEP, value: 0, oninput: () => moved(asset, Number(input.value)) });
  const at = h("output", { class: "at", for: id });
  const by = h("output", { class: "by", for: id });
  const show = () => {
    const shock = asset === null ? state.joint : state.shocks[asset] ?? 0;
    if (Number(input.value) !== shock) input.value = shock;
    by.textContent = shock ? percentText(shock, { signed: true }) : "market";
    const now = asset === null ? "" : `${priceText(shocked(state.terms, state.shocks)[asset])} ${unit}`;
    put(at, now, asset === null ? null : edgeText(asset, state, unit));
    input.setAttribute("aria-valuetext", `${name} ${by.textContent}${now ? `, ${now}` : ""}`);
  };
  return { element: h("div", { class: `slide${asset === null ? " joint" : ""}` }, h("label", { for: id }, name), input, at, by), show };
}

function edgeText(asset, state, unit) {
  const edge = liquidationPrice(state.terms, state.shocks, asset);
  return h("small", {}, edge ? `liquidatable ${edge.side} ${priceText(edge.price)}` : `no edge in ${unit}`);
}

/* `goes_on`: a liquidation has begun and does not end at a health of 1, but at a level above. */
function drawGauge(place, found, { unit, goes_on }) {
  const value = found.health === null ? null : found.health;
  const tone = value === null ? "" : value < 1 || goes_on ? "tone-bad" : value < 1.1 ? "tone-warn" : "tone-good";
  const pairs = [["excess, maintenance", found.excess], ["equity", found.equity], ["collateral", found.collateral], ["debt", found.debt]];
  put(place, h("div", { class: `big ${tone}`, "data-health": value ?? "" }, h("span", { class: "hidden" }, "health "), healthText(value)),
    h("div", { class: tone }, value === null ? "owes nothing" : value < 1 ? "liquidatable" : goes_on ? "above 1, in liquidation" : "safe"),
    h("dl", {}, pairs.map(([name, much]) => h("div", {}, h("dt", {}, name), h("dd", {}, figure(moneyText(much), much, { unit }))))));
}

const stands = (after) => (!after.liquidatable ? "safe" : Number(after.health_factor) < 1 ? "liquidatable" : "above 1, but its liquidation goes on");

/* The exact answer follows when the slider rests: the newest question wins. */
function asker({ account, unit, state, confirmed }) {
  let timer = null;
  let flight = null;
  const ask = async () => {
    flight?.abort();
    flight = new AbortController();
    const factors = Object.fromEntries(Object.entries(state.shocks).filter(([, move]) => move).map(([asset, move]) => [asset, (1 + move).toFixed(3)]));
    if (!Object.keys(factors).length) { confirmed.textContent = ""; return; }
    try {
      const answer = await post("what-if", { accounts: [account], factors }, { signal: flight.signal });
      const after = answer.accounts[0].after;
      put(confirmed, "Confirmed by the engine: health ", health(after.health_factor), `, ${stands(after)}.`);
      confirmed.dataset.health = after.health_factor ?? "";
      announce(`Health ${healthText(after.health_factor)}, ${stands(after)}`);
    } catch (error) {
      if (error.name !== "AbortError") put(confirmed, h("span", { class: "tone-warn" }, `Not confirmed: ${error.message}`));
    }
  };
  return () => { confirmed.removeAttribute("data-health"); clearTimeout(timer); timer = setTimeout(ask, ASK_MS); return unit; };
}

const LINES = ["price", "act", "gas", "good", "risk"];

/* Health when one price moves and the others stay where the sliders stand, a line for each; the
   joint move of all is dashed. */
function healthCurve(state) {
  const moves = Array.from({ length: 91 }, (_, at) => -0.6 + at / 75);
  const assets = movers(state.terms);
  const line = (name, points, style) => ({
    type: "scatter", mode: "lines", name, x: moves, y: points,
    line: style, hovertemplate: `${name} %{x:+.0%}: health %{y:.3f}<extra></extra>`,
  });
  const lines = assets.slice(0, LINES.length).map((asset, at) => line(asset, curve(state.terms, state.shocks, { moves, assets: [asset] }), { color: color(LINES[at]), width: 2 }));
  if (assets.length > 1) lines.push(line("all together", curve(state.terms, state.shocks, { moves, assets }), { color: color("muted"), width: 2, dash: "dash" }));
  const highest = Math.max(...lines.flatMap((one) => one.y).filter((value) => value !== null), 1);
  const now = sums(state.terms, shocked(state.terms, state.shocks)).health;
  return {
    data: [...lines, { type: "scatter", mode: "markers", x: [0], y: [now], marker: { size: 9, color: color("ink") }, hoverinfo: "skip", showlegend: false }],
    layout: {
      height: 230, hovermode: "closest", showlegend: true, legend: { orientation: "h", y: 1.16, x: 0, font: { size: 11 } },
      xaxis: { tickformat: "+.0%", title: { text: "move from where the sliders stand" }, range: [-0.6, 0.6] },
      yaxis: { title: { text: "health" }, range: [0, 1.05 * Math.min(Math.max(highest, 1.5), Math.max(4, 1.2 * (now ?? 0)))] },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1, line: { color: color("bad"), width: 1.5, dash: "dot" } }],
    },
  };
}
