/* Rules: what is in force, and what a change of it would do before anybody makes it. */
import { get, post } from "./api.js";
import { announce, h, put } from "./dom.js";
import { accountLink } from "./events.js";
import { cell, count, counted, figure, money, momentText, ratio, words } from "./format.js";
import { banner, empty, facts, head, panel, resource, table } from "./parts.js";
import { breakerPanel, waitingPanel } from "./operations.js";
import { twoSteps } from "./two_steps.js";

export const TITLE = "Rules and breaker";
const EDITABLE = ["ratio", "factor", "value", "price", "amount", "seconds", "count", "flag"];

/** Open the page. */
export function open({ live }) {
  const state = { settings: [], changes: new Map(), section: "", search: "" };
  const unit = live.venue.quote;
  const list = settingsTable((setting) => add(setting));
  const proposal = proposalPart(state, { unit, live, changed: () => { asked.refresh(); waiting.refresh(); } });
  const ramps = h("div", {});
  const sections = h("select", { name: "section", "aria-label": "Section", onchange: () => { state.section = sections.value; draw(); } });
  const search = h("input", { type: "search", name: "setting", placeholder: "setting holds …", "aria-label": "Setting holds", oninput: () => { state.search = search.value.trim().toLowerCase(); draw(); } });
  const add = (setting) => { state.changes.set(idOf(setting), { setting, value: setting.value ?? "" }); proposal.draw({ focus: idOf(setting) }); };
  const draw = () => list.update(state.settings.filter((row) => matches(row, state)));
  const asked = resource({
    load: () => get("rules"),
    draw: (data) => {
      state.settings = data.settings;
      if (!sections.childElementCount) fillSections(sections, state);
      put(ramps, rampsOf(data));
      draw();
      return body;
    },
  });
  const breaker = breakerPanel(live, { changed: () => waiting.refresh() });
  const waiting = waitingPanel(live, { changed: () => { asked.refresh(); breaker.refresh(); } });
  const body = h("div", { class: "panels" },
    panel("Rules in force", { size: "w7", right: h("div", { class: "form" }, sections, search) }, list.element),
    h("div", { class: "w5 panel bare" }, proposal.element, panel("Ramps", { note: "Weights on their way to a new value." }, ramps), breaker.element, waiting.element));
  proposal.draw();
  return { parts: [head(TITLE, "Choose a setting, try a value, and see who would become liquidatable. Nothing changes until it is confirmed."), asked.element], close: live.moved(() => breaker.refresh(), 3000) };
}

const idOf = (setting) => [setting.section, setting.name, setting.field].join(".");
const titleOf = (setting) => [setting.section, setting.name, setting.key].filter(Boolean).join(" · ");
const matches = (row, { section, search }) =>
  (!section || `${row.section}.${row.name}` === section) && (!search || `${titleOf(row)} ${row.doc}`.toLowerCase().includes(search));

function fillSections(select, state) {
  const names = [...new Set(state.settings.map((row) => `${row.section}.${row.name}`))];
  select.append(h("option", { value: "" }, "all sections"), ...names.map((name) => h("option", { value: name }, words(name.replace(/\.$/, "").replace(".", " · ")))));
  state.section = names[0] ?? "";
  select.value = state.section;
}

const settingsTable = (choose) => table("Rules in force", [
  { name: "setting", cell: (row) => [h("code", {}, row.key), h("span", { class: "below" }, [row.section, row.name].filter(Boolean).join(" · "))] },
  { name: "value", n: true, cell: (row) => valueOf(row) },
  { name: "meaning", whole: true, cell: (row) => h("span", { class: "note" }, row.doc, row.ramped ? "; ramps" : "") },
  { name: "change", head: h("span", { class: "hidden" }, "change"), n: true, cell: (row) => (EDITABLE.includes(row.kind) ? h("button", { type: "button", "data-setting": idOf(row), "aria-label": `Try another ${row.key} of ${[row.section, row.name].join(" ")}` }, "Try") : h("span", { class: "note" }, "fixed")) },
], { key: idOf, tall: true, choose });

function valueOf(row) {
  if (row.value === null) return h("span", { class: "note" }, "none");
  if (row.unit === "fraction") return ratio(row.value);
  return figure(Number.isNaN(Number(row.value)) ? row.value : Number(row.value).toLocaleString("en-US", { maximumFractionDigits: 6 }), row.value, { unit: row.unit === "count" || row.unit === "true or false" ? "" : row.unit ?? "" });
}

function proposalPart(state, { unit, live, changed }) {
  const lines = h("div", {});
  const result = h("div", { role: "status", "aria-live": "polite" });
  const reason = h("input", { type: "text", name: "reason", required: true, maxlength: 500, placeholder: "for the audit trail" });
  const dry = h("button", { type: "submit", class: "main" }, "Dry run");
  const form = h("form", { onsubmit: tryIt }, lines, h("label", { class: "field" }, h("span", {}, "Reason"), reason), h("p", { class: "form" }, dry));
  const none = empty("Nothing is proposed.", "Press Try beside a setting to propose another value for it.");
  const element = panel("Proposal", { note: "A dry run changes nothing." }, none, form, result);

  function draw({ focus } = {}) {
    none.hidden = state.changes.size > 0;
    form.hidden = state.changes.size === 0;
    result.replaceChildren();
    lines.replaceChildren(...[...state.changes].map(([id, change]) => line(id, change)));
    if (focus) lines.querySelector(`[name="${CSS.escape(focus)}"]`)?.select();
  }
  function line(id, change) {
    const { setting } = change;
    const input = h("input", { type: "text", name: id, value: change.value, required: true, inputmode: "decimal", autocomplete: "off", oninput: () => { change.value = input.value.trim(); result.replaceChildren(); } });
    const drop = h("button", { type: "button", class: "quiet", "aria-label": `Drop the change of ${setting.key}`, onclick: () => { state.changes.delete(id); draw(); } }, "Drop");
    return h("div", { class: "form" }, h("label", { class: "field" }, h("span", {}, titleOf(setting), setting.unit ? `, ${setting.unit}` : ""), input, h("small", { class: "note" }, `now ${setting.value ?? "none"}`)), drop);
  }
  const asked = () => ({ changes: [...state.changes.values()].map(({ setting, value }) => ({ section: setting.section, name: setting.name, field: setting.field, value })), reason: reason.value });
  async function tryIt(event) {
    event.preventDefault();
    dry.disabled = true;
    try {
      const found = await post("rules/dry-run", asked());
      put(result, outcome(found, unit));
      announce(found.result.accepted ? `${counted(found.newly_unsafe_total, "account")} would become liquidatable.` : "The engine would refuse this change.");
      if (found.result.accepted) result.append(applying());
    } catch (error) {
      put(result, banner(error.message, "bad"));
    } finally {
      dry.disabled = false;
    }
  }
  const applying = () => twoSteps({
    live, action: "rules/proposals", body: asked, label: "Propose for real …", title: "Change the rules of the venue?",
    text: () => facts(asked().changes.map((one) => [[one.section, one.name, one.field].filter(Boolean).join("."), one.value]).concat([["Reason", reason.value]])),
    done: () => { state.changes.clear(); draw(); put(result, banner("The rules are changed.", "good")); changed(); },
  });
  return { element, draw };
}

function outcome(found, unit) {
  if (!found.result.accepted) return h("div", {}, banner(`The engine would refuse this: ${words(found.result.reason)}.`, "bad"), facts(Object.entries(found.result.data).map(([name, value]) => [words(name), value])));
  if (!found.newly_unsafe_total) return banner("Nobody would become liquidatable at today's prices.", "good");
  const rows = table("Who would become liquidatable", [
    { name: "account", cell: (row) => accountLink(row.key) },
    { name: "debt", head: `debt, ${unit}`, n: true, cell: (row) => cell(row.debt), sort: (row) => Number(row.debt) },
    { name: "missing", head: `missing, ${unit}`, n: true, cell: (row) => cell(row.missing), sort: (row) => Number(row.missing) },
  ], { key: (row) => row.key, tall: true });
  return h("div", {}, banner(`${counted(found.newly_unsafe_total, "account")} would become liquidatable.`, "warn"),
    facts([["Their debt", money(found.debt, unit)], ["Missing weighted collateral", money(found.missing, unit)]]), rows.update(found.newly_unsafe),
    found.newly_unsafe_total > found.newly_unsafe.length ? h("p", { class: "note" }, "The largest shortages, ", count(found.newly_unsafe.length), " of ", count(found.newly_unsafe_total), ".") : null);
}

function rampsOf(data) {
  if (!data.ramps.length) return empty("No ramp is running.", "A changed weight moves slowly, so that no change by itself liquidates an account without notice.");
  return facts(data.ramps.map((ramp) => [[ramp.section, ramp.name, ramp.field].filter(Boolean).join("."), `${ramp.start} → ${ramp.target}, until ${momentText(ramp.ends)}`]));
}
