// The sheet with what was noted: the sheet of the page, or the one that a session began with, is filled in.

import { h } from "./room-dom.js";
import { clock, elapsedOf } from "./room-timer.js";

/** The sheet as the page has it, so that it can be kept with a session. */
export function sheetAsText(place) {
  return place.innerHTML;
}

/** Put an empty sheet into its place. Its scripts, if it had any, would not run. */
export function placeSheet(place, text) {
  place.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
}

/**
 * Fill in the sheet.
 *
 * @param {HTMLElement} place where the empty sheet is.
 * @param {Object} session what was noted.
 * @param {Object[]} questions those of the session.
 */
export function fillSheet(place, session, questions) {
  for (const line of place.querySelectorAll("[data-fill]")) line.textContent = session[line.dataset.fill] ?? "";
  const ticked = tickedBoxes(session, questions);
  for (const box of place.querySelectorAll("[data-box]")) box.textContent = ticked.has(box.dataset.box) ? "X" : "";
  const notes = { ...session.notes };
  questions.forEach((question, place) => (notes[question.number] = session.answers[place].notes));
  for (const room of place.querySelectorAll("[data-notes]")) writeNotes(room, notes[room.dataset.notes] ?? "");
  questions.forEach((question, index) => {
    const used = elapsedOf(session.answers[index].timer, Date.now());
    const shown = place.querySelector(`[data-time="${question.number}"]`);
    if (shown) shown.textContent = used >= 1000 ? ` (${clock(used)})` : "";
  });
}

function tickedBoxes(session, questions) {
  const names = new Set();
  questions.forEach((question, index) => {
    const answer = session.answers[index];
    answer.ticked.forEach((is, place) => is && names.add(`criterion-${question.number}-${place + 1}`));
    answer.asked.forEach((is, place) => is && names.add(`probe-${question.number}-${place + 1}`));
    if (answer.rating !== null) names.add(`rating-${question.number}-${answer.rating}`);
  });
  if (session.recommendation !== null) names.add(`recommendation-${session.recommendation}`);
  return names;
}

function writeNotes(room, text) {
  room.querySelector(".written")?.remove();
  room.classList.toggle("has-text", text.trim() !== "");
  if (text.trim()) room.append(h("div", { class: "written" }, text));
}
