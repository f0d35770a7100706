// Elements of the page: what they are and what is in them comes in, elements go out. Texts are always texts.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "htmlFor", "className", "tabIndex"]);

/**
 * An element.
 *
 * @param {string} tag its name.
 * @param {Object} given attributes, properties, and `onclick` and the like; what is null, undefined or false is left out.
 * @param {...(Node|string|null|Array)} children what is in it.
 * @returns {HTMLElement}
 */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A sentence of the labels with its places filled in: `fill("{minutes} min", {minutes: 5})`. */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The JSON that the page carries in an element. */
export function carried(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** Whether an element is one that text is typed into, so that single keys are not shortcuts there. */
export function takesText(element) {
  if (!(element instanceof HTMLElement)) return false;
  if (element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  return element.tagName === "INPUT" && !["checkbox", "radio", "button", "submit"].includes(element.type);
}
