/* A nested answer as headings, names with values, and tables where rows are alike. */
import { h } from "./dom.js";
import { amount, figure, known, momentText, words } from "./format.js";
import { facts, table } from "./parts.js";

/** Draw any JSON object: plain values first, then what is nested, each under its name. */
export function nested(value, depth = 3) {
  const entries = Object.entries(value);
  const plain = entries.filter(([, one]) => !isNested(one));
  const deep = entries.filter(([, one]) => isNested(one) && Object.keys(one).length);
  return h("div", {}, plain.length ? facts(plain.map(([name, one]) => [words(name), leaf(one)])) : null,
    deep.map(([name, one]) => [h(`h${depth}`, {}, words(name)), isTable(one) ? rows(name, one) : Array.isArray(one) ? h("p", {}, one.map((item) => (isNested(item) ? JSON.stringify(item) : String(item))).join(", ")) : nested(one, Math.min(6, depth + 1))]));
}

const isNested = (value) => value !== null && typeof value === "object";
const isTable = (value) => Array.isArray(value) && value.length > 0 && value.every((row) => isNested(row) && !Array.isArray(row));

/** One plain value: a figure, a moment, a word. */
export function leaf(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value))) return Math.abs(Number(value)) < 1e6 && Number.isInteger(Number(value)) ? figure(Number(value).toLocaleString("en-US"), value) : amount(value);
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return momentText(value);
  return String(value);
}

function rows(name, value) {
  const names = [...new Set(value.flatMap((row) => Object.keys(row)))];
  const made = table(words(name), names.map((one, at) => ({
    name: words(one), n: at > 0 && value.every((row) => row[one] === null || row[one] === undefined || known(row[one])),
    cell: (row) => (isNested(row[one]) ? Object.entries(row[one]).map(([key, item]) => h("span", { class: "below" }, `${words(key)} `, leaf(item))) : at === 0 ? words(row[one]) : leaf(row[one])),
  })), { key: (row) => value.indexOf(row), tall: value.length > 12 });
  return made.update(value);
}
