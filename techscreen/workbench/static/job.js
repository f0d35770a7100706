// A page that follows something being made: it listens to what happens, shows it, and goes to the result.
"use strict";

(() => {
  const page = document.getElementById("job");
  const elapsed = document.getElementById("elapsed");
  const summary = document.getElementById("summary");
  const POLL_MS = 4000, SIGN_IN = 401;
  const GOES_ON = ["waiting", "working"];

  const stateNow = () => document.getElementById("progress").dataset.state;

  // --- How long it has been ---

  let seconds = Number(elapsed.dataset.seconds);
  let counted = Date.now() - seconds * 1000;
  const inWords = (number) => {
    const minutes = Math.floor(number / 60), rest = number % 60;
    const parts = [];
    if (minutes) parts.push(`${minutes} min`);
    if (rest || !minutes) parts.push(minutes ? `${rest} s` : `${rest} ${rest === 1 ? "second" : "seconds"}`);
    return parts.join(" ");
  };
  const tick = () => {
    const state = stateNow();
    if (GOES_ON.includes(state)) seconds = Math.round((Date.now() - counted) / 1000);
    const words = { done: "It took", failed: "It ended after" }[state] ?? "At work for";
    elapsed.textContent = `${words} ${inWords(seconds)}.`;
  };

  // --- Exchange the parts that have changed, and those alone: what somebody reads or has opened stays ---

  const partsOf = (root) => root.querySelectorAll("[id^='part-']");
  const served = new Map([...partsOf(document)].map((part) => [part.id, part.outerHTML]));

  const exchange = (fresh) => {
    for (const part of partsOf(fresh)) {
      const old = document.getElementById(part.id);
      if (!old || served.get(part.id) === part.outerHTML) continue;
      served.set(part.id, part.outerHTML);
      const wasOpen = old.querySelector("details")?.open;
      const box = old.querySelector(".growing");
      const isAtEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      const hadFocus = box && document.activeElement === box, top = box?.scrollTop;
      old.replaceWith(part);
      const details = part.querySelector("details"), now = part.querySelector(".growing");
      if (details && wasOpen) details.open = true;
      if (now) now.scrollTop = isAtEnd ? now.scrollHeight : top;
      if (hadFocus) now?.focus({ preventScroll: true });
      part.dispatchEvent(new Event("techscreen:shown", { bubbles: true }));
    }
  };

  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("progress");
    if (!fresh) return;
    const told = document.getElementById("progress").dataset;
    Object.assign(told, fresh.dataset);
    counted = Date.now() - Number(fresh.dataset.seconds) * 1000;
    exchange(fresh);
    if (summary.textContent !== told.summary) summary.textContent = told.summary;
    document.title = `${told.title} – TechScreen`;
    if (!GOES_ON.includes(told.state)) end();
  };

  // --- Look how far it is: once at a time, however many events come ---

  let isLooking = false, looksAgain = false;

  const look = async () => {
    looksAgain = true;
    if (isLooking) return;
    isLooking = true;
    while (looksAgain) {
      looksAgain = false;
      const answer = await fetch(page.dataset.progress, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (answer?.ok) show(await answer.text());
      else if (answer?.status === 404) location.reload();
      else if (answer?.status === SIGN_IN) signIn();
    }
    isLooking = false;
  };

  const signIn = () => {
    stop();
    summary.replaceChildren("Your session has ended. The work goes on. ");
    const link = document.createElement("a");
    link.href = location.href; // it leads to signing in, and back
    link.textContent = "Sign in to go on looking";
    summary.append(link);
  };

  // --- Listen; where that is not possible, look every few seconds ---

  let source = null, timer = null, ticking = null;

  const stop = () => {
    source?.close();
    source = null;
    clearInterval(timer);
    timer = null;
    clearInterval(ticking);
  };

  const end = () => {
    stop();
    tick();
    const { state, result } = document.getElementById("progress").dataset;
    if (state === "done" && result) location.replace(result);
  };

  const begin = () => {
    if (!GOES_ON.includes(stateNow())) {
      // Over before the page was there. Whoever comes back to it later, or by "Back", wants to see it.
      const [navigation] = performance.getEntriesByType("navigation");
      if (document.referrer && navigation?.type === "navigate") end();
      return;
    }
    ticking = setInterval(tick, 1000);
    source = new EventSource(page.dataset.events);
    for (const name of ["topics", "description", "enhanced", "question", "waiting", "done", "error"]) {
      source.addEventListener(name, (event) => {
        if (event.data !== undefined) return void look();
        // A lost connection: the browser tries again by itself, unless it was refused.
        if (source?.readyState === EventSource.CLOSED) timer ??= setInterval(look, POLL_MS);
      });
    }
  };

  const box = document.querySelector(".growing");
  if (box) box.scrollTop = box.scrollHeight;
  tick();
  begin();
  window.addEventListener("pagehide", stop);
  // The page was left and is shown again as it was then.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    begin();
    look();
  });
})();
