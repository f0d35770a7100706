// What is kept in this browser: sessions, one for each candidate, and the questions that they began with.
//
// Everything is in localStorage below the number of the interview. A change is a path and a value, such as
// "answers.0.notes" and a text. Whoever saves first reads what is stored, so that two tabs with the same session each
// add their changes, and none overwrites the other. Notes that were written in both are put together.

import { newTimer } from "./room-timer.js";

const PREFIX = "techscreen room";
export const FORMAT = 1;

/** A session could not be stored: the storage is full, or the browser allows none. */
export class NotStored extends Error {}
/** A session is no longer there: it was forgotten, in another tab. */
export class Forgotten extends Error {}

/** The sessions of one interview in this browser. */
export class Store {
  constructor(interviewId, storage) {
    this.prefix = `${PREFIX} ${interviewId} `;
    this.storage = storage;
  }

  /** All sessions, the one that was changed last first. */
  list() {
    return this.#keys("session ").map((key) => this.#read(key)).filter(Boolean).sort((a, b) => b.savedAt - a.savedAt);
  }

  /** A session as it is stored, or null. */
  read(id) {
    return this.#read(this.#sessionKey(id));
  }

  /** The questions and the sheet that sessions of a revision began with, or null. */
  snapshot(revision) {
    return this.#read(this.#snapshotKey(revision));
  }

  /**
   * Begin a session.
   *
   * @param {Object} session as `newSession` makes it.
   * @param {Object} snapshot what its revision consists of.
   */
  begin(session, snapshot) {
    if (this.snapshot(session.revision) === null) this.#write(this.#snapshotKey(session.revision), snapshot);
    this.#write(this.#sessionKey(session.id), session);
  }

  /**
   * Store changes of a session.
   *
   * @param {string} id of the session.
   * @param {Map<string, {before: *, value: *}>} changes by their paths: the value, and what was there before.
   * @returns {Object} the session as it is stored now, with what other tabs have changed.
   */
  save(id, changes) {
    const session = this.read(id);
    if (session === null) throw this.isUsable() ? new Forgotten() : new NotStored();
    putChanges(session, changes);
    session.count += 1;
    session.savedAt = Date.now();
    this.#write(this.#sessionKey(id), session);
    return session;
  }

  /** Forget a session, and the questions that no other session needs. */
  forget(id) {
    this.storage.removeItem(this.#sessionKey(id));
    const needed = new Set(this.list().map((session) => this.#snapshotKey(session.revision)));
    for (const key of this.#keys("snapshot ")) if (!needed.has(key)) this.storage.removeItem(key);
  }

  /** Forget all sessions of the interview. */
  forgetAll() {
    for (const key of this.#keys("")) this.storage.removeItem(key);
  }

  /** Whether something can be stored at all. */
  isUsable() {
    try {
      this.storage.setItem(`${this.prefix}try`, "1");
      this.storage.removeItem(`${this.prefix}try`);
      return true;
    } catch {
      return false;
    }
  }

  /** The session that a key of the storage is of, or null. */
  sessionOf(key) {
    const start = `${this.prefix}session `;
    return key?.startsWith(start) ? key.slice(start.length) : null;
  }

  #sessionKey(id) {
    return `${this.prefix}session ${id}`;
  }

  #snapshotKey(revision) {
    return `${this.prefix}snapshot ${revision}`;
  }

  #keys(kind) {
    try {
      return Object.keys(this.storage).filter((key) => key.startsWith(this.prefix + kind));
    } catch {
      return [];
    }
  }

  #read(key) {
    try {
      return JSON.parse(this.storage.getItem(key));
    } catch {
      return null;
    }
  }

  #write(key, value) {
    try {
      this.storage.setItem(key, JSON.stringify(value));
    } catch {
      throw new NotStored();
    }
  }
}

/** This browser's storage, or one that keeps nothing where it allows none. */
export function browserStorage() {
  try {
    localStorage.getItem(PREFIX);
    return localStorage;
  } catch {
    const refuse = () => {
      throw new NotStored();
    };
    return { getItem: () => null, setItem: refuse, removeItem: () => {} };
  }
}

/**
 * A session in which nothing has been noted yet.
 *
 * @param {Object} fields candidate, interviewer, panel, place and date.
 */
export function newSession(fields, revision, questions) {
  return {
    format: FORMAT,
    id: newId(),
    revision,
    count: 0,
    beganAt: Date.now(),
    savedAt: Date.now(),
    step: 0,
    candidate: "",
    interviewer: "",
    panel: "",
    place: "",
    date: "",
    time: "",
    next_by: "",
    next_from: "",
    ...fields,
    answers: questions.map((question) => ({
      ticked: question.criteria.map(() => false),
      asked: question.probes.map(() => false),
      notes: "",
      rating: null,
      timer: newTimer(),
    })),
    notes: { opening: "", closing: "", reasons: "" },
    recommendation: null,
  };
}

/** Put a value at a path of an object, such as "answers.0.ticked.3". */
export function put(object, path, value) {
  const names = path.split(".");
  const last = names.pop();
  names.reduce((inner, name) => inner[name], object)[last] = value;
}

/** Put changes into a session, which another tab may have changed since. Of notes, what both have written is kept. */
export function putChanges(session, changes) {
  for (const [path, { before, value }] of changes) {
    const isNotes = /(^notes\.|\.notes$)/.test(path);
    put(session, path, isNotes ? together(before, at(session, path), value) : value);
  }
}

function together(before, theirs, ours) {
  if (theirs === before || theirs === ours) return ours;
  if (ours.startsWith(before)) return joined(theirs, ours.slice(before.length));
  if (theirs.startsWith(before)) return joined(ours, theirs.slice(before.length));
  return joined(theirs, ours);
}

function joined(text, added) {
  return text === "" || /\s$/.test(text) || /^\s/.test(added) ? text + added : `${text}\n${added}`;
}

/** The value at a path of an object. */
export function at(object, path) {
  return path.split(".").reduce((inner, name) => inner?.[name], object);
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
