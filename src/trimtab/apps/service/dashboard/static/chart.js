/* Charts: plotly.js, loaded when the first one is drawn, in the page's own colors. */
import { h } from "./dom.js";
import { failed } from "./parts.js";

let library = null;

/** plotly.js, fetched once from this origin. */
function plotly() {
  library ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "plotly.js", onload: () => resolve(window.Plotly), onerror: () => { library = null; reject(new Error("The charts' library could not be loaded from the service.")); } });
    document.head.append(script);
  });
  return library;
}

/** The value of a CSS variable such as `accent`. */
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The reports' shade as a color scale of plotly.js. */
export function shade() {
  const stops = color("shade").match(/#[0-9a-f]{6}/gi);
  const from = 0.001;
  return [[0, color("paper")], [from, color("paper")], ...stops.map((stop, at) => [at ? at / (stops.length - 1) : from, stop])];
}

/** A chart that redraws itself when data or theme change. `make()` gives `{ data, layout }`. */
export function chart({ label, size = "", caption }) {
  const place = h("div", { class: `plot ${size}`, role: "img", "aria-label": label });
  const element = h("figure", { class: "live-part" }, place, caption ? h("figcaption", {}, caption) : null);
  let make = null;
  let pending = false;
  const draw = async () => {
    if (pending || !make) return;
    pending = true;
    try {
      const library = await plotly();
      await new Promise(requestAnimationFrame);
      pending = false;
      if (!place.isConnected) return;
      const { data, layout } = make();
      await library.react(place, data, merged(base(), layout), { displayModeBar: false, responsive: true });
    } catch (error) {
      pending = false;
      place.replaceChildren(failed(error, () => { place.replaceChildren(); draw(); }));
    }
  };
  const themed = () => draw();
  document.addEventListener("themechange", themed);
  return {
    element,
    label: (text) => place.setAttribute("aria-label", text),
    update(maker) { make = maker; draw(); },
    close() {
      document.removeEventListener("themechange", themed);
      if (window.Plotly && place.data) window.Plotly.purge(place);
    },
  };
}

function base() {
  const axis = { gridcolor: color("line"), zeroline: false, linecolor: color("line"), tickcolor: color("line"), tickfont: { size: 11, color: color("muted") }, title: { font: { size: 11, color: color("muted") }, standoff: 8 }, automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("ink") },
    margin: { l: 8, r: 8, t: 8, b: 8 }, showlegend: false, hovermode: "x",
    hoverlabel: { bgcolor: color("paper"), bordercolor: color("line"), font: { size: 12, color: color("ink") } },
    xaxis: { ...axis }, yaxis: { ...axis }, uirevision: "kept", dragmode: false, separators: ".,",
  };
}

function merged(under, over) {
  const made = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const both = value && typeof value === "object" && !Array.isArray(value) && made[name] && typeof made[name] === "object";
    made[name] = both ? merged(made[name], value) : value;
  }
  return made;
}

/** A line without axes beside a figure, drawn by hand: `values` in order, null where unknown. */
export function spark(values, { s }) {
  const known = values.filter((value) => value !== null && Number.isFinite(value));
  if (known.length < 2) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (value, place) => `${(100 * place / (values.length - 1)).toFixed(2)},${(22 - 20 * (high > low ? (value - low) / (high - low) : 0.5)).toFixed(2)}`;
  const points = values.map((value, place) => (Number.isFinite(value) ? at(value, place) : null)).filter(Boolean).join(" ");
  return s("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("polyline", { points, fill: "none", stroke: "currentColor", "stroke-width": "1.5", "vector-effect": "non-scaling-stroke" }));
}
