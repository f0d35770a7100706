// Dragging rows and questions by their handle. The dragged one stays in the page, so that it keeps the pointer: the
// others move around it. At its new place it is told by the event "dropped", with its place from 1. Escape puts it back.
"use strict";

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.("[data-handle]");
  if (!handle || event.button) return;
  event.preventDefault();
  const item = handle.closest("[data-row]") ?? handle.closest("[data-lineage]");
  const list = item.parentElement;
  const before = [...list.children];

  // Questions become as short as their headings meanwhile; the handle stays under the pointer.
  const keepInPlace = (change) => {
    const top = handle.getBoundingClientRect().top;
    change();
    scrollBy(0, handle.getBoundingClientRect().top - top);
  };
  const move = (moved) => {
    const up = item.previousElementSibling, down = item.nextElementSibling;
    const middle = (other) => other.getBoundingClientRect().top + other.offsetHeight / 2;
    if (up && moved.clientY < middle(up)) item.after(up);
    else if (down && moved.clientY > middle(down)) item.before(down);
  };
  const end = (isKept) => {
    for (const [name, act] of Object.entries(listeners)) document.removeEventListener(name, act);
    if (!isKept) list.append(...before);
    keepInPlace(() => {
      list.classList.remove("sorting");
      item.classList.remove("dragged");
    });
    const place = [...list.children].indexOf(item);
    if (isKept && before[place] !== item) {
      item.dispatchEvent(new CustomEvent("dropped", { bubbles: true, detail: { place: place + 1 } }));
    }
  };
  const listeners = {
    pointermove: move,
    pointerup: () => end(true),
    pointercancel: () => end(false),
    keydown: (pressed) => { if (pressed.key === "Escape") end(false); },
  };
  keepInPlace(() => {
    list.classList.add("sorting");
    item.classList.add("dragged");
  });
  for (const [name, act] of Object.entries(listeners)) document.addEventListener(name, act);
});
