/* A form out of a request's schema, so that the page asks what the service asks, no more, no less. */
import { h } from "./dom.js";
import { words } from "./format.js";

/** The request schema of an operation of the API's own description; null where there is none. */
export function requestSchema(api, path, method = "post") {
  const body = api.paths?.[path]?.[method]?.requestBody?.content?.["application/json"]?.schema;
  return body ? resolved(api, body) : null;
}

function resolved(api, schema) {
  const name = schema?.$ref?.split("/").at(-1);
  return name ? api.components.schemas[name] : schema;
}

/** Fields for the simple properties of a schema, and what they hold as JSON. */
export function schemaForm(api, schema) {
  const rows = Object.entries(schema.properties ?? {})
    .map(([name, property]) => fieldOf(api, name, property, (schema.required ?? []).includes(name)))
    .filter(Boolean);
  return {
    fields: rows.map((row) => row.element),
    value: () => Object.fromEntries(rows.map((row) => [row.name, row.read()]).filter(([, value]) => value !== undefined)),
  };
}

/* A property may be null besides its type; whoever leaves it empty says nothing about it. */
function simple(api, property) {
  const options = (property.anyOf ?? property.oneOf ?? property.allOf ?? [property]).map((one) => ({ ...property, ...resolved(api, one) }));
  return options.find((one) => one.enum || one.const !== undefined || ["integer", "number", "string", "boolean"].includes(one.type)) ?? null;
}

function fieldOf(api, name, property, required) {
  const found = simple(api, property);
  if (!found) return null;
  const input = inputOf(name, found, { preset: property.default, required });
  const about = property.description ?? found.description;
  const element = h("label", { class: "field" }, h("span", {}, words(property.title && property.title !== titled(name) ? property.title : name)), input, about ? h("small", { class: "note" }, about) : null);
  return { name, element, read: () => valueOf(input, found) };
}

const titled = (name) => name.split("_").map((part) => part[0]?.toUpperCase() + part.slice(1)).join(" ");

function inputOf(name, found, { preset, required }) {
  if (found.enum) return h("select", { name }, required ? null : h("option", { value: "" }, "as usual"), found.enum.map((one) => h("option", { value: one, selected: one === preset }, words(one))));
  if (found.type === "boolean") return h("input", { type: "checkbox", name, checked: preset === true });
  const numeric = found.type !== "string";
  return h("input", {
    type: numeric ? "number" : "text", name, required, value: preset ?? "", step: found.type === "integer" ? 1 : "any",
    min: found.minimum ?? found.exclusiveMinimum, max: found.maximum ?? found.exclusiveMaximum, maxlength: found.maxLength, autocomplete: "off",
  });
}

function valueOf(input, found) {
  if (found.type === "boolean") return input.checked;
  if (input.value === "") return undefined;
  return found.type === "integer" || found.type === "number" ? Number(input.value) : input.value;
}
