/* Elements from data. Text becomes text nodes and never markup: names from outside stay harmless. */

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes (`class`, `aria-…`, `on…` handlers, `vars` for CSS variables), children. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in the namespace of drawings. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "vars") for (const [key, at] of Object.entries(value)) element.style.setProperty(key, at);
  else if (name === "value" || name === "checked") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** Put other children into an element, unless they would look the same. */
export function put(element, ...children) {
  const made = h("div", {}, ...children);
  if (made.innerHTML !== element.innerHTML) element.replaceChildren(...made.childNodes);
  return element;
}

/** Say something to readers of the screen; `alarm` interrupts them. */
export function announce(text, { alarm = false } = {}) {
  const place = document.getElementById(alarm ? "alarm" : "said");
  if (place.textContent !== text) place.textContent = text;
}
