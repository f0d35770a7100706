// Single keys as shortcuts. They do nothing while text is typed, and can be switched off.

import { takesText } from "./room-dom.js";

const SWITCH = "techscreen room keys";

export function keysAreOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

export function switchKeys(on) {
  try {
    localStorage.setItem(SWITCH, on ? "on" : "off");
  } catch { /* then they are on again after a reload */ }
}

/**
 * Listen to the keyboard.
 *
 * @param {Object} acts what the keys do: help, previous, next, tick(place), rate(rating), notes, leave, timer, enlarge.
 */
export function listenToKeys(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && takesText(event.target)) acts.leave();
    else if (keysAreOn() && !takesText(event.target)) act(event, acts);
  });
}

function act(event, acts) {
  const done = digit(event, acts) ?? letter(event, acts) ?? direction(event, acts);
  if (done) event.preventDefault();
}

// By the place of the key, for the top row has other signs than digits on some keyboards.
function digit(event, acts) {
  const found = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  if (!found) return undefined;
  const number = Number(found[1]);
  if (!event.shiftKey) acts.tick(number === 0 ? 9 : number - 1);
  else if (number >= 1 && number <= 4) acts.rate(String(number));
  else return undefined;
  return true;
}

function letter(event, acts) {
  const act = { "?": acts.help, n: acts.notes, t: acts.timer, e: acts.enlarge }[event.key.toLowerCase()];
  act?.();
  return act && true;
}

// The arrows belong to a group of choices that has the focus; the page keys turn the page when there is no more of it.
function direction(event, acts) {
  const isInChoices = event.target instanceof HTMLInputElement && event.target.type === "radio";
  const { scrollTop, scrollHeight, clientHeight } = document.documentElement;
  const acted = {
    ArrowLeft: !isInChoices && acts.previous,
    ArrowRight: !isInChoices && acts.next,
    PageUp: scrollTop <= 1 && acts.previous,
    PageDown: scrollTop + clientHeight >= scrollHeight - 1 && acts.next,
  }[event.key];
  if (acted) acted();
  return Boolean(acted);
}
