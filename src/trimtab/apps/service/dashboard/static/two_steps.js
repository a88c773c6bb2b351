/* Dangerous operations in two steps: propose (the service says what it would do), then confirm. */
import { post } from "./api.js";
import { h } from "./dom.js";
import { banner } from "./parts.js";

const RANK = { read: 0, operate: 1, admin: 2 };

/** Whether the session's key may act in a role. */
export const may = (live, role) => RANK[live.venue.role ?? "admin"] >= RANK[role];

/** A button that opens the first step; `done` follows the second. */
export function twoSteps({ live, action, body, role, label, title, text, done, grave = true }) {
  const allowed = may(live, role);
  const button = h("button", { type: "button", class: grave ? "grave" : "", disabled: !allowed, onclick: () => ask() }, label);
  const note = allowed ? null : h("span", { class: "note" }, ` This needs a key of role ${role}; yours is ${live.venue.role}.`);
  const ask = () => {
    const said = h("div", { role: "alert" });
    const go = h("button", { type: "button", class: "grave", disabled: true }, "Confirm");
    const dialog = h("dialog", { "aria-labelledby": "two-steps" }, h("h2", { id: "two-steps" }, title), text(), said,
      h("div", { class: "form" }, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), go));
    dialog.addEventListener("close", () => { dialog.remove(); button.focus(); });
    document.body.append(dialog);
    dialog.showModal();
    propose({ action, body, go, said, done: () => { dialog.close(); done(); } });
  };
  return h("p", {}, button, note);
}

async function propose({ action, body, go, said, done }) {
  try {
    const asked = await post(action, body);
    said.append(h("p", { class: "note" }, `The service holds this proposal until ${asked.expires ?? "it expires"}. Confirming carries it out and writes it to the audit trail.`));
    go.disabled = false;
    go.onclick = async () => {
      go.disabled = true;
      try {
        await post(`confirm/${asked.token}`, {});
        done();
      } catch (error) {
        said.replaceChildren(banner(error.message, "bad"));
      }
    };
    go.focus();
  } catch (error) {
    said.replaceChildren(banner(error.message, "bad"));
  }
}
