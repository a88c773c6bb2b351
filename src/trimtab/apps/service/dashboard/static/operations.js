/* What operators do besides rules: the circuit breaker, and proposals that wait for a second word. */
import { get, post } from "./api.js";
import { LEVELS } from "./bar.js";
import { announce, h, put } from "./dom.js";
import { momentText, words } from "./format.js";
import { banner, empty, facts, panel, resource } from "./parts.js";
import { may, needsRole, requireDone, secondWord, twoSteps } from "./two_steps.js";

const STOPS = ["", "no action that increases risk", "also no new liquidation", "also no auction fill"];

/** The panel of the circuit breaker: raising it needs one word, lowering it two. */
export function breakerPanel(live, { changed }) {
  const now = h("div", {});
  const said = h("div", { role: "status" });
  const asked = resource({ load: () => get("breakers"), draw: (data) => { put(now, standing(data)); return now; } });
  const level = h("select", { name: "level" }, [1, 2, 3].map((one) => h("option", { value: one }, `${one}: ${STOPS[one]}`)));
  const lower = h("select", { name: "lower-to" }, [0, 1, 2].map((one) => h("option", { value: one }, one ? `${one}: ${STOPS[one]}` : "0: nothing stopped")));
  const reason = h("input", { type: "text", name: "breaker-reason", maxlength: 500, required: true, placeholder: "for the audit trail" });
  const raise = h("button", { type: "submit", class: "grave", disabled: !may(live, "operate") }, "Raise now");
  const over = (text) => { put(said, banner(text, "good")); announce(text); asked.refresh(); changed(); };
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    raise.disabled = true;
    try {
      requireDone(await post("breakers/pause", { level: Number(level.value), reason: reason.value }));
      over(`The breaker stands at level ${level.value}.`);
    } catch (error) {
      put(said, banner(error.message, "bad"));
    }
    raise.disabled = !may(live, "operate");
  } },
  h("label", { class: "field" }, h("span", {}, "Reason"), reason),
  h("p", { class: "form" }, h("label", { class: "field" }, h("span", {}, "Raise to"), level), raise),
  h("div", { class: "form" }, h("label", { class: "field" }, h("span", {}, "Lower to"), lower), twoSteps({
    live, action: "breakers/resume", body: () => ({ level: Number(lower.value), reason: reason.value || "lowered from the dashboard" }), label: "Lower …", title: "Lower the circuit breaker?",
    text: () => facts([["Lower to level", `${lower.value}: ${LEVELS[lower.value]}`], ["Reason", reason.value || "lowered from the dashboard"]]),
    done: () => over(`The breaker is lowered to level ${lower.value}.`),
  })), needsRole(live, "operate"), said);
  return { element: panel("Circuit breaker", { note: "Raising it works at once; lowering it needs a second word." }, asked.element, h("details", {}, h("summary", {}, "Raise or lower it"), form)), refresh: asked.refresh };
}

const standing = (data) => facts([
  ["In force", h("span", { class: data.level ? "tone-bad" : "tone-good" }, `level ${data.level}: ${data.level ? data.meaning : LEVELS[0]}`)],
  ["Set by the operator", `level ${data.operator_level}`],
  ...data.trips.map((trip) => [`Tripped: ${words(trip.cause)}`, `level ${trip.level} until ${momentText(trip.until)}`]),
]);

/** Proposals of others that wait; only those who may act see them. */
export function waitingPanel(live, { changed }) {
  if (!may(live, "operate")) return { element: "", refresh() {} };
  const none = empty("Nothing waits.", "What one operator proposes is listed here until somebody with a key of role admin confirms it, or it ends.");
  const asked = resource({
    load: () => get("proposals"),
    draw: (data) => (data.proposals.length ? h("div", {}, data.proposals.map((one) => row(one))) : none),
  });
  const about = (one) => facts([["By", one.by], ["Until", momentText(one.expires)], ...Object.entries(one.about).map(([name, value]) => [words(name), typeof value === "object" ? JSON.stringify(value) : String(value)])]);
  const row = (one) => h("div", { class: "waiting" }, h("h3", {}, words(one.action)), about(one),
    h("p", {}, secondWord({ live, proposal: one, title: `Confirm: ${words(one.action)}?`, text: () => about(one), done: () => { announce("Done."); asked.refresh(); changed(); } })));
  return { element: panel("Waiting for a second word", {}, asked.element), refresh: asked.refresh };
}
