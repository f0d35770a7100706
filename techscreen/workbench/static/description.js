// Editing a job description: a draft that is put back is shown whole, and its preview follows it.
"use strict";

(() => {
  for (const form of document.querySelectorAll("#description-form, #topics-form")) {
    // A topic that is filled may be behind switches that are closed.
    form.addEventListener("input", (event) => {
      for (let part = event.target.closest("details"); part; part = part.parentElement.closest("details")) {
        if (event.target.value && !event.target.hidden && event.target.tagName !== "SELECT") part.open = true;
      }
    });
  }
})();
