/* Oracle: what each price is, how old, who said it, and who was refused. */
import { get } from "./api.js";
import { h } from "./dom.js";
import { count, duration, figure, known, moment, percentText, price } from "./format.js";
import { empty, head, panel, resource, table } from "./parts.js";

export const TITLE = "Oracle sources";

/** Open the page. */
export function open({ live }) {
  const unit = live.venue.quote;
  const prices = table("Accepted prices", priceColumns(unit), { key: (row) => row.asset });
  const sources = table("Sources", sourceColumns(unit), { key: (row) => `${row.asset} ${row.source}` });
  const feeds = table("Feeds", feedColumns(), { key: (row) => row.source });
  const body = h("div", { class: "panels" },
    panel("Accepted prices", { note: "A stable price, where kept, follows the accepted one slowly; the initial level uses the worse of the two." }, prices.element),
    panel("What each source said last", {}, h("div", {})),
    panel("Feeds", { note: "Counts are of messages since the service began; a gap holds later messages back until it is filled." }, feeds.element));
  const place = body.children[1].lastChild;
  const none = empty("No source speaks for itself.", "The prices come as accepted prices; where several sources are heard, each one is listed with its age and its deviation.");
  const asked = resource({
    load: () => get("oracle"),
    draw: (data) => {
      prices.update(data.assets);
      const said = data.assets.flatMap((row) => row.sources.map((one) => ({ ...one, asset: row.asset, accepted: row.price })));
      place.replaceChildren(said.length ? sources.update(said) : none);
      feeds.update(data.feeds);
      return body;
    },
  });
  return { parts: [head(TITLE, "Where the prices come from. A refused price is an event, never a crash."), asked.element], close: live.moved(asked.refresh, 1500) };
}

const priceColumns = (unit) => [
  { name: "asset", cell: (row) => [row.asset, row.underlying ? h("span", { class: "below" }, `follows ${row.underlying}`) : null] },
  { name: "price", head: `price, ${unit}`, n: true, cell: (row) => price(row.price) },
  { name: "age", n: true, cell: (row) => (row.old ? h("span", { class: "tone-bad" }, duration(row.age_seconds), h("span", { class: "below tone-bad" }, "old")) : duration(row.age_seconds)), sort: (row) => Number(row.age_seconds ?? -1) },
  { name: "stable price", head: `stable price, ${unit}`, n: true, cell: (row) => price(row.stable_price) },
  { name: "sources", n: true, cell: (row) => count(row.sources.length) },
  { name: "refused in a row", n: true, cell: (row) => h("span", { class: row.refused_in_a_row ? "tone-bad" : "" }, count(row.refused_in_a_row)) },
];

const sourceColumns = (unit) => [
  { name: "source", cell: (row) => [row.source, h("span", { class: "below" }, row.asset)] },
  { name: "price", head: `price, ${unit}`, n: true, cell: (row) => price(row.price) },
  { name: "off the accepted", n: true, cell: (row) => deviation(row) },
  { name: "confidence", head: `confidence, ${unit}`, n: true, cell: (row) => (Number(row.confidence) ? price(row.confidence) : "–") },
  { name: "age", n: true, cell: (row) => duration(row.age_seconds), sort: (row) => Number(row.age_seconds) },
  { name: "published", n: true, whole: true, cell: (row) => moment(row.published, { day: true }) },
];

function deviation(row) {
  if (!known(row.accepted)) return "–";
  const off = Number(row.price) / Number(row.accepted) - 1;
  return figure(percentText(off, { signed: true, places: 2 }), off);
}

const feedColumns = () => [
  { name: "feed", cell: (row) => [row.source, h("span", { class: `below ${row.problem || row.stuck ? "tone-bad" : row.seen ? "tone-good" : ""}` }, row.state)] },
  { name: "last heard", n: true, cell: (row) => duration(row.age_seconds) },
  { name: "last number", n: true, cell: (row) => count(row.last_number) },
  { name: "taken", n: true, cell: (row) => count(row.taken) },
  { name: "duplicates", n: true, cell: (row) => count(row.duplicates) },
  { name: "reordered", n: true, cell: (row) => count(row.reordered) },
  { name: "dropped", n: true, cell: (row) => count(row.dropped) },
  { name: "gaps", n: true, cell: (row) => [count(row.gaps), row.missing_from === null ? null : h("span", { class: "below tone-warn" }, `waits for ${row.missing_from} to ${row.missing_to}`)] },
];
