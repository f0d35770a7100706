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
    counter.hidden = length === 0;
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

  // --- Drafts: a form with data-draft="name" keeps what is typed in this browser until it was sent successfully.
  // The page that follows a success has an element with data-sent="name".
  //
  // A form that begins a job names its hidden field with the idempotency key in data-draft-key: each key has a draft of
  // its own, which brings its key back, so that the same text is sent as the same request. What was sent is kept until
  // the job has succeeded. The page of the job has data-became-key and data-became-job, and in the end data-job-done;
  // the form to try it again has data-draft-job and is filled at once. data-draft-jobs is where the pages of jobs are,
  // data-draft-title names the fields to tell drafts apart by, and data-draft-unsaved says that what was served is kept
  // nowhere else.

  const PREFIX = "techscreen draft ";
  const DAY = 86_400_000;
  const DAYS = 30, DAYS_OF_JOB = 7; // the service keeps its jobs as long
  const MOST_DRAFTS = 8, MOST_OFFERS = 3;

  const draftsOf = (name) => {
    try { return JSON.parse(localStorage.getItem(PREFIX + name)) ?? {}; } catch { return {}; }
  };
  const store = (name, drafts) => {
    const isFresh = ({ at, job }) => Date.now() - at < (job ? DAYS_OF_JOB : DAYS) * DAY;
    const newest = Object.entries(drafts).filter(([, draft]) => isFresh(draft)).sort(([, a], [, b]) => b.at - a.at);
    try {
      if (!newest.length) localStorage.removeItem(PREFIX + name);
      else localStorage.setItem(PREFIX + name, JSON.stringify(Object.fromEntries(newest.slice(0, MOST_DRAFTS))));
    } catch { /* storage may be full or forbidden: typing goes on */ }
  };
  const forget = (name, key) => {
    const drafts = draftsOf(name);
    delete drafts[key];
    store(name, drafts);
  };
  const namesOfDrafts = () => {
    try { return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)); }
    catch { return []; }
  };

  const fieldsOf = (form) =>
    [...form.elements].filter((field) => field.name && !["hidden", "file", "submit", "button"].includes(field.type));
  const isChosen = (field) => !["checkbox", "radio"].includes(field.type) || field.checked;
  const valuesOf = (form) =>
    fieldsOf(form).filter(isChosen).map((field) => [field.name, field.value]);
  const asText = (values) => JSON.stringify(values);
  const keyFieldOf = (form) => form.dataset.draftKey && form.elements[form.dataset.draftKey];
  const keyOf = (form) => keyFieldOf(form)?.value ?? "";

  const keep = (form, isSent = false) => {
    const name = form.dataset.draft, drafts = draftsOf(name), values = valuesOf(form);
    const isAsServed = asText(values) === form.dataset.asServed && !("draftUnsaved" in form.dataset);
    if (isAsServed && !isSent) delete drafts[keyOf(form)];
    else drafts[keyOf(form)] = { ...drafts[keyOf(form)], values, at: Date.now() };
    store(name, drafts);
  };

  const fill = (form, values) => {
    for (const field of fieldsOf(form)) {
      const given = values.filter(([name]) => name === field.name).map(([, value]) => value);
      if (["checkbox", "radio"].includes(field.type)) field.checked = given.includes(field.value);
      else if (given.length) field.value = given[0];
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  const putBack = (form, key, draft) => {
    if (keyFieldOf(form)) keyFieldOf(form).value = key;
    fill(form, draft.values);
  };

  const described = (form, draft) => {
    const values = new Map(draft.values);
    const words = (form.dataset.draftTitle ?? "").split(" ").map((name) => values.get(name)?.trim()).filter(Boolean);
    const what = words.length ? `“${words.join(", ")}”` : "Something";
    const when = new Date(draft.at).toLocaleString();
    return draft.job ? `${what} was sent on ${when}.` : `${what} that you typed on ${when} was not sent.`;
  };

  const buttonTo = (words, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", act);
    return button;
  };

  const linkTo = (words, address) => {
    const link = document.createElement("a");
    link.className = "button";
    link.textContent = words;
    link.href = address;
    return link;
  };

  const offer = (form) => {
    while (form.previousElementSibling?.classList.contains("draft-offer")) form.previousElementSibling.remove();
    const isNews = ([, draft]) => asText(draft.values) !== asText(valuesOf(form));
    for (const [key, draft] of Object.entries(draftsOf(form.dataset.draft)).filter(isNews).slice(0, MOST_OFFERS)) {
      const then = (act) => () => {
        act();
        offer(form);
        fieldsOf(form)[0]?.focus();
      };
      const box = document.createElement("div");
      box.className = "card row spread draft-offer";
      box.setAttribute("role", "status");
      const sentence = document.createElement("p");
      sentence.textContent = described(form, draft);
      const buttons = document.createElement("div");
      buttons.className = "row";
      if (draft.job) buttons.append(linkTo("See what became of it", form.dataset.draftJobs + draft.job));
      buttons.append(
        buttonTo("Put it back", then(() => putBack(form, key, draft))),
        buttonTo("Forget it", then(() => forget(form.dataset.draft, key))),
      );
      box.append(sentence, buttons);
      form.before(box);
    }
  };

  const startDraft = (form) => {
    form.dataset.asServed = asText(valuesOf(form));
    form.addEventListener("input", () => keep(form));
    form.addEventListener("change", () => keep(form));
    if (keyFieldOf(form)) form.addEventListener("submit", () => keep(form, true));
    if ("draftUnsaved" in form.dataset) keep(form);
    const ofJob = form.dataset.draftJob && draftOfJob(form.dataset.draftJob);
    if (ofJob) putBack(form, ...ofJob);
    else offer(form);
  };

  const draftOfJob = (job) =>
    namesOfDrafts().flatMap((name) => Object.entries(draftsOf(name))).find(([, draft]) => draft.job === job);

  // A draft has become a job: it is offered again only if that fails.
  const noteJob = (key, job) => {
    for (const name of namesOfDrafts()) {
      const drafts = draftsOf(name);
      if (key in drafts) store(name, { ...drafts, [key]: { ...drafts[key], job } });
    }
  };

  const forgetJob = (job) => {
    for (const name of namesOfDrafts()) {
      store(name, Object.fromEntries(Object.entries(draftsOf(name)).filter(([, draft]) => draft.job !== job)));
    }
  };

  // --- Start, also for parts that htmx puts in later ---

  const start = (root) => {
    for (const field of root.querySelectorAll("[data-most]")) {
      countIn(field);
      field.addEventListener("input", () => countIn(field));
    }
    for (const time of root.querySelectorAll("time[datetime]")) inOwnZone(time);
    for (const { dataset } of root.querySelectorAll("[data-sent]")) store(dataset.sent, {});
    for (const { dataset } of root.querySelectorAll("[data-became-job]")) noteJob(dataset.becameKey, dataset.becameJob);
    for (const { dataset } of root.querySelectorAll("[data-job-done]")) forgetJob(dataset.jobDone);
    for (const part of root.querySelectorAll("[data-if-draft-of]")) part.hidden = !draftOfJob(part.dataset.ifDraftOf);
    for (const part of root.querySelectorAll("[data-unless-draft-of]")) part.hidden = Boolean(draftOfJob(part.dataset.unlessDraftOf));
    for (const form of root.querySelectorAll("form[data-draft]")) startDraft(form);
  };

  start(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) start(event.detail.elt);
  });
  // Sent by a script of ours that has put a part into the page.
  document.addEventListener("techscreen:shown", (event) => start(event.target));

  // --- An answer that is not from the service, or none at all: the page stays, and says so ---

  const say = (sentence) => {
    const message = document.createElement("p");
    message.className = "message bad";
    message.textContent = sentence;
    document.getElementById("messages").replaceChildren(message);
  };

  let hasEnded = false;

  document.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail.xhr;
    const isPage = (answer.getResponseHeader("Content-Type") ?? "").startsWith("text/html");
    if (answer.status < 400) return;
    // Said once only: some of our requests are sent while somebody types.
    const wasSaid = answer.status === 401 && hasEnded;
    hasEnded ||= answer.status === 401;
    if (isPage && answer.getResponseHeader("X-Request-ID") && !wasSaid) return;
    event.detail.shouldSwap = false;
    if (wasSaid) return;
    say(answer.status === 401
      ? "Your session has ended. What you typed is still here: sign in in another tab, then go on."
      : `The service cannot answer at the moment (${answer.status}). What you typed is still here.`);
  });

  // Whoever comes back from signing in in another tab has a new session, whose token this page needs.
  document.addEventListener("visibilitychange", async () => {
    if (!hasEnded || document.hidden) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok || new URL(answer.url).pathname !== location.pathname) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("input[name=csrf_token]")?.value;
    if (!token) return;
    for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
    document.body.setAttribute("hx-headers", page.body.getAttribute("hx-headers"));
    document.getElementById("messages").replaceChildren();
    hasEnded = false;
  });

  document.addEventListener("htmx:sendError", () => {
    say("The service cannot be reached. What you typed is still here; it is sent with your next change.");
  });
})();
