/* Figures as the reports show them: short for people, the exact text in the tooltip. */
import { h } from "./dom.js";

const NARROW = "\u202f";
const NO_BREAK = "\u00a0";
const MINUS = "\u2212";
export const NONE = "–";
const LARGE = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Whether there is a figure at all. */
export const known = (value) => value !== null && value !== undefined && value !== "" && !Number.isNaN(Number(value));

function grouped(value, places) {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** A figure element: what is read, and the exact text in its tooltip. */
export function figure(text, exact, { unit = "" } = {}) {
  const tail = unit ? `${NO_BREAK}${unit}` : "";
  const attributes = { value: String(exact ?? ""), title: exact === undefined ? null : `${exact}${tail}` };
  return h("data", attributes, text, unit ? h("span", { class: "unit" }, tail) : null);
}

/** A value of the quote, three figures of it where it is large: `16.1 million USD`. */
export function money(value, unit) {
  return known(value) ? figure(moneyText(Number(value)), value, { unit }) : figure(NONE);
}

/** The words of a value without its unit. */
export function moneyText(value) {
  for (const [bound, word] of LARGE) {
    if (Math.abs(value) < bound) continue;
    const scaled = value / bound;
    return `${grouped(scaled, Math.abs(scaled) < 100 ? 2 : 0)}${NO_BREAK}${word}`;
  }
  return cellText(value);
}

/** A number on an axis: `250k`, `1.5M`, as plotly.js writes it with `exponentformat` B. */
export function shortText(value) {
  for (const [bound, letter] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= bound) return `${Number((value / bound).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(3)));
}

function cellText(value) {
  if (value === 0) return "0";
  if (Math.abs(value) < 0.01) return value > 0 ? "<0.01" : `>${MINUS}0.01`;
  return grouped(value, Math.abs(value) >= 100 ? 0 : 2);
}

/** A value in a table whose heading names the unit. */
export const cell = (value) => (known(value) ? figure(cellText(Number(value)), value) : figure(NONE));

/** The text of a price, to about five figures. */
export function priceText(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return NONE;
  if (size === 0) return "0";
  let places = Math.min(Math.max(size >= 10 ? 2 : 4, 3 - Math.floor(Math.log10(size))), 12);
  if (size >= 1000) places = Number.isInteger(value) || size >= 1e5 ? 0 : 2;
  return grouped(value, places);
}

/** A price, in the quote that the heading or `unit` names. */
export const price = (value, unit) => (known(value) ? figure(priceText(Number(value)), value, { unit }) : figure(NONE));

/** An amount of an asset, to at most four decimals. */
export function amount(value, unit) {
  if (!known(value)) return figure(NONE);
  const number = Number(value);
  const size = Math.abs(number);
  if (size > 0 && size < 0.0001) return figure(number > 0 ? "<0.0001" : `>${MINUS}0.0001`, value, { unit });
  return figure(grouped(number, size >= 1e6 || size === 0 ? 0 : size >= 1000 ? 2 : 4), value, { unit });
}

/** The text of a fraction as a percentage. */
export function percentText(fraction, { signed = false, places = 1 } = {}) {
  let text = fraction === 0 ? "0" : grouped(100 * fraction, places);
  if (signed && !/[1-9]/.test(text)) return `${(0).toFixed(places)}${NARROW}%`;
  if (fraction !== 0 && !/[1-9]/.test(text)) text = fraction > 0 ? `<0.${"1".padStart(places, "0")}` : `>${MINUS}0.${"1".padStart(places, "0")}`;
  return `${signed && fraction > 0 ? "+" : ""}${text}${NARROW}%`;
}

/** A fraction as a percentage with one decimal. */
export const percent = (fraction, options) =>
  known(fraction) ? figure(percentText(Number(fraction), options), `${fraction} of 1`) : figure(NONE);

/** A ratio of the rules as a percentage, without zeros at its end. */
export function ratio(value) {
  if (!known(value)) return figure(NONE);
  const text = (100 * Number(value)).toFixed(4).replace(/\.?0+$/, "");
  return figure(`${text}${NARROW}%`, value);
}

/** The text of a health factor: three decimals, cut off so that 0.9999 does not look safe. */
export function healthText(value) {
  if (!known(value)) return "no debt";
  if (Number(value) > 1000) return ">1,000";
  const [whole, decimals = ""] = (typeof value === "number" ? value.toFixed(12) : String(value)).split(".");
  return `${whole.replace("-", MINUS)}.${decimals.slice(0, 3).padEnd(3, "0")}`;
}

/** A health factor, toned by how near to 1 it is. */
export function health(value) {
  const made = figure(healthText(value), value ?? "no debt");
  if (known(value)) made.classList.add(...toneOfHealth(Number(value)));
  return made;
}

/** The class of a health factor: below 1 bad, below 1.1 (debt at risk) a warning. */
export const toneOfHealth = (value) => (value < 1 ? ["tone-bad"] : value < 1.1 ? ["tone-warn"] : []);

/** A number of things. */
export const count = (value) => (known(value) ? figure(Number(value).toLocaleString("en-US"), value) : figure(NONE));

/** A number with its noun: `1 account`, `408 accounts`. */
export const counted = (number, noun, many = `${noun}s`) =>
  `${Number(number).toLocaleString("en-US")}${NO_BREAK}${Number(number) === 1 ? noun : many}`;

/** How many times equity: `2.17×`. */
export const times = (value) => (known(value) ? figure(`${grouped(Number(value), 2)}${NARROW}×`, value) : figure(NONE));

/** A moment, `12 Mar 2020, 23:40:05 UTC`; `short` is its time of day, `day` leaves year and zone out. */
export function moment(text, { short = false, day = false } = {}) {
  if (!text) return h("span", {}, NONE);
  const shown = short ? clockText(text) : day ? dayText(text) : momentText(text);
  return h("time", { datetime: text, title: text }, shown);
}

/** The words of a moment. */
export function momentText(text) {
  const when = new Date(text);
  if (Number.isNaN(when.getTime())) return String(text);
  const day = `${when.getUTCDate()}${NO_BREAK}${MONTHS[when.getUTCMonth()]}${NO_BREAK}${when.getUTCFullYear()}`;
  return `${day}, ${clockText(text)}${NO_BREAK}UTC`;
}

/** Day and time of a moment, UTC: `12 Mar 23:40:05`. */
function dayText(text) {
  const when = new Date(text);
  return Number.isNaN(when.getTime()) ? String(text) : `${when.getUTCDate()}${NO_BREAK}${MONTHS[when.getUTCMonth()]}${NO_BREAK}${clockText(text)}`;
}

/** The time of day of a moment, UTC. */
export function clockText(text) {
  const when = new Date(text);
  return Number.isNaN(when.getTime()) ? String(text) : when.toISOString().slice(11, 19);
}

/** A length of time: `4.2 s`, `7 min`, `3 h`, `2 days`. */
export function duration(seconds) {
  if (!known(seconds)) return NONE;
  const size = Math.abs(Number(seconds));
  if (size < 10) return `${size.toFixed(1)}${NARROW}s`;
  if (size < 120) return `${Math.round(size)}${NARROW}s`;
  if (size < 7200) return `${Math.round(size / 60)}${NARROW}min`;
  if (size < 172800) return `${Math.round(size / 3600)}${NARROW}h`;
  return `${Math.floor(size / 86400).toLocaleString("en-US")}${NO_BREAK}days`;
}

/** A name in words: `target_health` becomes `target health`. */
export const words = (name) => String(name ?? "").replaceAll("_", " ");
