/* Signing in: a key of the service, kept in this tab alone. */
import { get, session } from "./api.js";
import { h } from "./dom.js";

/** The form that asks for a key and tries it; `done` follows when the service accepts it. */
export function signIn({ reason, done }) {
  const input = h("input", { type: "password", name: "key", autocomplete: "off", required: true, "aria-describedby": "sign-in-note" });
  const said = h("p", { class: "banner bad", role: "alert", hidden: !reason }, reason);
  const button = h("button", { class: "main", type: "submit" }, "Sign in");
  const form = h("form", { class: "panel sign-in", onsubmit: tried }, h("h1", {}, "Sign in to this venue"), said,
    h("label", { class: "field" }, h("span", {}, "API key"), input),
    h("p", { class: "note", id: "sign-in-note" }, "A key of role read shows everything; operate and admin may also act. It stays in this tab and is forgotten when the tab closes."), button);

  async function tried(event) {
    event.preventDefault();
    button.disabled = true;
    session.key = input.value.trim();
    try {
      await get("dashboard/session");
      done();
    } catch (error) {
      session.key = "";
      said.textContent = error.status === 401 || error.status === 403 ? "The service does not accept this key." : error.message;
      said.hidden = false;
      input.select();
    } finally {
      button.disabled = false;
    }
  }
  queueMicrotask(() => input.focus());
  return form;
}
