// What the room shows: a session and its questions come in, elements go out. A field's name is the path of its value.

import { FILES } from "./room-exports.js";
import { fill, h } from "./room-dom.js";
import { at } from "./room-store.js";
import { clock, elapsedOf } from "./room-timer.js";

const RATINGS = ["1", "2", "3", "4"];
const ANCHORS = [["low", ["1"]], ["mid", ["2", "3"]], ["high", ["4"]]];
// Notes that are no longer are shown beside the rating at once.
const SHORT_NOTES = 400;
const RECOMMENDATIONS = ["strong_yes", "yes", "no", "strong_no"];

// ------------------------------------------------------------------------------------------------- all sessions

/**
 * The page before an interview: begin one, go on with one, forget.
 *
 * @param {Object} room what `room.js` offers; see there.
 */
export function startView(room) {
  const { labels, page } = room;
  const words = labels.room.start;
  return h("main", { class: "room-main narrow" },
    h("p", { class: "room-away" }, h("a", { href: room.backAddress }, labels.tools.back)),
    title(page.interview.title, [page.interview.name, page.interview.req_id, versionOf(labels, page)].join(" · "),
      page.content_language),
    goneNotice(room),
    warnings(page),
    h("p", { class: "room-privacy" }, labels.room.privacy, " ", readyWords(room)),
    !room.isGone && beginForm(room, room.store.list()[0]),
    keptView(room),
    h("p", {}, h("button", { type: "button", class: "danger", onclick: room.forgetAll }, words.forget_all)),
  );
}

/** That the interview was deleted, if it was. */
export function goneNotice(room) {
  return room.isGone ? h("p", { class: "room-warning" }, room.labels.room.state.gone) : "";
}

/** The sessions that are kept in this browser. */
export function keptView(room) {
  const words = room.labels.room.start;
  const sessions = room.store.list();
  return h("section", { class: "room-card", id: "room-kept" },
    h("h2", {}, words.kept),
    sessions.length
      ? h("ul", { class: "room-kept" }, sessions.map((session) => keptSession(room, session)))
      : h("p", { class: "soft" }, words.none));
}

function beginForm(room, latest) {
  const { labels } = room;
  const field = (name, value, more = {}) =>
    h("label", { class: "room-field" }, h("span", {}, labels.head[name]),
      h("input", { name, value: value ?? "", type: "text", autocomplete: "off", maxlength: 200, ...more }));
  const send = (event) => {
    event.preventDefault();
    room.begin(Object.fromEntries(new FormData(event.target)));
  };
  return h("form", { class: "room-card", novalidate: true, onsubmit: send },
    h("h2", {}, labels.room.start.title),
    h("label", { class: "room-field" }, h("span", {}, labels.head.candidate),
      h("small", { id: "candidate-hint" }, labels.room.start.candidate_hint),
      h("input", { name: "candidate", type: "text", autocomplete: "off", maxlength: 200, required: true,
        "aria-describedby": "candidate-hint candidate-problem" }),
      h("strong", { class: "problem", id: "candidate-problem", hidden: true }, labels.room.start.candidate_needed)),
    h("div", { class: "room-fields" },
      field("interviewer", latest?.interviewer || room.caller), field("panel", latest?.panel), field("place", latest?.place),
      field("date", today(), { type: "date" })),
    h("button", { class: "primary" }, labels.room.start.begin));
}

function keptSession(room, session) {
  const words = room.labels.room.start;
  const changed = fill(words.changed, { moment: moment(session.savedAt) });
  const about = `session-${session.id}`;
  return h("li", {},
    h("span", { id: about }, h("b", {}, session.candidate), " ", h("small", {}, changed)),
    h("span", { class: "room-buttons" },
      room.dataOf(session)
        ? h("button", { type: "button", "aria-describedby": about, onclick: () => room.resume(session.id) }, words.resume)
        : h("small", {}, room.labels.room.state.missing),
      h("button", { type: "button", class: "danger", "aria-describedby": about, onclick: () => room.forget(session) },
        words.forget)));
}

// ------------------------------------------------------------------------------------------------- one session

/** The bar at the top: who it is about, whether it is saved, the keys. */
export function barView(room) {
  const { labels } = room;
  return h("header", { class: "room-bar" },
    h("button", { type: "button", onclick: room.leave }, labels.room.steps.all),
    h("b", { class: "room-candidate" }, room.session.candidate),
    h("span", { class: "room-state", id: "room-state" }),
    h("button", { type: "button", onclick: room.help, "aria-haspopup": "dialog", "aria-keyshortcuts": "?" },
      labels.room.help.open, h("kbd", { "aria-hidden": "true" }, "?")));
}

/** The steps, of which one is shown. */
export function stepsView(room) {
  const { labels, data, step } = room;
  const total = data.questions.length;
  const names = [
    [labels.opening.title],
    ...data.questions.map((question, place) => [
      String(question.number),
      `${fill(labels.room.steps.position, { number: place + 1, total })}: ${question.topic}`,
    ]),
    [labels.closing.title],
    [labels.room.summary.title],
  ];
  return h("nav", { class: "room-steps", "aria-label": labels.room.steps.label },
    h("ol", {}, names.map(([name, full], place) =>
      h("li", {}, h("button", {
        type: "button", "aria-label": full, "aria-current": place === step && "step", onclick: () => room.go(place),
      }, name)))));
}

/** The step that is shown. */
export function stepView(room) {
  const { data, step } = room;
  const last = data.questions.length;
  if (step === 0) return openingView(room);
  if (step <= last) return questionView(room, step - 1);
  return step === last + 1 ? closingView(room) : summaryView(room);
}

/** The bar at the bottom: back, the time, next. */
export function footView(room) {
  const { labels, data, step } = room;
  const words = labels.room.steps;
  return h("footer", { class: "room-foot" },
    h("button", { type: "button", class: "back", disabled: step === 0, onclick: room.previous }, `← ${words.previous}`),
    h("div", { class: "room-time", role: "group", "aria-label": labels.room.timer.label, id: "room-time" },
      h("span", { class: "now" }), h("span", { class: "plan" }),
      h("button", { type: "button", class: "toggle", onclick: room.toggleTimer, "aria-keyshortcuts": "T" }),
      h("button", { type: "button", class: "reset", onclick: room.resetTimer }, labels.room.timer.reset)),
    h("button", {
      type: "button", class: "next primary", disabled: step === data.questions.length + 2, onclick: room.next,
    }, `${words.next} →`));
}

function openingView(room) {
  const { labels, data } = room;
  return h("main", { class: "room-main" },
    title(labels.opening.title, data.interview.title, null, data.content_language),
    warnings(data),
    h("div", { class: "room-two" },
      h("div", {},
        spoken(labels.opening.how, data.opening),
        h("section", { class: "room-card" }, h("h2", {}, labels.notes.rules_title), list(labels.notes.rules)),
        h("section", { class: "room-card" }, h("h2", {}, labels.scale.title), list(labels.scale.lines))),
      h("div", {},
        h("section", { class: "room-card room-fields" },
          ["candidate", "date", "time", "place", "interviewer", "panel"].map((name) =>
            textField(room, name, labels.head[name], { type: name === "date" ? "date" : "text" }))),
        notesField(room, "notes.opening", labels.notes.agreed, 4))));
}

function questionView(room, place) {
  const { labels, data } = room;
  const question = data.questions[place];
  const words = labels.question;
  const language = data.content_language;
  const position = fill(labels.room.steps.position, { number: place + 1, total: data.questions.length });
  return h("main", { class: "room-main" },
    title(question.topic, [position, ...question.facts].join(" · "), language),
    h("div", { class: "room-two" },
      h("div", {},
        spoken(words.ask, question.spoken, language),
        question.exhibit && exhibitCard(room, question, language),
        question.probes.length > 0 && h("fieldset", { class: "room-card" },
          legend(words.probes, `${words.probes_help}, ${labels.room.asked}`),
          question.probes.map((probe, number) => tick(room, `answers.${place}.asked.${number}`, [probe], language))),
        h("details", { class: "room-card" }, h("summary", {}, words.why),
          question.reasons.length
            ? [h("p", {}, words.why_said), h("ul", { lang: language }, question.reasons.map((reason) => h("li", {}, reason)))]
            : h("p", {}, words.why_general),
          h("p", { class: "soft" }, question.origin))),
      h("div", {},
        question.criteria.length > 0 && h("fieldset", { class: "room-card" },
          legend(words.criteria, words.criteria_help),
          h("div", { class: "room-criteria" }, question.criteria.map(({ name, description }, number) =>
            tick(room, `answers.${place}.ticked.${number}`,
              [h("b", {}, name), description && ` ${description}`], language, number < 10 && String((number + 1) % 10))))),
        notesField(room, `answers.${place}.notes`, labels.notes.title, 6, "N"),
        ratingCard(room, place))));
}

function exhibitCard(room, question, language) {
  const { labels } = room;
  return h("section", { class: "room-card" },
    h("div", { class: "room-spread" },
      h("h2", {}, fill(labels.question.show, { kind: question.exhibit.kind })),
      h("button", { type: "button", onclick: room.enlarge, "aria-haspopup": "dialog", "aria-keyshortcuts": "E" },
        labels.room.exhibit.open)),
    h("pre", { lang: language }, question.exhibit.text));
}

function ratingCard(room, place) {
  const { labels, data } = room;
  const words = labels.question;
  const { anchors } = data.questions[place];
  const path = `answers.${place}.rating`;
  return h("fieldset", { class: "room-card room-rating" },
    legend(words.rating, words.choose),
    h("div", { class: "room-anchors" }, ANCHORS.map(([name, ratings]) =>
      h("div", { class: `anchor ${name}` },
        h("div", { class: "room-choices" }, ratings.map((rating) =>
          choice(room, path, rating, rating, { "aria-describedby": `anchor-${name}` }))),
        h("p", { id: `anchor-${name}` }, h("b", {}, words.anchors[name]), " ",
          h("span", { lang: data.content_language }, anchors[name]))))),
    h("div", { class: "room-choices" },
      choice(room, path, "not_asked", words.not_asked),
      h("button", { type: "button", onclick: () => room.choose(path, null) }, labels.room.clear)));
}

function closingView(room) {
  const { labels } = room;
  return h("main", { class: "room-main" },
    title(labels.closing.title),
    h("div", { class: "room-two" },
      spoken(labels.opening.how, labels.closing.lines),
      h("div", {},
        h("section", { class: "room-card room-fields" },
          textField(room, "next_by", labels.closing.next_by), textField(room, "next_from", labels.closing.next_from)),
        notesField(room, "notes.closing", labels.closing.candidate_questions, 6, "N"))));
}

function summaryView(room) {
  const { labels, data } = room;
  const words = labels.summary;
  return h("main", { class: "room-main" },
    title(labels.room.summary.title, words.help),
    h("div", { class: "room-two" },
      h("div", {}, errorsCard(labels),
        h("section", { class: "room-card" }, textField(room, "time", labels.head.time))),
      h("div", {},
        data.questions.map((question, place) => ratingLine(room, question, place)),
        h("fieldset", { class: "room-card" },
          legend(words.recommendation, labels.question.choose),
          h("div", { class: "room-choices" }, RECOMMENDATIONS.map((value) =>
            choice(room, "recommendation", value, words.recommendations[value])))),
        notesField(room, "notes.reasons", words.reasons, 5, "N"),
        filesCard(room))));
}

function errorsCard(labels) {
  return h("section", { class: "room-card" },
    h("h2", {}, labels.errors.title),
    h("dl", {}, labels.errors.list.map(([name, what, instead]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, what, " ", h("b", {}, instead))))),
    h("p", {}, labels.errors.alone));
}

function ratingLine(room, question, place) {
  const { labels, data, session } = room;
  const path = `answers.${place}.rating`;
  const used = elapsedOf(session.answers[place].timer, Date.now());
  return h("fieldset", { class: "room-card room-line" },
    h("legend", { lang: data.content_language }, `${question.number}. ${question.topic}`),
    h("div", { class: "room-choices" },
      RATINGS.map((rating) => choice(room, path, rating, rating)),
      choice(room, path, "not_asked", labels.question.not_asked)),
    notedBox(room, `answers.${place}.notes`),
    h("p", { class: "soft" },
      h("span", { class: "room-open", "data-open": path, hidden: session.answers[place].rating !== null },
        labels.room.summary.open),
      used >= 1000 && `${labels.room.timer.label}: ${clock(used)} ${planned(labels, question)}`));
}

// What was noted, to rate by it. A long text is folded.
function notedBox(room, path) {
  const box = h("details", { class: "room-noted", "data-noted": path },
    h("summary", {}, room.labels.notes.title), h("p", {}));
  showNoted(room, box);
  box.open = at(room.session, path).length <= SHORT_NOTES;
  return box;
}

/** Show in its box what is noted now. */
export function showNoted(room, box) {
  const notes = at(room.session, box.dataset.noted).trim();
  box.hidden = notes === "";
  box.querySelector("p").textContent = notes;
}

function filesCard(room) {
  const { labels } = room;
  const words = labels.room.summary;
  const file = (name, shown) => h("button", { type: "button", onclick: () => room.download(name) }, shown);
  return h("section", { class: "room-card room-done" },
    h("h2", {}, words.done),
    h("p", {}, h("button", { type: "button", class: "primary", onclick: room.print }, words.print)),
    h("p", { class: "soft" }, words.sign),
    h("h2", {}, words.download),
    h("div", { class: "room-buttons" },
      ["greenhouse", "lever", "ashby"].map((name) => file(name, FILES[name].name)), file("csv", words.csv)),
    h("p", { class: "room-privacy" }, labels.room.privacy),
    h("p", {}, h("button", { type: "button", class: "danger", onclick: () => room.forget(room.session) },
      labels.room.start.forget)));
}

// ------------------------------------------------------------------------------------------------------ dialogs

/** Show a dialog; it is gone when it is closed. Resolves to the value of the button that closed it. */
export function showDialog(given, ...children) {
  const dialog = h("dialog", given, ...children);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

const closeButton = (words) =>
  h("button", { type: "button", onclick: (event) => event.target.closest("dialog").close() }, words);

/** Whether somebody means it. Keeping is what Escape and Enter do. */
export async function isSure(labels, sentence, yes) {
  const answer = await showDialog({ class: "room-dialog", "aria-labelledby": "sure" },
    h("form", { method: "dialog" },
      h("p", { id: "sure" }, sentence),
      h("div", { class: "room-buttons" },
        h("button", { value: "no" }, labels.room.start.cancel),
        h("button", { value: "yes", class: "danger" }, yes))));
  return answer === "yes";
}

/** The keys. */
export function showHelp(labels, isOn, onSwitch) {
  const words = labels.room.help;
  return showDialog({ class: "room-dialog", "aria-labelledby": "keys" },
    h("h2", { id: "keys" }, words.title),
    h("table", { class: "room-keys" }, h("tbody", {}, words.keys.map(([keys, what]) =>
      h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, keys)), h("td", {}, what))))),
    h("p", {}, words.timer),
    h("label", { class: "room-tick" },
      h("input", { type: "checkbox", checked: isOn, onchange: (event) => onSwitch(event.target.checked) }),
      h("span", {}, words.on)),
    closeButton(words.close));
}

/** What the candidate may see: the question and its exhibit, and nothing that tells what is listened for. */
export function showToCandidate(labels, question, language) {
  return showDialog({ class: "room-candidate-view", "aria-label": labels.room.exhibit.title },
    closeButton(labels.room.exhibit.close),
    h("div", { lang: language, tabIndex: 0 },
      question.spoken.map((paragraph) => h("p", {}, paragraph)),
      question.exhibit && h("pre", {}, question.exhibit.text)));
}

// ------------------------------------------------------------------------------------------------- small parts

function title(words, above = null, language = null, languageAbove = null) {
  return h("div", { class: "room-title" },
    above && h("p", { class: "soft", lang: languageAbove }, above),
    h("h1", { tabIndex: -1, lang: language }, words));
}

const versionOf = (labels, data) => fill(labels.mark.version, { version: data.interview.version });

function warnings(data) {
  return data.warnings.map(({ word, sentence }) =>
    h("p", { class: "room-warning" }, h("b", {}, word), " ", sentence));
}

function spoken(heading, paragraphs, language = null) {
  return h("section", { class: "room-card room-spoken" },
    h("h2", {}, heading), h("div", { lang: language }, paragraphs.map((paragraph) => h("p", {}, paragraph))));
}

// Filled in later where the page has to be kept first.
const readyWords = (room) => h("span", { class: "room-ready" }, room.isKept ? room.labels.room.state.ready : "");
const list = (lines) => h("ul", {}, lines.map((line) => h("li", {}, line)));
const legend = (words, more) => h("legend", {}, words, " ", more && h("small", {}, more));

function tick(room, path, words, language, key = null) {
  return h("label", { class: "room-tick" },
    h("input", { type: "checkbox", name: path, checked: at(room.session, path),
      onchange: (event) => room.change(path, event.target.checked) }),
    h("span", { lang: language }, words),
    key && h("kbd", { "aria-hidden": "true" }, key));
}

function choice(room, path, value, words, more = {}) {
  return h("label", { class: "room-choice" },
    h("input", { type: "radio", name: path, value, checked: at(room.session, path) === value,
      onchange: () => room.choose(path, value), ...more }),
    h("span", {}, words));
}

function textField(room, path, words, more = {}) {
  return h("label", { class: "room-field" }, h("span", {}, words),
    h("input", { name: path, value: at(room.session, path), type: "text", autocomplete: "off", maxlength: 200,
      oninput: (event) => room.change(path, event.target.value), ...more }));
}

function notesField(room, path, words, rows, key = null) {
  return h("label", { class: "room-card room-field room-notes" },
    h("span", {}, words, key && h("kbd", { "aria-hidden": "true" }, key)),
    h("textarea", { name: path, rows, value: at(room.session, path), "aria-keyshortcuts": key,
      oninput: (event) => room.change(path, event.target.value) }));
}

function planned(labels, question) {
  return question.minutes === null ? "" : fill(labels.room.timer.of, { minutes: question.minutes });
}

// The day and the moment where the interviewer is, as ISO 8601 writes them.
function moment(milliseconds) {
  const date = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16).replace("T", " ");
}

export const today = () => moment(Date.now()).slice(0, 10);
export const timeOfDay = (milliseconds) => moment(milliseconds).slice(11);
