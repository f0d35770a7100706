// What every page does in the browser: counters, times in the reader's zone, and keeping what is being typed.
// Without it the pages can still be read, printed and sent.
"use strict";

(() => {
  // --- Counters: a field with data-most says how many characters there are ---

  const countIn = (field) => {
    const most = Number(field.dataset.most);
    const length = [...field.value].length;
    let counter = field.nextElementSibling;
    if (!counter?.classList.contains("counter")) {
      counter = document.createElement("p");
      counter.className = "counter";
      field.after(counter);
    }
    counter.textContent = `${length.toLocaleString("en")} of ${most.toLocaleString("en")} characters`;
    counter.classList.toggle("over", length > most);
  };

  // --- Times: the server writes UTC ---

  const inOwnZone = (time) => {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) return;
    const two = (number) => String(number).padStart(2, "0");
    time.title = time.textContent;
    time.textContent =
      `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ` +
      `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  };

  // --- Drafts: a form with data-draft keeps what is typed in this browser until it was sent successfully.
  // The page that follows a success names it in <body data-sent="...">.

  const PREFIX = "techscreen draft ";
  const stored = (name) => {
    try { return JSON.parse(localStorage.getItem(PREFIX + name)); } catch { return null; }
  };
  const forget = (name) => {
    try { localStorage.removeItem(PREFIX + name); } catch { /* nothing is kept there */ }
  };
  const fieldsOf = (form) =>
    [...form.elements].filter((field) => field.name && !["hidden", "file", "submit", "button"].includes(field.type));
  const isChosen = (field) => !["checkbox", "radio"].includes(field.type) || field.checked;
  const valuesOf = (form) =>
    fieldsOf(form).filter(isChosen).map((field) => [field.name, field.value]);
  const asText = (values) => JSON.stringify(values);

  const keep = (form) => {
    const values = valuesOf(form);
    try {
      if (asText(values) === form.dataset.asServed) forget(form.dataset.draft);
      else localStorage.setItem(PREFIX + form.dataset.draft, asText({ values, at: Date.now() }));
    } catch { /* storage may be full or forbidden: typing goes on */ }
  };

  const fill = (form, values) => {
    for (const field of fieldsOf(form)) {
      const given = values.filter(([name]) => name === field.name).map(([, value]) => value);
      if (["checkbox", "radio"].includes(field.type)) field.checked = given.includes(field.value);
      else if (given.length) field.value = given[0];
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  const offer = (form) => {
    const draft = stored(form.dataset.draft);
    if (!draft || asText(draft.values) === asText(valuesOf(form))) return;
    const box = document.createElement("div");
    box.className = "card row spread draft-offer";
    box.setAttribute("role", "status");
    const sentence = document.createElement("p");
    sentence.textContent = `Something that you typed on ${new Date(draft.at).toLocaleString()} was not sent.`;
    const buttons = document.createElement("div");
    buttons.className = "row";
    for (const [words, act] of [
      ["Put it back", () => fill(form, draft.values)],
      ["Forget it", () => forget(form.dataset.draft)],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words;
      button.addEventListener("click", () => { act(); box.remove(); });
      buttons.append(button);
    }
    box.append(sentence, buttons);
    form.before(box);
  };

  const startDraft = (form) => {
    form.dataset.asServed = asText(valuesOf(form));
    offer(form);
    form.addEventListener("input", () => keep(form));
    form.addEventListener("change", () => keep(form));
  };

  // --- Start, also for parts that htmx puts in later ---

  const start = (root) => {
    for (const field of root.querySelectorAll("[data-most]")) {
      countIn(field);
      field.addEventListener("input", () => countIn(field));
    }
    for (const time of root.querySelectorAll("time[datetime]")) inOwnZone(time);
    for (const form of root.querySelectorAll("form[data-draft]")) startDraft(form);
    for (const sent of root.querySelectorAll("[data-sent]")) forget(sent.dataset.sent);
  };

  start(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) start(event.detail.elt);
  });

  // --- An answer that is not from the service, or none at all: the page stays, and says so ---

  const say = (sentence) => {
    const message = document.createElement("p");
    message.className = "message bad";
    message.textContent = sentence;
    document.getElementById("messages").replaceChildren(message);
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail.xhr;
    const isPage = (answer.getResponseHeader("Content-Type") ?? "").startsWith("text/html");
    if (answer.status < 400 || (isPage && answer.getResponseHeader("X-Request-ID"))) return;
    event.detail.shouldSwap = false;
    say(answer.status === 401
      ? "Your session has ended. What you typed is still here: sign in in another tab, then go on."
      : `The service cannot answer at the moment (${answer.status}). What you typed is still here.`);
  });

  document.addEventListener("htmx:sendError", () => {
    say("The service cannot be reached. What you typed is still here; it is sent with your next change.");
  });
})();
