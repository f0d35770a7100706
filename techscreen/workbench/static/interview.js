// The page of an interview: saves while one types, one change after another; puts what has changed elsewhere into the
// page without touching what is being typed; moves rows and questions. Without it every form still has its button.
"use strict";

(() => {
  const bench = document.getElementById("bench");
  let needsToken = false; // the session is over: the next one has another token for its forms
  const byId = (id) => document.getElementById(id);

  // --- Menus and parts that open in place, also for those who only read ---

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(except)) menu.open = false;
  };
  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const close = event.target.closest("[data-close]");
    if (!close || !byId(close.dataset.close)) return;
    event.preventDefault();
    const place = byId(close.dataset.close);
    const heading = place.closest("article")?.querySelector("h2");
    place.replaceChildren();
    heading?.focus();
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("htmx:responseError", (event) => { needsToken ||= event.detail.xhr.status === 401; });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.closest(".feedback")) event.target.reset();
    if (event.target.closest("details.menu")) closeMenus(null);
  });

  // What is covered stays in sight where all of it fits: no part of it is ever cut off.
  const side = document.querySelector(".side");
  const fit = () => side.classList.toggle("fits", side.offsetHeight + 16 < window.innerHeight);
  if (side) {
    new ResizeObserver(fit).observe(side);
    window.addEventListener("resize", fit);
  }

  // --- What is typed is kept in this browser until it is saved, also if its question is taken out or published ---

  const draftNames = `techscreen interview ${bench?.dataset.interview} ${bench?.dataset.who} `;
  const WORDS = { topic: "Topic", question_type: "Type", skill_level: "Level", minutes: "Minutes", spoken_text: "The question",
    exhibit: "Exhibit", criteria: "Criteria", follow_ups: "Follow-ups", low: "Weak", mid: "Middling", high: "Strong" };
  const readDraft = (lineage) => {
    try {
      const draft = JSON.parse(localStorage.getItem(draftNames + lineage));
      return draft && { offers: [], ...draft };
    } catch { return null; /* nothing is kept there */ }
  };
  const writeDraft = (lineage, draft) => {
    try {
      if (draft) localStorage.setItem(draftNames + lineage, JSON.stringify(draft));
      else localStorage.removeItem(draftNames + lineage);
    } catch { /* storage may be full or forbidden: typing goes on */ }
  };
  const draftLineages = () => {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(draftNames)).map((key) => key.slice(draftNames.length))
        .filter((lineage) => !lineage.includes(" ")); // it is not somebody's whose name begins in the same way
    } catch { return []; }
  };
  const textOf = (name, value) => {
    if (name === "exhibit") return value?.text ?? "";
    if (name === "criteria") return value.map((row) => `${row.criterion}: ${row.description}`).join("\n");
    if (name === "follow_ups") return value.join("\n");
    return String(value ?? "");
  };
  const keptBox = (sentence, buttons, texts = []) => {
    const box = document.createElement("div");
    box.className = "kept";
    const words = document.createElement("p");
    words.textContent = sentence;
    box.append(words);
    const list = document.createElement("dl");
    for (const [name, text] of texts) {
      const term = document.createElement("dt"), said = document.createElement("dd");
      term.textContent = WORDS[name];
      said.textContent = text;
      said.dir = "auto";
      list.append(term, said);
    }
    if (texts.length) box.append(list);
    const row = document.createElement("p");
    row.className = "row";
    for (const [label, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = label;
      button.addEventListener("click", () => act(box));
      row.append(button);
    }
    box.append(row);
    return box;
  };
  // Texts that have no fields to go back to are shown, to be copied.
  const showLost = (lineage, sentence, buttons) => {
    const draft = readDraft(lineage);
    if (!draft) return;
    const shown = byId(`q-${lineage}`)?.textContent ?? "";
    const lines = (name, value) => textOf(name, value).split(/\n|: /);
    const texts = [...draft.offers, draft].flatMap((part) => Object.entries(part.now))
      .filter(([name, value]) => name in WORDS && !lines(name, value).every((line) => shown.includes(line)))
      .map(([name, value]) => [name, textOf(name, value)]);
    if (!texts.length) return writeDraft(lineage, null); // all of it was saved, or is only a text that was emptied
    const box = keptBox(sentence(new Date(draft.at).toLocaleString(), (draft.all ?? draft.now).topic), buttons(draft), texts);
    box.id = `lost-${lineage}`;
    byId("questions").before(box);
  };

  if (byId("page-state")?.dataset.edits !== "yes") {
    if (!bench) return;
    const forget = (lineage) => (box) => { writeDraft(lineage, null); box.remove(); };
    const sentence = (at, topic) => `What you typed here on ${at}${topic ? `, in the question “${topic}”,` : ""} was not saved, because the interview can no longer be changed.`;
    for (const lineage of draftLineages()) showLost(lineage, sentence, () => [["Forget it", forget(lineage)]]);
    return;
  }

  htmx.config.attributesToSettle = []; // it would carry styles over, which the policy of the pages forbids

  // --- What a question's fields hold ---

  const FIELDS = ["topic", "question_type", "skill_level", "minutes", "spoken_text", "exhibit", "criteria", "follow_ups",
    "low", "mid", "high"];
  const LISTS = { criteria: ["criterion", "description"], follow_ups: ["follow_up"] };
  const SAVE_AFTER = 800, LOOK_EVERY = 20000, FIRST_RETRY = 2000, LAST_RETRY = 30000, FRESH_DRAFT = 15 * 60000;
  const MESSAGE_FOR = 12000, ONE_CLICK = 500;

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const control = (card, name) => card.el.querySelector(`[data-field="${name}"]`);
  const listOf = (card, name) => card.el.querySelector(`[data-list="${name}"]`);
  const rowsOf = (list) => [...list.querySelectorAll(":scope > [data-row]")];
  const partsOf = (row) => [...row.querySelectorAll("[data-part]")];
  const isBlank = (row) => partsOf(row).every((part) => !part.value.trim());
  const filled = (card, name) => rowsOf(listOf(card, name)).filter((row) => !isBlank(row));

  const valueOf = (card, name) => {
    if (name === "exhibit") {
      const text = control(card, "exhibit_text").value;
      return text.trim() ? { kind: control(card, "exhibit_kind").value, text } : null;
    }
    if (name === "minutes") {
      const text = control(card, name).value.trim();
      return text === "" ? null : Number(text);
    }
    if (name === "follow_ups") return filled(card, name).map((row) => partsOf(row)[0].value);
    if (name === "criteria") {
      return filled(card, name).map((row) => {
        const [criterion, description] = partsOf(row);
        return { criterion: criterion.value, description: description.value };
      });
    }
    return control(card, name).value;
  };
  const contentOf = (card) => Object.fromEntries(FIELDS.map((name) => [name, valueOf(card, name)]));

  const put = (field, value) => {
    if (field.value === value) return;
    field.value = value;
    if (field.parentElement.classList.contains("grow")) paint(field);
  };
  const setValue = (card, name, value) => {
    if (name === "exhibit") {
      put(control(card, "exhibit_text"), value ? value.text : "");
      if (value) {
        control(card, "exhibit_kind").value = value.kind;
        card.el.querySelector("details.exhibit").open = true;
      }
    } else if (LISTS[name]) {
      const list = listOf(card, name);
      const rows = filled(card, name);
      while (rows.length > value.length) rows.pop().remove();
      while (rows.length < value.length) rows.push(addRow(card, list));
      value.forEach((item, place) => {
        const texts = name === "criteria" ? [item.criterion, item.description] : [item];
        partsOf(rows[place]).forEach((part, at) => put(part, texts[at]));
      });
      renumber(list);
    } else put(control(card, name), value === null ? "" : String(value));
  };

  // --- The layer behind a text: its size, and the words that findings are about ---

  const paint = (field) => {
    const mirror = field.previousElementSibling;
    const text = field.value;
    const slot = field.closest("[data-row]")?.querySelector(".slot") ?? slotOf(field);
    const ends = "." + (field.dataset.part ?? "");
    const marks = [...(slot?.querySelectorAll("[data-start]") ?? [])]
      .filter((one) => !LISTS.criteria.includes(field.dataset.part) || one.dataset.field.endsWith(ends))
      .map((one) => [Number(one.dataset.start), Number(one.dataset.end), one.dataset.word])
      .filter(([start, end, word]) => text.slice(start, end) === word)
      .sort((one, other) => one[0] - other[0]);
    const pieces = [];
    let done = 0;
    for (const [start, end] of marks) {
      if (start < done) continue;
      const mark = document.createElement("mark");
      mark.textContent = text.slice(start, end);
      pieces.push(text.slice(done, start), mark);
      done = end;
    }
    mirror.replaceChildren(...pieces, text.slice(done));
  };
  const slotOf = (field) => {
    const name = { exhibit_text: "exhibit" }[field.dataset.field] ?? field.dataset.field;
    return field.closest("[data-lineage]")?.querySelector(`[data-slot-of="${name}"]`);
  };

  // --- Rows of a list ---

  const addRow = (card, list, after) => {
    const row = byId(`row-${list.dataset.list}`).content.firstElementChild.cloneNode(true);
    for (const field of row.querySelectorAll("textarea")) field.setAttribute("form", card.form.id);
    for (const grow of row.querySelectorAll(".grow")) grow.lang = list.querySelector(".grow")?.lang || grow.lang;
    if (after) after.after(row);
    else list.append(row);
    return row;
  };
  const renumber = (list) => {
    const card = cardOf(list);
    let number = 0;
    rowsOf(list).forEach((row, place) => {
      const counts = !isBlank(row);
      row.querySelector(".slot").dataset.slotOf = counts ? `${list.dataset.list}-${number}` : "";
      number += counts;
      for (const field of row.querySelectorAll("[aria-label]")) {
        field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+$/, place + 1));
      }
    });
    const count = card?.el.querySelector(`[data-count="${list.dataset.list}"]`);
    if (count) count.textContent = number;
  };
  const changedRows = (list) => {
    renumber(list);
    touched(cardOf(list), 0);
  };
  const moveRow = (row, by) => {
    const list = row.parentElement;
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (by < 0) row.after(other);
    else row.before(other);
    changedRows(list);
    tell(`It is now number ${rowsOf(list).indexOf(row) + 1} of ${rowsOf(list).length}.`);
  };
  const removeRow = (row) => {
    const list = row.parentElement;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    changedRows(list);
    if (next) partsOf(next)[0].focus();
    else list.closest("fieldset").querySelector("[data-add]").focus();
    tell("It was removed. “Undo” brings it back.");
  };
  document.addEventListener("click", (event) => {
    const menu = event.target.closest(".row-menu");
    if (menu?.childElementCount === 1) menu.append(byId("row-menu").content.cloneNode(true));
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const row = button.closest("[data-row]");
    button.closest("details").open = false;
    if (button.dataset.act === "remove") return removeRow(row);
    moveRow(row, button.dataset.act === "up" ? -1 : 1);
    row.querySelector("summary").focus();
  });
  const newRow = (list, after) => {
    const row = addRow(cardOf(list), list, after);
    renumber(list);
    partsOf(row)[0].focus();
  };

  // --- The questions of the page ---

  const cards = new Map();
  const cardOf = (node) => cards.get(node?.closest?.("[data-lineage]")?.dataset.lineage);
  const state = () => byId("page-state").dataset;

  const take = (el) => {
    const card = { el, lineage: el.dataset.lineage, form: byId(`f-${el.dataset.lineage}`), seen: state().revision };
    card.was = JSON.parse(byId(`was-${card.lineage}`).value);
    byId(`lost-${card.lineage}`)?.remove();
    cards.set(card.lineage, card);
    for (const name of Object.keys(LISTS)) renumber(listOf(card, name));
    card.shown = contentOf(card);
    bringBack(card);
  };
  const dirty = (card) => {
    const now = contentOf(card);
    return FIELDS.filter((name) => !same(now[name], card.shown[name]));
  };

  // --- What is said about saving ---

  new MutationObserver(() => {
    for (const good of document.querySelectorAll("#messages > .good")) setTimeout(() => good.remove(), MESSAGE_FOR);
  }).observe(byId("messages"), { childList: true });
  const saveState = byId("save-state");
  const say = (words, isBad = false) => {
    if (saveState.textContent !== words) saveState.textContent = words;
    saveState.classList.toggle("bad", isBad);
  };
  const tell = (words) => { byId("spoken").textContent = words; };
  const offering = () => [...cards.values()].find((card) => card.offers.length);
  const sayHowItIs = () => {
    if ([...cards.values()].some((card) => card.failed)) return;
    if ([...cards.values()].some((card) => dirty(card).length)) say("Not saved yet");
    else if (document.querySelector("#bench .kept[id^=lost-]")) say("Not all is saved. See the box above the questions.");
    else if (offering()) say(`Not all is saved. See question ${[...cards.values()].indexOf(offering()) + 1}.`);
    else if (saveState.textContent !== "All is saved") say("Saved");
  };

  // --- What was kept comes back; what would change other texts than it was typed upon is offered ---

  // What is on offer stays kept until somebody decides, whatever else is typed and saved meanwhile.
  const keep = (card) => {
    const names = dirty(card), all = contentOf(card), { offers } = card;
    const pick = (from) => Object.fromEntries(names.map((name) => [name, from[name]]));
    const isNeeded = names.length || offers.length;
    writeDraft(card.lineage, isNeeded ? { was: pick(card.was), now: pick(all), at: Date.now(), all, offers } : null);
  };
  const bringBack = (card) => {
    const draft = readDraft(card.lineage);
    card.offers = [];
    if (!draft) return;
    const { was, now, at, offers } = draft;
    const differing = (part) => FIELDS.filter((name) => name in part.now && !same(part.now[name], card.shown[name]));
    const restore = (part) => {
      for (const name of differing(part)) {
        setValue(card, name, part.now[name]);
        card.was[name] = part.was[name];
      }
      touched(card, 0);
    };
    const names = differing(draft);
    // What was typed a moment ago, as when the page was loaded again, goes on where it was.
    const isFresh = Date.now() - at < FRESH_DRAFT && names.every((name) => same(was[name], card.was[name]));
    card.offers = [...offers, ...(isFresh ? [] : [{ was, now, at }])].filter((part) => differing(part).length);
    for (const offer of [...card.offers].reverse()) {
      const decide = (then) => (box) => {
        box.remove();
        card.offers = card.offers.filter((other) => other !== offer);
        then();
        sayHowItIs();
      };
      const buttons = [["Put it back", decide(() => restore(offer))], ["Forget it", decide(() => keep(card))]];
      const words = `Something that you typed here on ${new Date(offer.at).toLocaleString()} was not saved.`;
      card.el.querySelector(".question-head").after(keptBox(words, buttons));
    }
    if (isFresh && names.length) restore(draft);
    else keep(card);
  };
  const bringBackLost = (lineage) => {
    const sentence = (at, topic) => `What you typed on ${at}${topic ? ` in the question “${topic}”` : ""} was not saved, because the question was taken out.`;
    const forget = (box) => {
      writeDraft(lineage, null);
      box.remove();
      sayHowItIs();
    };
    const add = (draft) => (box) => change(addAddress(), () => asForm({
      ...draft.all, ...Object.assign({}, ...[...draft.offers, draft].map((part) => part.now)),
    }), (arrived) => {
      forget(box);
      focusOn(arrived);
    });
    showLost(lineage, sentence, (draft) => [["Add it as a question of your own", add(draft)], ["Forget it", forget]]);
  };
  const addAddress = () => new URL("questions", new URL(bench.dataset.now, location.href)).href;
  const asForm = (content) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(content)) {
      if (name === "exhibit") {
        body.set("exhibit_kind", value?.kind ?? "text");
        body.set("exhibit_text", value?.text ?? "");
      } else if (name === "criteria") {
        for (const row of value) for (const part of LISTS.criteria) body.append(part, row[part]);
      } else if (name === "follow_ups") for (const text of value) body.append("follow_up", text);
      else body.set(name, value ?? "");
    }
    return body;
  };

  // --- One request after another ---

  let chain = Promise.resolve();
  const inTurn = (work) => (chain = chain.then(work, work));

  const ask = async (address, body) => {
    const headers = { "HX-Request": "true", "X-CSRFToken": state().token };
    const answer = await fetch(address, { method: body ? "POST" : "GET", body, headers });
    return { status: answer.status, hasParts: answer.headers.has("X-Interview-Parts"), html: await answer.text() };
  };
  const swap = (html) => htmx.swap(document.body, html, { swapStyle: "none", swapDelay: 0, settleDelay: 0 });
  const showMessage = (html) => htmx.swap(byId("messages"), html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
  const withPlace = (body) => {
    body.set("seen", state().revision);
    body.set("known", [...cards.keys()].join(" "));
    return body;
  };

  const touched = (card, wait = SAVE_AFTER) => {
    if (!card) return;
    keep(card);
    clearTimeout(card.timer);
    card.timer = setTimeout(() => save(card), wait);
    if (!card.failed) sayHowItIs();
  };
  const save = (card) => {
    clearTimeout(card.timer);
    if (card.waits) return card.waits;
    card.waits = inTurn(() => {
      card.waits = null;
      return saveNow(card);
    });
    return card.waits;
  };
  const formOf = (card, names) => {
    const body = withPlace(new FormData(card.form));
    body.set("was", JSON.stringify(card.was));
    body.set("changed", names.join(" "));
    body.set("first_seen", card.seen);
    return body;
  };
  const saveNow = async (card) => {
    const names = dirty(card);
    if (card.gone || !cards.has(card.lineage)) return null;
    if (!names.length) {
      settled(card);
      if (card.isBehind) look(card.seen);
      return sayHowItIs();
    }
    const sent = contentOf(card);
    say("Saving…");
    for (const old of document.querySelectorAll("#messages > .good")) old.remove();
    let answer;
    try {
      answer = await ask(card.form.action, formOf(card, names));
    } catch {
      return failed(card, "the service cannot be reached. What you typed is kept, and sent again by itself.", true);
    }
    if (answer.hasParts) {
      apply(answer.html, card, sent);
      if (card.gone) return null;
      if (answer.status < 400) {
        card.failed = null;
        retryAfter = FIRST_RETRY;
        if (dirty(card).length) touched(card);
        keep(card);
        return sayHowItIs();
      }
      const where = `See question ${[...cards.keys()].indexOf(card.lineage) + 1}.`;
      const why = { 400: `something in it cannot stay so. ${where}`, 412: `somebody else changed the same text. ${where}` };
      return failed(card, why[answer.status] ?? "it cannot be changed any more.");
    }
    showMessage(answer.html);
    needsToken = answer.status === 401;
    failed(card, needsToken ? "your session has ended." : "the service did not take it.", answer.status >= 429);
  };

  let retryAfter = FIRST_RETRY, retry = null;
  const failed = (card, why, again = false) => {
    card.failed = why;
    keep(card);
    say(`Not saved: ${why}`, true);
    if (!again) return;
    clearTimeout(retry);
    retry = setTimeout(saveAll, retryAfter);
    retryAfter = Math.min(2 * retryAfter, LAST_RETRY);
  };
  // All that stands there is what was given: nothing of it has to be saved, and nobody has to decide.
  const settled = (card) => {
    card.failed = null;
    card.el.querySelector(".conflict")?.remove();
    for (const problem of card.el.querySelectorAll("[data-problem]")) problem.remove();
    for (const field of card.el.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  };
  const saveAll = () => Promise.all([...cards.values()].filter((card) => dirty(card).length).map(save));

  // --- What an answer brings ---

  const apply = (html, saved = null, sent = null) => {
    const told = new DOMParser().parseFromString(html, "text/html").getElementById("answered")?.dataset ?? {};
    const typedBefore = document.activeElement;
    swap(html);
    const fresh = (told.fresh ?? "").split(" ");
    for (const card of cards.values()) {
      if (fresh.includes(card.lineage)) takeOver(card, card === saved ? sent : null, (told.saved ?? "").split(" "));
      placeFindings(card);
    }
    arrange();
    const token = JSON.stringify({ "X-CSRFToken": state().token });
    document.body.setAttribute("hx-headers", token);
    for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = state().token;
    if (typedBefore?.isConnected && document.activeElement !== typedBefore) typedBefore.focus({ preventScroll: true });
    const title = document.querySelector(".title h1").firstChild;
    if (title.textContent.trim() !== state().name) title.textContent = `${state().name} `;
    if (state().edits !== "yes" && ![...cards.values()].some((card) => dirty(card).length)) location.reload();
  };

  // What is stored now. What was typed meanwhile stays; what it was based on does too, so that nothing is overwritten.
  const takeOver = (card, sent, savedFields) => {
    const now = JSON.parse(byId(`was-${card.lineage}`).value);
    let isClean = true;
    for (const name of FIELDS) {
      const here = valueOf(card, name);
      const base = sent && savedFields.includes(name) ? sent[name] : card.shown[name];
      if (same(here, base)) {
        if (!same(here, now[name])) setValue(card, name, now[name]);
        card.was[name] = now[name];
        card.shown[name] = valueOf(card, name);
      } else if (sent && savedFields.includes(name) && same(now[name], sent[name])) {
        card.was[name] = now[name];
        card.shown[name] = sent[name];
      } else isClean = false;
    }
    card.isBehind = !isClean;
    if (isClean) card.seen = state().revision;
  };

  const placeFindings = (card) => {
    const store = byId(`found-${card.lineage}`);
    const key = (one) => one.dataset.finding ?? one.textContent;
    const there = new Map();
    for (const slot of card.el.querySelectorAll("[data-slot-of]")) {
      for (const one of slot.children) there.set(`${slot.dataset.slotOf} ${key(one)}`, one);
    }
    for (const field of card.el.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const one of [...store.children]) {
      const slot = card.el.querySelector(`[data-slot-of="${one.dataset.slot}"]`) ?? card.el.querySelector('[data-slot-of="question"]');
      const old = `${slot.dataset.slotOf} ${key(one)}`;
      // One that is there already stays: somebody may be writing into it.
      if (there.has(old)) there.delete(old);
      else slot.append(one);
      if ("problem" in one.dataset) invalidIn(slot)?.setAttribute("aria-invalid", "true");
    }
    for (const one of there.values()) {
      handOn(one);
      one.remove();
    }
    store.replaceChildren();
    for (const field of card.el.querySelectorAll(".grow > textarea")) paint(field);
  };
  // A finding in a text that has changed is another one: what was being written about it goes on there.
  const handOn = (old) => {
    const written = old.querySelector("textarea");
    if (!written?.closest("details").open) return;
    const kind = (one) => one.querySelector("b")?.textContent;
    const next = [...old.parentElement.children].find((one) => one !== old && kind(one) === kind(old) && one.querySelector("textarea")?.value === "");
    if (!next) return;
    const field = next.querySelector("textarea");
    field.closest("details").open = true;
    field.value = written.value;
    if (document.activeElement !== written) return;
    field.focus({ preventScroll: true });
    field.setSelectionRange(written.selectionStart, written.selectionEnd);
  };
  const invalidIn = (slot) =>
    slot.closest("[data-row]")?.querySelector("textarea") ?? slot.parentElement.querySelector(`[data-field="${slot.dataset.slotOf}"]`);

  // The questions in their order: new ones come in, those that are gone go, unless something in them is not saved.
  const arrange = () => {
    const order = state().order.trim().split(" ").filter(Boolean);
    const questions = byId("questions");
    if (questions.classList.contains("sorting")) return; // one is being dragged: the next answer does it
    for (const el of [...byId("arrivals").children]) {
      questions.append(el);
      take(el);
      htmx.process(el);
    }
    for (const card of [...cards.values()]) {
      if (order.includes(card.lineage)) continue;
      if (dirty(card).length || card.offers.length) markGone(card);
      else {
        card.el.remove();
        cards.delete(card.lineage);
      }
    }
    for (const lineage of order) {
      const card = cards.get(lineage);
      if (!card) continue;
      cards.delete(lineage);
      cards.set(lineage, card); // in their order
    }
    const wanted = order.map((lineage) => cards.get(lineage)?.el).filter(Boolean);
    const pivot = wanted.find((el) => el.contains(document.activeElement)) ?? wanted[0];
    const at = wanted.indexOf(pivot);
    let next = pivot;
    for (const el of wanted.slice(0, at).reverse()) {
      if (next.previousElementSibling !== el) next.before(el);
      next = el;
    }
    let last = pivot;
    for (const el of wanted.slice(at + 1)) {
      if (last.nextElementSibling !== el) last.after(el);
      last = el;
    }
  };
  const markGone = (card) => {
    if (card.gone) return;
    card.gone = true;
    failed(card, "somebody took the question out.");
    const add = () => change(addAddress(), () => new FormData(card.form), () => letGo(card));
    const box = keptBox("Somebody took this question out meanwhile. What you typed is still here.",
      [["Add it as a question of your own", add], ["Forget it", () => letGo(card)]]);
    card.el.querySelector(".question-head").replaceChildren(box);
  };
  const letGo = (card) => {
    writeDraft(card.lineage, null);
    card.el.remove();
    cards.delete(card.lineage);
    sayHowItIs();
  };

  // --- Other changes: everything typed is saved first ---

  const change = (address, body, then = () => {}) => {
    saveAll();
    return inTurn(async () => {
      let answer;
      try {
        answer = await ask(address, withPlace(body()));
      } catch {
        return showMessage('<p class="message bad">The service cannot be reached, so nothing was changed. Try again.</p>');
      }
      if (!answer.hasParts) {
        needsToken = answer.status === 401;
        return showMessage(answer.html);
      }
      const before = new Set(cards.keys());
      apply(answer.html);
      if (answer.status < 400) then([...cards.values()].find((card) => !before.has(card.lineage)));
      sayHowItIs();
    });
  };
  const focusOn = (card) => {
    const heading = card?.el.querySelector("h2");
    if (!heading) return;
    heading.focus({ preventScroll: true });
    heading.scrollIntoView({ block: "start" });
  };
  const after = (form, from) => (arrived) => {
    const isStillThere = [from, document.body].includes(document.activeElement);
    if (form.id === "add-form") {
      form.reset();
      byId("add-details").open = false;
      try { localStorage.removeItem(`techscreen draft ${form.dataset.draft}`); } catch { /* nothing is kept there */ }
    }
    if (form.id === "rename" || form.id.startsWith("lock-")) closeMenus(null);
    if ("once" in form.dataset) {
      const words = document.createElement("p");
      words.className = "quiet";
      words.textContent = "Added.";
      form.replaceWith(words);
    }
    // Who has gone on to something else meanwhile stays there.
    if (!isStillThere || ["undo", "redo"].includes(form.id)) return;
    if (form.id.startsWith("remove-")) byId("undo-button").focus();
    else if (arrived) focusOn(arrived);
  };

  const underWay = new Set(), lastSent = new Map();
  let clicks = 0;
  document.addEventListener("click", (event) => { clicks = event.detail; }, true);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const card = form.matches("[data-autosave]") ? cardOf(form) : null;
    if (card) {
      event.preventDefault();
      const button = event.submitter;
      if (button?.dataset.conflict === "mine") {
        Object.assign(card.was, theirsOf(button));
        save(card);
      } else save(card);
      return;
    }
    if (!form.matches("[data-change]")) return;
    event.preventDefault();
    if (form.querySelector("button[aria-disabled=true]")) return;
    if (form.dataset.move) {
      const own = form.closest("[data-lineage]");
      const other = form.dataset.move === "up" ? own.previousElementSibling : own.nextElementSibling;
      if (other) own[form.dataset.move === "up" ? "after" : "before"](other);
      own.querySelector("h2").scrollIntoView({ block: "nearest" });
    }
    // A double click is one click; but who moves a question by two places clicks twice.
    const what = `${form.id} ${form.action}`;
    const isAgain = clicks > 1 && event.timeStamp - (lastSent.get(what) ?? -ONE_CLICK) < ONE_CLICK;
    if (!form.dataset.move && (underWay.has(what) || isAgain)) return;
    underWay.add(what);
    lastSent.set(what, event.timeStamp);
    // The form of the moment when it is sent: what was saved before may have changed it.
    change(form.action, () => new FormData(form.id ? byId(form.id) ?? form : form), after(form, document.activeElement))
      .finally(() => underWay.delete(what));
  });
  const theirsOf = (button) => JSON.parse(button.closest(".conflict").dataset.theirs);

  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    if (add) newRow(add.closest("fieldset").querySelector(`[data-list="${add.dataset.add}"]`));
    const theirs = event.target.closest('[data-conflict="theirs"]');
    if (theirs) {
      event.preventDefault();
      takeTheirs(cardOf(theirs), theirsOf(theirs));
    }
    const opens = event.target.closest("[data-open]");
    if (opens) {
      byId(`${opens.dataset.open}-details`).open = true;
      if (byId("sixth")) byId("sixth").checked = true;
      byId("spoken_text").focus();
      event.preventDefault();
    }
  });
  const takeTheirs = (card, theirs) => {
    const mine = contentOf(card);
    for (const [name, value] of Object.entries(theirs)) {
      setValue(card, name, value);
      card.was[name] = value;
      card.shown[name] = valueOf(card, name);
    }
    card.failed = null;
    const place = byId(`conflict-${card.lineage}`);
    const box = document.createElement("p");
    box.className = "kept row spread";
    box.append("Theirs is in the fields now.");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Put mine back";
    button.addEventListener("click", () => {
      for (const name of Object.keys(theirs)) setValue(card, name, mine[name]);
      place.replaceChildren();
      touched(card, 0);
    });
    box.append(button);
    place.replaceChildren(box);
    button.focus();
    touched(card, 0);
  };

  // --- Typing ---

  bench.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches("[data-field], [data-part]")) return;
    if (field.parentElement.classList.contains("grow")) paint(field);
    if (field.dataset.field === "topic") cardOf(field).el.querySelector("[data-topic]").textContent = field.value;
    const list = field.closest("[data-list]");
    if (list) renumber(list);
    touched(cardOf(field), field.matches("select") ? 0 : SAVE_AFTER);
  });
  bench.addEventListener("focusout", (event) => {
    const card = event.target.matches("[data-field], [data-part]") ? cardOf(event.target) : null;
    if (card && dirty(card).length && !card.failed) save(card);
  });
  bench.addEventListener("keydown", (event) => {
    const row = event.target.matches("[data-part]") ? event.target.closest("[data-row]") : null;
    if (event.isComposing) return;
    if (event.target.matches('[data-field="topic"]') && event.key === "Enter") event.preventDefault();
    if (!row) return;
    const parts = partsOf(row), at = parts.indexOf(event.target);
    if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      moveRow(row, event.key === "ArrowUp" ? -1 : 1);
    } else if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (at < parts.length - 1) parts[at + 1].focus();
      else newRow(row.parentElement, row);
    } else if (event.key === "Backspace" && isBlank(row) && at === 0 && row.previousElementSibling) {
      event.preventDefault();
      const before = row.previousElementSibling;
      removeRow(row);
      partsOf(before).at(-1).focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return; // there the browser undoes what was typed
    const button = byId(event.shiftKey ? "redo-button" : "undo-button");
    if (!button || button.disabled) return;
    event.preventDefault();
    button.form.requestSubmit(button);
  });

  // --- Dragged to another place, see drag.js ---

  bench.addEventListener("dropped", (event) => {
    const item = event.target;
    if (item.matches("[data-row]")) changedRows(item.parentElement);
    else moved(item, event.detail.place);
  });
  const moved = (item, place) => {
    const form = byId(`up-form-${item.dataset.lineage}`);
    change(form.action, () => {
      const body = new FormData(byId(form.id));
      body.set("to", place);
      return body;
    });
  };

  // --- What others do meanwhile, a session that is over, a network that comes back ---

  const look = (seen = state().revision) => inTurn(async () => {
    try {
      const address = new URL(bench.dataset.now, location.href);
      address.searchParams.set("seen", seen);
      address.searchParams.set("known", [...cards.keys()].join(" "));
      if (needsToken) address.searchParams.set("all", "yes");
      const answer = await ask(address);
      if (answer.hasParts) apply(answer.html);
      if (answer.status < 300) {
        if (needsToken) byId("messages").replaceChildren();
        needsToken = false;
      }
      return answer.status < 300;
    } catch {
      return false;
    }
  });
  const comeBack = async () => {
    if (document.hidden || !(await look())) return;
    for (const card of cards.values()) if (card.failed && !byId(`conflict-${card.lineage}`)?.childElementCount) card.failed = null;
    saveAll();
  };
  window.addEventListener("focus", comeBack);
  window.addEventListener("online", comeBack);
  document.addEventListener("visibilitychange", comeBack);
  setInterval(() => { if (!document.hidden) look(); }, LOOK_EVERY);
  window.addEventListener("pagehide", () => {
    for (const card of cards.values()) {
      const names = dirty(card);
      if (names.length || card.offers.length) keep(card);
      if (!names.length || card.gone) continue;
      const headers = { "HX-Request": "true", "X-CSRFToken": state().token };
      fetch(card.form.action, { method: "POST", body: formOf(card, names), headers, keepalive: true }).catch(() => {});
    }
  });

  // --- Begin ---

  for (const el of document.querySelectorAll("#questions > [data-lineage]")) take(el);
  for (const lineage of draftLineages()) if (!cards.has(lineage)) bringBackLost(lineage);
  for (const field of document.querySelectorAll(".grow > textarea")) paint(field);
  sayHowItIs();
})();
