/* The frame of the dashboard: which page is shown, the bar on top, signing in and out. */
import { get, session } from "./api.js";
import { announce, h, put } from "./dom.js";
import { bar } from "./bar.js";
import { live } from "./live.js";
import { watchAlerts, watchStatus } from "./watching.js";
import { failed, loading } from "./parts.js";
import { signIn } from "./sign_in.js";

/* Name of the page in the address -> title, module; those without a title stand in no list. */
const PAGES = [
  ["overview", "Overview"], ["heatmap", "Heat map"], ["accounts", "Accounts"],
  ["liquidations", "Liquidations"], ["losses", "Losses"], ["oracle", "Oracle"],
  ["rules", "Rules"], ["stress", "Stress"], ["alerts", "Alerts"], ["journal", "Journal"], ["account", ""],
];
const GROUP = { account: "accounts" };

const main = document.getElementById("main");
const nav = document.getElementById("nav");
let leave = () => {};
let turn = 0;

/** The page and its argument in the address: `#/account/alice` -> `["account", "alice"]`. */
function place() {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const known = PAGES.some(([one]) => one === name);
  return [known ? name : "overview", decodeURIComponent(rest.join("/"))];
}

async function show({ focus = true } = {}) {
  const [name, argument] = place();
  const own = (turn += 1);
  leave();
  leave = () => {};
  drawNav(name);
  main.replaceChildren(loading());
  try {
    const page = await import(`./page_${name}.js`);
    if (own !== turn) return;
    const shown = page.open({ argument, live });
    main.replaceChildren(...shown.parts);
    leave = shown.close ?? leave;
    document.title = `${shown.title ?? page.TITLE} · ${live.venue?.venue ?? "Trimtab"}`;
    if (focus) { scrollTo(0, 0); main.focus({ preventScroll: true }); announce(`${shown.title ?? page.TITLE} page`); }
  } catch (error) {
    console.error(error);
    main.replaceChildren(failed(error, () => show()));
  }
}

function drawNav(name) {
  const current = GROUP[name] ?? name;
  const links = PAGES.filter(([, title]) => title).map(([one, title]) =>
    h("a", { href: `#/${one}`, "aria-current": one === current ? "page" : null }, title, count(one)));
  put(nav, ...links);
  const chosen = nav.querySelector("[aria-current]");
  if (chosen && nav.scrollWidth > nav.clientWidth) nav.scrollLeft = chosen.offsetLeft - nav.clientWidth / 3;
}

function count(name) {
  const [number, what] = { liquidations: [live.overview?.unsafe_accounts, "liquidatable now"], alerts: [live.raised.length, "raised"] }[name] ?? [];
  return number ? h("span", { class: "count", title: what }, String(number), h("span", { class: "hidden" }, ` ${what}`)) : null;
}

function closed(reason = "") {
  leave();
  leave = () => {};
  turn += 1;
  live.stop();
  document.getElementById("top").replaceChildren();
  nav.replaceChildren();
  main.replaceChildren(signIn({ reason, done: begin }));
  document.title = "Sign in · Trimtab";
}

async function begin() {
  main.replaceChildren(loading("Connecting"));
  try {
    // Asked first, so that a page without a key does not knock in vain.
    if (!session.key && (await get("../dashboard/gate.json")).keys_required) { closed(); return; }
    live.venue = await get("dashboard/session");
  } catch (error) {
    if (error.status === 401 || error.status === 403) closed(session.key ? error.message : "");
    else main.replaceChildren(failed(error, begin));
    return;
  }
  bar.open({ live, signOut: () => { session.key = ""; closed(); } });
  live.start();
  watchAlerts(live);
  watchStatus(live);
  show({ focus: false });
}

document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
window.addEventListener("hashchange", () => { if (live.venue) show(); });
document.addEventListener("signedout", () => { if (live.running) closed("The key is no longer accepted."); });
live.on("alerts", () => { if (live.running) drawNav(place()[0]); });
live.on("overview", () => { if (live.running) drawNav(place()[0]); });
live.on("state", (state) => document.body.classList.toggle("stale", state !== "live"));
begin();
