/* The pace of a replayed case: hold it, let it go, or run it faster. */
import { get, post } from "./api.js";
import { announce, h } from "./dom.js";
import { may } from "./two_steps.js";

const SPEEDS = [1, 10, 60, 300, 600, 1800, 3600];

/** Buttons in the bar; nothing where the venue's time is the world's. */
export function pace(live) {
  if (!live.venue.replayed) return null;
  const place = h("span", { class: "pace", role: "group", "aria-label": "Pace of the replay" });
  const change = async (wanted) => {
    document.activeElement?.blur();
    draw(await post("replay", wanted));
    place.querySelector(wanted.speed ? "select" : "button")?.focus();
  };
  const draw = (found) => {
    const busy = place.contains(document.activeElement) && document.activeElement.tagName === "SELECT";
    if (busy) return;
    const speed = Number(found.speed);
    const able = may(live, "operate");
    const hold = h("button", { type: "button", disabled: !able, title: found.held ? "Let the replay go on" : "Hold the replay", onclick: () => { change({ held: !found.held }); announce(found.held ? "The replay goes on." : "The replay is held."); } },
      h("span", { "aria-hidden": "true" }, found.held ? "►" : "❙❙"), h("span", { class: "hidden" }, found.held ? "Let the replay go on" : "Hold the replay"));
    const choose = h("select", { name: "speed", disabled: !able, "aria-label": "Speed of the replay", onchange: () => change({ speed: Number(choose.value) }) },
      [...new Set([...SPEEDS, speed])].sort((a, b) => a - b).map((one) => h("option", { value: one, selected: one === speed }, `${one}×`)));
    const over = found.row >= found.rows;
    if (over !== live.over) { live.over = over; live.tell("problems"); }
    if (over) place.replaceChildren();
    else place.replaceChildren(hold, choose);
  };
  const ask = () => get("replay").then(draw, () => place.replaceChildren());
  ask();
  live.moved(ask, 5000);
  return place;
}
