/* Journal: every command with its outcome, each entry chained to the one before. */
import { get } from "./api.js";
import { h, put } from "./dom.js";
import { accountLink } from "./events.js";
import { count, moment, words } from "./format.js";
import { banner, empty, head, panel, resource, table, tiles } from "./parts.js";
import { may } from "./two_steps.js";

export const TITLE = "Journal";
const PAGE = 100;

/** Open the page. */
export function open({ live }) {
  const state = { after: null, last: 0 };
  const top = h("div", {});
  const rows = table("Journal", columns(), { key: (row) => row.number, tall: true });
  const first = () => Math.max(0, (live.overview?.journal_number ?? 0) - PAGE);
  const asked = resource({
    load: () => get("journal", { after: state.after ?? first(), limit: PAGE }),
    draw: (data) => {
      state.last = data.last;
      put(top, tilesOf(data, live.overview));
      newest.disabled = state.after === null;
      if (!data.entries.length) return empty("Nothing is written here yet.", "The next command becomes the next entry.");
      rows.update([...data.entries].reverse());
      state.first = data.entries[0].number;
      older.disabled = state.first <= data.anchor + 1;
      return rows.element;
    },
  });
  const turn = (after) => { state.after = after; asked.refresh(); };
  const older = h("button", { type: "button", onclick: () => turn(Math.max(0, state.first - 1 - PAGE)) }, "Older");
  const newer = h("button", { type: "button", onclick: () => turn(state.first - 1 + PAGE >= state.last ? null : state.first - 1 + PAGE) }, "Newer");
  const newest = h("button", { type: "button", disabled: true, onclick: () => turn(null) }, "Newest");
  return {
    parts: [head(TITLE, live.venue.durable ? "What stands here was written before anybody heard of it: a crash loses nothing that was acknowledged." : ""), live.venue.durable ? null : banner("This journal is kept in memory: it is lost when the service ends, and what was acknowledged with it. To keep it, serve with --journal FILE."), top, panel("Entries", { right: h("span", { class: "form" }, older, newer, newest) }, asked.element), auditPanel(live)].filter(Boolean),
    close: live.moved(() => { if (state.after === null) asked.refresh(); }, 2000),
  };
}

/* What operators did; keys of role admin may read it. */
function auditPanel(live) {
  if (!may(live, "admin")) return panel("Audit trail", {}, empty("For administrators.", "What operators did is shown to keys of role admin."));
  const rows = table("Audit trail", [
    { name: "action", cell: (row) => [words(row.action), h("span", { class: "below" }, `№ ${row.number}`)] },
    { name: "time", n: true, whole: true, cell: (row) => moment(row.at) },
    { name: "who", cell: (row) => `${row.who}, ${row.role}` },
    { name: "about", whole: true, cell: (row) => h("span", { class: "note" }, Object.entries(row.about).map(([name, value]) => `${words(name)}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join("; ")) },
    { name: "result", cell: (row) => row.result },
  ], { key: (row) => row.number, tall: true });
  const none = empty("No operator has acted.", "Breaker, rules and gaps given up are listed with who did it and why.");
  const asked = resource({ load: () => get("audit", { limit: 50 }), draw: (data) => (data.actions.length ? rows.update([...data.actions].reverse()) : none) });
  return panel("Audit trail", { note: "Every action of an operator." }, asked.element);
}

const tilesOf = (data, overview) => tiles([
  { name: "Last entry", value: count(data.last), note: data.durable ? "durable" : "in memory, until the service ends" },
  { name: "Shown to readers", value: count(overview?.journal_number), note: "last entry in these pages" },
  { name: "Chain", value: h("code", { title: data.chain }, data.chain.slice(0, 12)), note: "SHA-256 over all entries so far" },
  { name: "Kept from", value: count(data.anchor + 1), note: data.anchor ? "older ones were dropped by retention" : "nothing has been dropped" },
], { four: true });

const columns = () => [
  { name: "entry", cell: (row) => [count(row.number), h("span", { class: "below" }, h("code", { title: row.chain }, row.chain.slice(0, 8)))] },
  { name: "taken in", n: true, whole: true, cell: (row) => moment(row.at, { day: true }) },
  { name: "source", cell: (row) => [row.source, row.source_number === null ? null : h("span", { class: "below" }, `№ ${row.source_number}`)] },
  { name: "command", whole: true, cell: (row) => [h("b", {}, spelled(row.command.command)), " ", accountLink(row.command.account ?? ""), h("span", { class: "below" }, about(row.command))] },
  { name: "outcome", whole: true, cell: (row) => (row.reason ? h("span", { class: "tag bad" }, words(row.reason)) : outcome(row.result)) },
];

/* `SetPrices` reads as `set prices`. */
const spelled = (name) => String(name).replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();

function about(command) {
  if (command.prices) return command.prices.map(([asset]) => asset).join(", ");
  const parts = ["debt", "collateral", "asset", "market", "fund", "reason"].filter((name) => typeof command[name] === "string" && command[name]);
  return parts.map((name) => `${name} ${command[name]}`).join(", ");
}

function outcome(result) {
  const kinds = new Map();
  for (const event of result ?? []) kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
  if (!kinds.size) return h("span", { class: "note" }, "accepted");
  return [...kinds].map(([kind, times]) => [h("span", { class: "tag" }, words(kind), times > 1 ? ` × ${times}` : ""), " "]);
}
