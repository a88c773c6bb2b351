/* Alerts that are raised anywhere in these pages: counted in the list of pages, and said aloud. */
import { get } from "./api.js";
import { announce } from "./dom.js";
import { words } from "./format.js";

const EVERY_MS = 5000;
let off = null;
let asking = null;

/** Follow what the service says is wrong with itself; asked by the clock, for a dead feed moves nothing. */
export function watchStatus(live) {
  const look = async () => {
    const found = live.running && !document.hidden ? await get("status").catch(() => null) : null;
    if (!found || !live.running) return;
    const fresh = found.problems.filter((one) => !live.problems.includes(one) && one.startsWith("feed "));
    live.problems = found.problems;
    live.notices = found.notices;
    live.tell("problems", found);
    if (fresh.length) announce(`The service is degraded: ${fresh.join("; ")}`, { alarm: true });
  };
  clearInterval(asking);
  asking = setInterval(look, EVERY_MS);
  look();
}

/** Follow the service's alerts while the pages are open. */
export function watchAlerts(live) {
  const look = async () => {
    const found = (await get("alerts").catch(() => null))?.raised;
    if (!found || !live.running) return;
    const known = new Set(live.raised.map((one) => one.id));
    const fresh = found.filter((one) => !known.has(one.id));
    live.raised = found;
    live.tell("alerts", found);
    if (fresh.length) announce(`Alert: ${fresh.map((one) => `${one.rule}, ${words(one.measure)} ${one.subject}`).join("; ")}`, { alarm: true });
  };
  off?.();
  off = live.moved(look, EVERY_MS);
  look();
}
