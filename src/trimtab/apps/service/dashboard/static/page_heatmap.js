/* Heat map: the debt that becomes liquidatable at each price of an asset, through time. */
import { get } from "./api.js";
import { chart, color, shade } from "./chart.js";
import { h, put } from "./dom.js";
import { cell, figure, moneyText, percentText, priceText, shortText } from "./format.js";
import { past } from "./past.js";
import { bars, empty, head, panel, resource, segments } from "./parts.js";

export const TITLE = "Liquidation heat map";
const REACH = { 0.2: "±20 %", 0.4: "±40 %", 0.7: "±70 %" };

/** Open the page for an asset, the first one of the venue where none is named. */
export function open({ argument, live }) {
  const assets = Object.keys(live.overview?.prices ?? {}).filter((asset) => asset !== live.venue.quote);
  const state = { asset: argument || null, reach: 0.4, kept: past(), of: null };
  const drawn = chart({ label: "Heat map", size: "tall", caption: h("span", {},
    h("span", { class: "legend" }, h("span", {}, h("i", { class: "swatch line t-price" }), "price"), h("span", {}, h("i", { class: "swatch shade" }), "debt that is liquidatable once the asset alone gets there")),
    "Each account stands at its own liquidation price of this asset, the others held; the color is the debt in steps of one percent of price, on a scale by square root. What is liquidatable already is left out, and so are accounts whose sums are not linear.") });
  const clusters = h("div", {});
  const chooser = h("div", { class: "form" });
  const asked = resource({
    load: () => {
      if (state.of !== state.asset) Object.assign(state, { kept: past(), of: state.asset });
      return get("dashboard/heat", { asset: state.asset, after: state.kept.last });
    },
    draw: (data) => {
      if (state.asset && data.asset !== state.asset) return null;
      state.asset ??= data.asset;
      state.of = data.asset;
      data.columns = state.kept.grown(data.columns);
      drawChooser(data.assets ?? assets);
      put(clusters, nearest(data, state.reach));
      if (!data.columns.length) return empty("No map yet.", "The first column is drawn when the venue has a price.");
      drawn.label(words(data));
      drawn.update(() => map(data, state.reach));
      return drawn.element;
    },
    what: "Drawing the map",
  });
  const drawChooser = (names) => {
    if (chooser.childElementCount) return;
    const select = h("select", { name: "asset", "aria-label": "Asset", onchange: () => { state.asset = select.value; history.replaceState(null, "", `#/heatmap/${encodeURIComponent(select.value)}`); asked.refresh(); } },
      names.map((name) => h("option", { value: name, selected: name === state.asset }, name)));
    const reach = segments("Reach of prices", Object.entries(REACH), String(state.reach), (value) => { state.reach = Number(value); asked.refresh(); });
    chooser.append(select, reach);
  };
  const offs = [live.moved(asked.refresh, 3000)];
  return {
    parts: [
      head(TITLE, "Where debt would be liquidated if one price moved there: dark bands are clusters.", chooser),
      panel("Price, time and debt", {}, asked.element),
      panel("Nearest clusters", { note: "The same in figures, for the moment shown last." }, clusters),
    ],
    close() { offs.forEach((off) => off()); drawn.close(); },
  };
}

const edge = (data, bin) => data.step ** bin;

function rangeOf(data, reach) {
  const prices = data.columns.map((column) => column.price);
  const last = prices.at(-1);
  return [Math.min(last * (1 - reach), 0.97 * Math.min(...prices)), Math.max(last * (1 + reach), 1.06 * Math.max(...prices))];
}

function map(data, reach) {
  const [low, high] = rangeOf(data, reach);
  const first = Math.floor(Math.log(low) / Math.log(data.step));
  const last = Math.ceil(Math.log(high) / Math.log(data.step));
  const x = data.columns.map((column) => column.as_of);
  const y = [];
  for (let bin = first; bin <= last; bin += 1) y.push(edge(data, bin + 0.5));
  const z = y.map((_, at) => data.columns.map((column) => column.values[first + at - column.first] ?? 0));
  const most = Math.max(1, ...z.flat());
  const ticks = ticksOf(most);
  return {
    data: [
      { type: "heatmap", x, y, z: z.map((row) => row.map(Math.sqrt)), customdata: z, zmin: 0, zmax: Math.sqrt(most), colorscale: shade(), zsmooth: false,
        colorbar: { title: { text: `debt, ${data.quote}`, side: "right", font: { size: 11, color: color("muted") } }, thickness: 10, outlinewidth: 0, tickfont: { size: 11, color: color("muted") }, tickvals: ticks.map(Math.sqrt), ticktext: ticks.map(shortText), x: 1.01 },
        hovertemplate: `%{x|%d %b %H:%M}<br>at %{y:,.5~g} ${data.quote}: %{customdata:,.4s} ${data.quote} of debt<extra></extra>` },
      { type: "scatter", mode: "lines", name: "price", x, y: data.columns.map((column) => column.price), line: { color: color("price"), width: 2.2 }, hoverinfo: "skip" },
    ],
    layout: {
      height: innerWidth < 820 ? 380 : 520, hovermode: "closest",
      xaxis: { type: "date", showgrid: false, nticks: innerWidth < 820 ? 4 : 10, tickangle: 0 }, yaxis: { title: { text: `${data.asset}, ${data.quote}` }, range: [low, high], showgrid: false, tickformat: ",~g" },
      margin: { l: 8, r: 8, t: 26, b: 8 },
      // Above the map: at its edge it would cover the newest cells and the line.
      annotations: [{ xref: "paper", yref: "paper", x: 1, xanchor: "right", y: 1, yanchor: "bottom", showarrow: false, text: `now ${priceText(data.columns.at(-1).price)} ${data.quote}`, font: { size: 12, color: color("price") } }],
    },
  };
}

/* Round values on a scale by square root, on which small clusters stay in sight. */
function ticksOf(most) {
  const top = 10 ** Math.floor(Math.log10(most));
  const steps = [0, 0.1, 0.5, 1, 2, 5].map((step) => step * top);
  return steps.filter((step) => step <= most);
}

/* The bands of five percent that hold most of the debt, nearest to the price first. */
function bands(data, reach) {
  const column = data.columns.at(-1);
  if (!column) return [];
  const width = 0.05;
  const found = new Map();
  column.values.forEach((value, at) => {
    if (!value) return;
    const move = edge(data, column.first + at + 0.5) / column.price - 1;
    if (Math.abs(move) > reach) return;
    const band = move < 0 ? Math.ceil(move / width - 1e-9) - 1 : Math.floor(move / width + 1e-9);
    found.set(band, (found.get(band) ?? 0) + value);
  });
  return [...found].map(([band, value]) => ({ from: band * width, to: (band + 1) * width, value, price: column.price }));
}

function nearest(data, reach) {
  const rows = bands(data, reach).sort((a, b) => Math.abs(a.from + a.to) - Math.abs(b.from + b.to)).slice(0, 14).sort((a, b) => b.from - a.from);
  if (!rows.length) return empty("Nobody is within reach.", `No move of ${data.asset} up to ${percentText(reach)} makes any account liquidatable by itself.`);
  const most = Math.max(...rows.map((row) => row.value));
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return bars("Clusters by price", [`move of ${data.asset}`, `price, ${data.quote}`, `debt, ${data.quote}`, "of shown"], rows.map((row) => ({
    name: `${percentText(row.from, { signed: true, places: 0 })} to ${percentText(row.to, { signed: true, places: 0 })}`,
    tint: row.from < 0 ? "risk" : "accent", part: row.value / most,
    cells: [figure(`${priceText(row.price * (1 + row.from))} – ${priceText(row.price * (1 + row.to))}`), cell(row.value.toFixed(2)), figure(percentText(row.value / total), row.value / total)],
  })), { kind: "slim" });
}

function words(data) {
  const column = data.columns.at(-1);
  const rows = bands(data, 0.4).sort((a, b) => b.value - a.value);
  const largest = rows[0];
  const about = largest ? `The largest cluster within 40 percent holds ${moneyText(largest.value)} ${data.quote} of debt, ${percentText(largest.from, { signed: true, places: 0 })} to ${percentText(largest.to, { signed: true, places: 0 })} away.` : "Nobody is within 40 percent.";
  return `Heat map of ${data.asset} at ${priceText(column.price)} ${data.quote}. ${about}`;
}

