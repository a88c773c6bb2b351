/* The bar on top: venue, time, connection, breaker, a way to an account, the scheme. */
import { announce, h, put } from "./dom.js";
import { momentText } from "./format.js";
import { pace } from "./pace.js";

const STATES = {
  connecting: ["", "connecting", "Connecting to the stream of the service."],
  live: ["good live", "live", "Figures follow the service as it decides."],
  stale: ["warn", "stale", "Nothing has been heard for more than ten seconds: figures may be old."],
  offline: ["bad", "offline", "The stream is broken; trying again. Figures are the last ones heard."],
};
/** What each level of the breaker stops (engine/breaker.py). */
export const LEVELS = ["not tripped", "no new risk", "no liquidation", "all stopped"];
const SCHEMES = { auto: ["◐", "as the system"], light: ["○", "light"], dark: ["●", "dark"] };

export const bar = { open };

function open({ live, signOut }) {
  const top = document.getElementById("top");
  const strip = h("p", { class: "strip" });
  const brand = h("a", { class: "brand", href: "#/overview" }, h("img", { src: "icon.svg", alt: "" }), "Trimtab", h("bdi", {}, live.venue.venue ?? ""));
  const out = live.venue.keys_required ? h("button", { type: "button", class: "quiet", onclick: signOut }, "Sign out") : null;
  top.replaceChildren(brand, strip, finder(), h("div", { class: "tools" }, pace(live), scheme(), out));
  const draw = () => put(strip, ...status(live));
  draw();
  live.on("overview", draw);
  live.on("problems", draw);
  live.on("state", (state) => { draw(); announce(STATES[state][2], { alarm: state === "offline" }); });
  live.on("overview", alarms());
}

function status(live) {
  const { overview } = live;
  const level = overview?.breaker_level ?? 0;
  return [
    overview?.as_of ? h("span", {}, h("time", { datetime: overview.as_of }, momentText(overview.as_of))) : null,
    h("span", { class: `pill ${level ? (level > 1 ? "bad" : "warn") : "good"}`, title: "circuit breaker" }, h("span", {}, `breaker ${level}`, h("span", { class: "long" }, `: ${LEVELS[level]}`))),
    connection(live),
  ].filter(Boolean);
}

/* Whether these figures follow the service, and whether the service hears the world. */
function connection(live) {
  const [tone, name, about] = STATES[live.state];
  if (live.state === "live" && live.over) return h("span", { class: "pill", title: "Every price of the case has been sent; nothing moves any more." }, "replay over");
  if (live.state !== "live" || !live.problems.length) return h("span", { class: `pill ${tone}`, title: about }, name);
  const lost = live.problems.some((one) => one.startsWith("feed "));
  const more = live.problems.length > 1 ? ` and ${live.problems.length - 1} more` : "";
  return h("a", { class: `pill ${lost ? "bad" : "warn"}`, href: "#/oracle", title: live.problems.join("\n") }, h("span", {}, "degraded", h("span", { class: "long" }, `: ${live.problems[0]}${more}`)));
}

function alarms() {
  let before = null;
  return (overview) => {
    const level = overview.breaker_level;
    if (before !== null && level !== before) announce(`The circuit breaker is now at level ${level}: ${LEVELS[level]}.`, { alarm: true });
    before = level;
  };
}

function finder() {
  const input = h("input", { type: "search", placeholder: "Find an account", "aria-label": "Find an account", name: "find", autocomplete: "off", spellcheck: "false" });
  const go = (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (name) location.hash = `#/accounts/${encodeURIComponent(name)}`;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || /input|textarea|select/i.test(event.target.tagName)) return;
    event.preventDefault();
    input.focus();
  });
  return h("form", { class: "find", role: "search", onsubmit: go }, input);
}

function scheme() {
  const theme = window.trimtabTheme;
  const order = Object.keys(SCHEMES);
  const button = h("button", { type: "button", class: "scheme" });
  const draw = () => {
    const [sign, name] = SCHEMES[theme.wanted()];
    put(button, h("span", { "aria-hidden": "true" }, sign), h("span", { class: "hidden" }, `Colors: ${name}`));
    button.title = `Colors: ${name}. Press for the next.`;
  };
  button.addEventListener("click", () => { theme.choose(order[(order.indexOf(theme.wanted()) + 1) % order.length]); draw(); });
  draw();
  return button;
}
