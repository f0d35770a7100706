// The room: one question at a time, and what is noted about a candidate, all of it in this browser.
//
// The page carries the interview; nothing is asked of the server. What is shown is `room-views.js`, what is kept
// `room-store.js`. Here is what happens: steps, changes, saving, the time, other tabs.

import { carried, fill, h } from "./room-dom.js";
import { download } from "./room-exports.js";
import { keysAreOn, listenToKeys, switchKeys } from "./room-keys.js";
import { forgetOffline, keepForOffline } from "./room-offline.js";
import { fillSheet, placeSheet, sheetAsText } from "./room-sheet.js";
import { at, browserStorage, Forgotten, newSession, NotStored, put, putChanges, Store } from "./room-store.js";
import { clock, elapsedOf, isRunning, isUnused, newTimer, paused, started } from "./room-timer.js";
import * as views from "./room-views.js";

const SAVE_AFTER_MS = 200;
const TICK_MS = 500;

const labels = carried("room-labels");
const page = carried("room-data");
const files = carried("room-files");
const place = document.getElementById("room");
const filled = document.getElementById("room-filled");
const pageSheet = sheetAsText(filled);
const store = new Store(page.interview.id, browserStorage());

// What has changed since it was saved, with what was there before, and whether saving works. `isStored`: the session
// has been in the storage.
const unsaved = new Map();
let savingSoon = null;
let state = null;
let isStored = false;
let announced = new Set();

const room = {
  labels, page, store,
  // Who is signed in, and whether this is the copy of a page that the server no longer has.
  caller: place.dataset.caller ?? "", isGone: "gone" in place.dataset,
  backAddress: document.querySelector(".room-away a").href,
  session: null, data: null, step: 0, isKept: false,
  dataOf, begin, resume, leave, forget, forgetAll, change, choose, go, previous, next, toggleTimer, resetTimer, enlarge,
  help, print: () => window.print(),
  download: (name) => download(name, room.session, room.data),
};

// ---------------------------------------------------------------------------------------------------- sessions

function snapshotOf(session) {
  if (session.revision === page.interview.revision) return { data: page, sheet: pageSheet };
  return store.snapshot(session.revision);
}

function dataOf(session) {
  return snapshotOf(session)?.data ?? null;
}

function begin(fields) {
  const problem = document.getElementById("candidate-problem");
  const name = document.querySelector("input[name=candidate]");
  problem.hidden = fields.candidate.trim() !== "";
  name.setAttribute("aria-invalid", String(!problem.hidden));
  if (!problem.hidden) return name.focus();
  const session = newSession({ ...fields, candidate: fields.candidate.trim() }, page.interview.revision, page.questions);
  if (session.date === views.today()) session.time = timeFrom(session.beganAt);
  isStored = attempted(() => store.begin(session, { data: page, sheet: pageSheet }));
  navigator.storage?.persist?.().catch(() => {});
  openSession(session, 0);
}

function resume(id) {
  const session = store.read(id);
  if (session === null) return showStart(labels.room.state.forgotten_elsewhere);
  isStored = true;
  openSession(session, session.step);
}

function openSession(session, step) {
  const snapshot = snapshotOf(session);
  unsaved.clear();
  announced = new Set();
  Object.assign(room, { session, data: snapshot.data, step: Math.min(Math.max(step, 0), lastStep(snapshot.data)) });
  placeSheet(filled, snapshot.sheet);
  showStep();
}

async function leave() {
  if (await mayLeave() && room.session !== null) showStart();
}

// Whether the open session may be left: all is saved, or somebody means to lose what could not be.
async function mayLeave() {
  save();
  const words = labels.room.start;
  return !isLosing() || views.isSure(labels, words.lose_sure, words.lose);
}

// What would be gone with the page. The step that is shown is no loss.
function isLosing() {
  return room.session !== null && (!isStored || [...unsaved.keys()].some((path) => path !== "step"));
}

async function forget(session) {
  const words = labels.room.start;
  if (!(await views.isSure(labels, fill(words.forget_sure, session), words.forget))) return;
  closeSession();
  store.forget(session.id);
  showStart(fill(words.forgotten, session));
}

async function forgetAll() {
  const words = labels.room.start;
  if (!(await views.isSure(labels, words.forget_all_sure, words.forget_all))) return;
  closeSession();
  store.forgetAll();
  await forgetOffline(files);
  room.isKept = false;
  showStart(words.forgotten_all);
}

function closeSession() {
  clearTimeout(savingSoon);
  unsaved.clear();
  Object.assign(room, { session: null, data: null });
}

// ------------------------------------------------------------------------------------------------------ saving

function change(path, value) {
  const before = unsaved.has(path) ? unsaved.get(path).before : at(room.session, path);
  put(room.session, path, value);
  unsaved.set(path, { before, value });
  showState("saving");
  clearTimeout(savingSoon);
  savingSoon = setTimeout(save, SAVE_AFTER_MS);
}

function choose(path, value) {
  change(path, value);
  showValues();
}

function save() {
  clearTimeout(savingSoon);
  if (room.session === null || (unsaved.size === 0 && isStored)) return;
  const before = room.session;
  try {
    if (!isStored) store.begin(before, snapshotOf(before));
    isStored = true;
    const saved = store.save(before.id, unsaved);
    unsaved.clear();
    if (saved.count > before.count + 1) takeOver(saved);
    else room.session = saved;
    showState("saved");
  } catch (error) {
    if (error instanceof Forgotten) forgottenElsewhere();
    else if (error instanceof NotStored) showState("failed");
    else throw error;
  }
}

function attempted(act) {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof NotStored) return false;
    throw error;
  }
}

// What another tab has saved, with what was changed here since.
function takeOver(stored) {
  const before = room.session;
  const theirs = new Map([...unsaved.keys()].map((path) => [path, at(stored, path)]));
  putChanges(stored, unsaved);
  for (const [path, value] of theirs) unsaved.set(path, { before: value, value: at(stored, path) });
  room.session = stored;
  if (content(before) === content(stored)) return;
  showValues();
  say(labels.room.state.taken_over);
}

function content({ step, count, savedAt, ...rest }) {
  return JSON.stringify(rest);
}

function forgottenElsewhere() {
  closeSession();
  showStart(labels.room.state.forgotten_elsewhere);
}

function lookForChanges() {
  if (room.session === null || !isStored) return;
  const stored = store.read(room.session.id);
  if (stored === null) forgottenElsewhere();
  else if (stored.count > room.session.count) takeOver(stored);
}

// ------------------------------------------------------------------------------------------------------- steps

const lastStep = (data) => data.questions.length + 2;

// The question that is shown, as its place among all; null elsewhere.
function shownQuestion() {
  const isQuestion = room.session !== null && room.step >= 1 && room.step <= room.data.questions.length;
  return isQuestion ? room.step - 1 : null;
}

function go(step) {
  if (step === room.step || step < 0 || step > lastStep(room.data)) return;
  room.step = step;
  change("step", step);
  if (step === lastStep(room.data)) noteTheEnd();
  save();
  if (room.session !== null) showStep();
}

// The times are filled in as long as nobody has written others.
function noteTheEnd() {
  const from = timeFrom(room.session.beganAt);
  if (room.session.time === from) change("time", `${from} ${views.timeOfDay(Date.now())}`);
}

function timeFrom(milliseconds) {
  return `${views.timeOfDay(milliseconds)} –`;
}

function previous() {
  if (room.session !== null) go(room.step - 1);
}

// Going on while the time is running means that the next question is asked now.
function next() {
  if (room.session === null || room.step === lastStep(room.data)) return;
  const from = shownQuestion();
  const wasRunning = from !== null && isRunning(timerOf(from));
  if (wasRunning) setTimer(from, paused(timerOf(from), Date.now()));
  go(room.step + 1);
  const to = shownQuestion();
  if (wasRunning && to !== null && isUnused(timerOf(to))) startTimer(to);
}

function showStart(message = "") {
  closeSession();
  placeSheet(filled, pageSheet);
  history.replaceState(null, "", location.pathname);
  document.title = `${labels.room.title}: ${page.interview.title}`;
  place.replaceChildren(views.startView(room));
  say(message);
  focusTitle();
}

// Sessions of other tabs, unless somebody is about to choose one.
function showKept() {
  const shown = document.getElementById("room-kept");
  if (!shown.contains(document.activeElement)) shown.replaceWith(views.keptView(room));
}

function showStep() {
  pushAddress();
  place.replaceChildren(
    views.barView(room), views.stepsView(room), views.goneNotice(room), revisedNotice(), views.stepView(room),
    views.footView(room));
  const heading = place.querySelector("h1");
  document.title = `${heading.textContent} – ${room.data.interview.title}`;
  place.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  say("");
  showState(isStored && unsaved.size === 0 ? "saved" : "failed");
  showTime();
  focusTitle();
}

function pushAddress() {
  const address = `#${room.session.id}/${room.step}`;
  if (location.hash !== address) history.pushState(null, "", address);
}

function revisedNotice() {
  if (room.session.revision === page.interview.revision) return "";
  const sentence = fill(labels.room.state.revised, { version: room.data.interview.version });
  return h("p", { class: "room-warning" }, sentence);
}

function focusTitle() {
  scrollTo(0, 0);
  place.querySelector("h1")?.focus({ preventScroll: true });
}

// The fields of the step get the values of the session, and keep the focus.
function showValues() {
  for (const field of place.querySelectorAll("main [name]")) {
    const value = at(room.session, field.name);
    if (field.type === "checkbox") field.checked = value;
    else if (field.type === "radio") field.checked = value === field.value;
    else if (field.value !== value) field.value = value;
  }
  for (const open of place.querySelectorAll("[data-open]")) open.hidden = at(room.session, open.dataset.open) !== null;
  for (const noted of place.querySelectorAll("[data-noted]")) views.showNoted(room, noted);
  const name = place.querySelector(".room-candidate");
  if (name) name.textContent = room.session.candidate;
}

function showState(now) {
  state = now;
  const shown = document.getElementById("room-state");
  if (!shown) return;
  const isAway = !navigator.onLine && now !== "failed";
  const words = labels.room.state[now] + (isAway ? ` · ${labels.room.state.offline}` : "");
  shown.classList.toggle("bad", now === "failed");
  if (now === "failed") shown.setAttribute("role", "alert");
  else shown.removeAttribute("role");
  if (shown.textContent !== words) shown.textContent = words;
}

function say(message) {
  document.getElementById("room-say").textContent = message;
}

// -------------------------------------------------------------------------------------------------------- time

const timerOf = (index) => room.session.answers[index].timer;
const setTimer = (index, timer) => change(`answers.${index}.timer`, timer);
const runningQuestion = () => room.session.answers.findIndex((answer) => isRunning(answer.timer));

// The question that the time at the bottom is of: the one that is shown, else the one whose time is running.
function timedQuestion() {
  const running = runningQuestion();
  return shownQuestion() ?? (running === -1 ? null : running);
}

// One thing is asked at a time, so one time runs.
function startTimer(index) {
  const running = runningQuestion();
  if (running !== -1 && running !== index) setTimer(running, paused(timerOf(running), Date.now()));
  setTimer(index, started(timerOf(index), Date.now()));
  showTime();
}

function toggleTimer() {
  const index = timedQuestion();
  if (index === null) return;
  if (isRunning(timerOf(index))) setTimer(index, paused(timerOf(index), Date.now()));
  else startTimer(index);
  showTime();
}

function resetTimer() {
  const index = timedQuestion();
  if (index === null) return;
  announced.delete(index);
  setTimer(index, isRunning(timerOf(index)) ? started(newTimer(), Date.now()) : newTimer());
  showTime();
}

function showTime() {
  const shown = document.getElementById("room-time");
  if (!shown || room.session === null) return;
  const index = timedQuestion();
  shown.classList.toggle("none", index === null);
  if (index === null) return;
  const [question, timer, words] = [room.data.questions[index], timerOf(index), labels.room.timer];
  const used = elapsedOf(timer, Date.now());
  const over = question.minutes === null ? 0 : used - question.minutes * 60_000;
  shown.classList.toggle("over", over > 0);
  write(shown.querySelector(".now"), clock(used));
  write(shown.querySelector(".plan"), planWords(question, index, over));
  write(shown.querySelector(".toggle"), isRunning(timer) ? words.pause : isUnused(timer) ? words.start : words.resume);
  shown.querySelector(".reset").hidden = isUnused(timer);
  if (over > 0 && isRunning(timer) && !announced.has(index)) {
    announced.add(index);
    say(fill(words.reached, { minutes: question.minutes }));
  }
}

function planWords(question, index, over) {
  const words = labels.room.timer;
  const plan = question.minutes === null ? "" : fill(words.of, { minutes: question.minutes });
  const which = index === shownQuestion() ? "" : fill(words.runs, { number: question.number });
  return [plan, over > 0 && fill(words.over, { time: clock(over) }), which].filter(Boolean).join(" · ");
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

// --------------------------------------------------------------------------------------------- keys and dialogs

function help() {
  views.showHelp(labels, keysAreOn(), switchKeys);
}

function enlarge() {
  const index = shownQuestion();
  if (index !== null) views.showToCandidate(labels, room.data.questions[index], room.data.content_language);
}

function tick(number) {
  const box = place.querySelectorAll("input[name*='.ticked.']")[number];
  if (shownQuestion() !== null && box) box.click();
}

function rate(rating) {
  const index = shownQuestion();
  if (index !== null) choose(`answers.${index}.rating`, rating);
}

function toNotes() {
  place.querySelector("main .room-notes textarea")?.focus();
}

listenToKeys({
  help, previous, next, tick, rate, enlarge, timer: () => room.session !== null && toggleTimer(), notes: toNotes,
  leave: () => place.querySelector("h1")?.focus(),
});

// -------------------------------------------------------------------------------------- what happens around it

async function showAddress() {
  const [, id, step] = /^#([0-9a-f]+)\/(\d+)$/.exec(location.hash) ?? [];
  if (id && room.session?.id === id) return go(Math.min(Number(step), lastStep(room.data)));
  save();
  if (isLosing()) {
    pushAddress();
    if (document.querySelector("dialog[open]") || !(await mayLeave())) return undefined;
  }
  const session = id ? store.read(id) : null;
  if (session === null || dataOf(session) === null) return showStart();
  isStored = true;
  return openSession(session, Number(step));
}

addEventListener("popstate", showAddress);
addEventListener("storage", (event) => {
  if (room.session === null) showKept();
  else if (event.key === null || store.sessionOf(event.key) === room.session.id) lookForChanges();
});
document.addEventListener("visibilitychange", () => (document.hidden ? save() : lookForChanges()));
addEventListener("pagehide", save);
addEventListener("beforeunload", (event) => {
  save();
  if (isLosing()) event.preventDefault();
});
addEventListener("pageshow", (event) => event.persisted && lookForChanges());
for (const name of ["online", "offline"]) addEventListener(name, () => state && showState(state));
addEventListener("beforeprint", () => room.session && fillSheet(filled, room.session, room.data.questions));
setInterval(showTime, TICK_MS);

showAddress();
keepForOffline(files).then((isKept) => {
  room.isKept = isKept;
  for (const words of document.querySelectorAll(".room-ready")) words.textContent = isKept ? labels.room.state.ready : "";
});
