// The form of a new requisition: what is found in a text is replaced or shown there, and nothing is sent twice.
"use strict";

(() => {
  const form = document.getElementById("requisition");

  // --- A button of a finding: put other words in its place, or select it in its field ---

  // Where a text stands by now: the place that was told or, after some typing, the nearest one.
  const placeOf = (text, found, told) => {
    let best = -1;
    for (let place = text.indexOf(found); place >= 0; place = text.indexOf(found, place + 1)) {
      if (best < 0 || Math.abs(place - told) < Math.abs(best - told)) best = place;
    }
    return best;
  };

  const write = (field, words) => {
    // Not setRangeText alone: after that, the browser could not undo it.
    const isDone = document.execCommand(words ? "insertText" : "delete", false, words);
    if (isDone) return;
    field.setRangeText(words);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const show = (field, start, end) => {
    // A browser scrolls to where the cursor is when a field gets the focus, and then only.
    field.setSelectionRange(start, start);
    field.blur();
    field.focus();
    field.setSelectionRange(start, end);
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mend]");
    if (!button) return;
    const { mend, found, words } = button.dataset;
    const field = form.elements[mend];
    const start = placeOf(field.value, found, Number(button.dataset.start));
    if (start < 0) return button.closest(".finding").remove(); // it was changed a moment ago
    show(field, start, start + found.length);
    if (words === undefined) return;
    write(field, words);
    field.setSelectionRange(start, start + words.length);
    button.closest(".finding").remove();
  });

  // --- Findings come in while somebody types: what looks the same stays, with the places as they are now ---

  const placesIn = (part) => [...part.querySelectorAll("[data-start]")];

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const words = (part) => part.textContent.replace(/\s+/g, " ").trim();
    if (words(target) !== words(fragment)) return;
    event.detail.shouldSwap = false;
    const now = placesIn(fragment);
    placesIn(target).forEach((button, index) => { button.dataset.start = now[index].dataset.start; });
  });

  // --- A second click on a button does not send it again ---

  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) return event.preventDefault();
    isSent = true;
    event.submitter?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    isSent = false;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
})();
