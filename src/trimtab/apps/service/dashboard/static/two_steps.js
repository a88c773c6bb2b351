/* Dangerous operations in two steps: a proposal says what it would do, a second word does it. */
import { post } from "./api.js";
import { h } from "./dom.js";
import { momentText, words } from "./format.js";
import { banner } from "./parts.js";

const RANK = { read: 0, operate: 1, admin: 2 };

/** Whether the session's key may act in a role. */
export const may = (live, role) => RANK[live.venue.role ?? "read"] >= RANK[role];

/** A line for those whose key may not. */
export const needsRole = (live, role) => (may(live, role) ? null : h("span", { class: "note" }, ` This needs a key of role ${role}; yours is ${live.venue.role}.`));

/** What became of an operation: nothing, or why the engine refused it, thrown as an error. */
export function requireDone(performed) {
  const [refused] = performed.refused ?? [];
  if (refused) throw new Error(`The engine refused it: ${words(refused.reason)}${Object.entries(refused.data ?? {}).map(([name, value]) => `, ${words(name)} ${value}`).join("")}.`);
  return performed;
}

/** A button that proposes, shows what it is about, and asks for the second word; `done` follows. */
export function twoSteps({ live, action, body, label, title, text, done }) {
  const button = h("button", { type: "button", class: "grave", disabled: !may(live, "operate"), onclick: () => ask() }, label);
  const ask = () => dialogOf({ live, title, text: text(), button, done, propose: async () => { const made = await post(action, body()); return made.proposal ?? made; } });
  return h("p", {}, button, needsRole(live, "operate"));
}

/** A button that gives the second word to a proposal which waits already. */
export function secondWord({ live, proposal, title, text, done }) {
  const button = h("button", { type: "button", class: "grave", disabled: !may(live, "admin"), onclick: () => dialogOf({ live, title, text: text(), button, done, propose: async () => proposal }) }, "Confirm …");
  return button;
}

function dialogOf({ live, title, text, button, done, propose }) {
  const said = h("div", { role: "alert" });
  const go = h("button", { type: "button", class: "grave", disabled: true }, "Confirm");
  const dialog = h("dialog", { "aria-labelledby": "two-steps" }, h("h2", { id: "two-steps" }, title), text, said,
    h("div", { class: "form" }, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), go));
  dialog.addEventListener("close", () => { dialog.remove(); button.focus(); });
  document.body.append(dialog);
  dialog.showModal();
  const fail = (error) => said.replaceChildren(banner(error.message, "bad"));
  propose().then((proposal) => {
    said.replaceChildren(h("p", { class: "note" }, `This proposal waits until ${momentText(proposal.expires)}. Confirming does it at once and writes it to the audit trail.`, needsRole(live, "admin")));
    go.disabled = !may(live, "admin");
    go.onclick = async () => {
      go.disabled = true;
      try {
        requireDone(await post(`confirm/${proposal.token}`, {}));
        dialog.close();
        done();
      } catch (error) {
        fail(error);
      }
    };
    if (!go.disabled) go.focus();
  }, fail);
}
