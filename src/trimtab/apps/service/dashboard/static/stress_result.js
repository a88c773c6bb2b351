/* The answer of a stress test (`trimtab.stress/1`): each figure with how sure it is. */
import { chart, color } from "./chart.js";
import { h } from "./dom.js";
import { cell, count, duration, figure, known, money, moneyText, percentText, words } from "./format.js";
import { nested } from "./nested.js";
import { bars, empty, facts, panel, table, tiles } from "./parts.js";

const PAYERS = { own_margin: "own margin", penalty: "penalty", insurance: "insurance fund", backstop: "backstop", adl: "deleveraging", socialized: "suppliers", under_water: "nobody yet" };
const TINTS = ["h7", "h6", "h5", "h4", "h2", "h0"];
const COUNTED = { liquidations: "" };

/** Draw an answer; `closers` is given what must be closed with the page. */
export function stressResult(found, closers) {
  if (!found?.measures) return nested(found ?? {});
  const unit = found.quote;
  return h("div", {}, answers(found, unit),
    h("div", { class: "panels" },
      panel("Loss, path by path", { size: "w6" }, lossChart(found, unit, closers)),
      panel("Loss against a fall of all prices", { size: "w6" }, curveChart(found, unit, closers)),
      panel("Measures", { size: "w7", note: "Means with the half-width of their interval; quantiles over paths." }, measures(found, unit)),
      panel("Who bears it", { size: "w5", note: "Of the mean loss, and of the loss in the worst paths." }, bearers(found, unit)),
      panel("Worst paths", { size: "w7" }, worst(found, unit)),
      panel("What was asked", { size: "w5" }, asked(found))));
}

function answers(found, unit) {
  const loss = found.measures.loss;
  const tail = loss.tails.at(-1);
  const short = Number(found.fund.size.value) > Number(found.fund.present);
  return tiles([
    { name: "Mean loss", value: money(loss.mean.value, unit), note: interval(loss.mean, unit) },
    { name: `Value at risk, ${share(tail.level)}`, value: money(tail.value_at_risk.value, unit), note: interval(tail.value_at_risk, unit), tone: tail.value_at_risk.value > 0 ? "warn" : "good" },
    { name: `Expected shortfall, ${share(tail.level)}`, value: money(tail.expected_shortfall.value, unit), note: `${count(tail.paths_beyond).textContent} paths beyond` },
    { name: "Chance of insolvency", value: chance(found.insolvency.value), note: h("span", {}, chance(found.insolvency.low), " to ", chance(found.insolvency.high)), tone: found.insolvency.value > 0 ? "bad" : "good" },
    { name: `Fund for ${share(1 - found.fund.probability)} of paths`, value: money(found.fund.size.value, unit), note: h("span", {}, "there is ", money(found.fund.present, unit)), tone: short ? "bad" : "good" },
    { name: "Worst path", value: money(loss.worst, unit), note: `of ${count(found.run.done).textContent} paths` },
    { name: "Liquidated, mean", value: money(found.measures.liquidated?.mean.value, unit), note: "debt repaid by liquidators" },
    { name: "Leverage at the start", value: figure(`${Number(found.capacity.leverage).toFixed(2)} ×`, found.capacity.leverage), note: `${percentText(found.capacity.used)} of what could be borrowed` },
  ], { four: true });
}

/* A level without zeros at its end: 99 %, 99.5 %. */
const share = (level) => percentText(Number(level)).replace(".0\u202f", "\u202f");

/* A size whose unit stands beside its measure; the largest in words. */
const size = (value) => (known(value) ? figure(Math.abs(value) < 1e9 ? cell(value).textContent : moneyText(value), value) : figure("–"));

const chance = (value) => (known(value) ? figure(percentText(value, { places: 2 }), value) : figure("–"));

function interval(estimate, unit) {
  if (!known(estimate.low) || !known(estimate.high)) return known(estimate.low) ? `at least ${moneyText(estimate.low)}; no upper bound` : "too few paths to bound it";
  return h("span", { title: estimate.method }, `${moneyText(estimate.low)} to ${moneyText(estimate.high)} ${unit}`);
}

function lossChart(found, unit, closers) {
  const { edges, shares, zero_share: none } = found.measures.loss.histogram;
  if (!shares.length) return empty("No path loses anything.", "Every debt stays covered, in all paths.");
  const drawn = chart({ label: `Distribution of the loss: ${percentText(none)} of paths lose nothing`, caption: `${percentText(none)} of paths lose nothing and are left out of the bars; the lines are value at risk by level.` });
  closers.push(drawn.close);
  const middle = shares.map((_, at) => (edges[at] + edges[at + 1]) / 2);
  const width = shares.map((_, at) => edges[at + 1] - edges[at]);
  drawn.update(() => ({
    data: [{ type: "bar", x: middle, y: shares, width, marker: { color: color("risk") }, hovertemplate: `%{x:,.3s} ${unit}: %{y:.2%} of paths<extra></extra>` }],
    layout: {
      height: 270, hovermode: "closest", bargap: 0, xaxis: { title: { text: `loss, ${unit}` }, exponentformat: "B" }, yaxis: { title: { text: "share of paths" }, tickformat: ".1%" },
      shapes: found.measures.loss.tails.map((tail) => ({ type: "line", x0: tail.value_at_risk.value, x1: tail.value_at_risk.value, yref: "paper", y0: 0, y1: 1, line: { color: color("bad"), width: 1.5, dash: "dot" } })),
      annotations: found.measures.loss.tails.map((tail, at) => ({ x: tail.value_at_risk.value, yref: "paper", y: 1 - 0.1 * at, showarrow: false, xanchor: "right", text: share(tail.level), font: { size: 11, color: color("bad") } })),
    },
  }));
  return drawn.element;
}

function curveChart(found, unit, closers) {
  const points = found.curve?.points ?? [];
  if (!points.length) return empty("No curve was asked for.");
  const deepest = percentText(Math.max(...points.map((one) => one.depth)), { places: 0 });
  if (!points.some((one) => one.loss || one.loss_alone)) return empty("No fall loses anything.", `A fall of all prices at once, down to ${deepest}, leaves every debt covered or still open to liquidation.`);
  const drawn = chart({ label: "Loss by the depth of a fall of all prices", caption: "One fall at once, with liquidations moving prices and without." });
  closers.push(drawn.close);
  const line = (name, column, style) => ({ type: "scatter", mode: "lines+markers", name, x: points.map((one) => -one.depth), y: points.map((one) => one[column]), line: style, marker: { size: 4 }, hovertemplate: `%{x:.0%}: %{y:,.3s} ${unit}<extra>${name}</extra>` });
  drawn.update(() => ({
    data: [line("with feedback", "loss", { color: color("loss"), width: 2 }), line("without", "loss_alone", { color: color("muted"), width: 2, dash: "dash" })],
    layout: { height: 270, showlegend: true, legend: { orientation: "h", y: 1.15, x: 0, font: { size: 11 } }, xaxis: { tickformat: ".0%", title: { text: "fall of all prices" }, autorange: "reversed" }, yaxis: { title: { text: `loss, ${unit}` }, exponentformat: "B", rangemode: "tozero" } },
  }));
  return drawn.element;
}

function measures(found, unit) {
  const rows = Object.values(found.measures);
  const unitOf = (row) => COUNTED[row.measure] ?? unit;
  const quantile = (level) => ({ name: share(level), n: true, cell: (row) => size(row.quantiles[level]) });
  const levels = ["0.5", "0.95", "0.99"].filter((level) => rows[0] && level in rows[0].quantiles);
  const shown = table("Measures", [
    { name: "measure", cell: (row) => [words(row.measure), h("span", { class: "below" }, row.measure === "undercollateralized_seconds" ? `${unit} × s` : unitOf(row) || "count")] },
    { name: "mean", n: true, cell: (row) => [size(row.mean.value), known(row.mean.high) ? h("span", { class: "below" }, "± ", size(row.mean.high - row.mean.value)) : null] },
    ...levels.map(quantile),
    { name: "worst", n: true, cell: (row) => size(row.worst) },
  ], { key: (row) => row.measure });
  return shown.update(rows);
}

function bearers(found, unit) {
  const total = found.bearers.reduce((sum, row) => sum + row.tail_mean, 0);
  if (!total) return empty("Nobody bears anything.", "No payer of the waterfall was called upon; what is missing at the end of a path stands open.");
  const most = Math.max(...found.bearers.map((row) => row.tail_mean), 1e-9);
  return bars("Who bears the loss", ["payer", `mean, ${unit}`, `in the tail, ${unit}`], found.bearers.map((row, at) => ({
    name: PAYERS[row.payer] ?? words(row.payer), tint: TINTS[at] ?? "muted", part: row.tail_mean / most, cells: [cell(row.mean), cell(row.tail_mean)],
  })));
}

function worst(found, unit) {
  if (!found.worst.length || !found.worst[0].loss) return empty("No path loses anything.");
  const column = (name) => ({ name: words(name), head: `${words(name)}, ${unit}`, n: true, cell: (row) => cell(row.columns[name]) });
  const shown = table("Worst paths", [
    { name: "path", cell: (row) => `№\u00a0${row.path}` },
    { name: "loss", head: `loss, ${unit}`, n: true, cell: (row) => cell(row.loss), sort: (row) => row.loss },
    ...["liquidated", "insurance_used", "socialized"].map(column),
    { name: "liquidations", n: true, cell: (row) => count(row.columns.liquidations) },
  ], { key: (row) => row.path });
  return shown.update(found.worst);
}

function asked(found) {
  const { question, run } = found;
  return h("div", {}, facts([
    ["Horizon", duration(question.horizon_seconds)], ["Step", duration(run.step_seconds)], ["Paths", count(run.done)], ["Seed", question.seed],
    ["Prices move by", words(question.process.kind)], ["Correlations to one", percentText(Number(question.process.correlation_share))], ["Engine", words(question.engine)],
    ["Sampling", `${words(run.sampling.kind)}, worth ${count(Math.round(run.effective_paths)).textContent} plain paths`],
  ]), h("details", {}, h("summary", {}, "Everything that was asked"), nested(question, 4)));
}
