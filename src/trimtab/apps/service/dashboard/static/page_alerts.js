/* Alerts: what is raised now, by which rules, and notices that could not be sent. */
import { get, post } from "./api.js";
import { announce, h } from "./dom.js";
import { accountLink } from "./events.js";
import { count, words } from "./format.js";
import { banner, empty, head, panel, resource, table } from "./parts.js";
import { leaf } from "./nested.js";
import { may } from "./two_steps.js";

export const TITLE = "Alerts";
const TONES = { critical: "bad", page: "bad", error: "bad", warning: "warn", info: "" };

/** Open the page. */
export function open({ live }) {
  const raised = table("Raised alerts", raisedColumns(), { key: (row) => row.id });
  const rules = table("Rules of alerts", ruleColumns(), { key: (row) => row.name });
  const none = empty("No alert is raised.", "An alert appears here when its rule's limit is passed, and leaves when the measure is back beyond its clearing limit.");
  const noRules = empty("This service has no rules of alerts.", "Rules are given in a TOML file when the service is started (see the operations guide).");
  const place = { raised: h("div", {}), rules: h("div", {}), dead: h("div", {}) };
  const swap = (element, made) => { if (element.firstChild !== made) element.replaceChildren(made); };
  const body = h("div", {}, h("div", { class: "panels" }, panel("Raised now", {}, place.raised), panel("Rules", {}, place.rules), panel("Notices that could not be sent", {}, place.dead)));
  const asked = resource({
    load: () => get("alerts"),
    draw: (data) => {
      swap(place.raised, data.failure ? banner(`The rules could not be looked at: ${data.failure}`, "bad") : data.raised.length ? raised.update(data.raised) : none);
      swap(place.rules, data.rules.length ? rules.update(data.rules) : noRules);
      if (place.dead.dataset.count !== String(data.dead_letters)) drawDead(place.dead, data.dead_letters, { live, again: () => asked.refresh() });
      return body;
    },
  });
  return { parts: [head(TITLE, "Rules watch the venue beside these pages, and write to whom they are told to."), asked.element], close: live.moved(asked.refresh, 2000) };
}

const raisedColumns = () => [
  { name: "alert", cell: (row) => [row.rule, h("span", { class: "below" }, words(row.measure))] },
  { name: "severity", cell: (row) => h("span", { class: `tag ${TONES[row.severity] ?? "warn"}` }, row.severity) },
  { name: "about", cell: (row) => (row.measure === "account_health" ? accountLink(row.subject) : row.subject || "the venue") },
  { name: "value", n: true, cell: (row) => leaf(row.value) },
  { name: "limit", n: true, cell: (row) => leaf(row.limit) },
];

const ruleColumns = () => [
  { name: "rule", cell: (row) => [row.name, h("span", { class: "below" }, words(row.measure))] },
  { name: "raised", cell: (row) => h("span", {}, `${row.side} `, leaf(row.limit), row.match || row.asset ? h("span", { class: "note" }, ` for ${[row.match, row.asset].filter(Boolean).join(", ")}`) : null) },
  { name: "cleared at", n: true, cell: (row) => leaf(row.clear) },
  { name: "holds for", n: true, cell: (row) => (row.hold_seconds === null ? "–" : h("span", {}, leaf(row.hold_seconds), " s")) },
  { name: "severity", cell: (row) => row.severity },
  { name: "to", cell: (row) => row.to.join(", ") },
];

async function drawDead(place, number, { live, again }) {
  place.dataset.count = String(number);
  if (!number) return void place.replaceChildren(empty("None.", "A notice that could not be sent is tried again, and kept here when it is given up."));
  const rows = table("Dead letters", [
    { name: "notice", cell: (row) => [row.title, h("span", { class: "below" }, row.sender)] },
    { name: "tries", n: true, cell: (row) => count(row.tries) },
    { name: "why", whole: true, cell: (row) => row.why },
  ], { key: (row) => `${row.sender} ${row.id}`, tall: true });
  const retry = h("button", { type: "button", disabled: !may(live, "operate"), onclick: async () => { const found = await post("alerts/dead-letters/retry", {}); announce(`${found.retried} are tried again.`); again(); } }, "Try all again");
  place.replaceChildren(rows.update((await get("alerts/dead-letters")).letters), h("p", {}, retry));
}
