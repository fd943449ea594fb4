"use strict";
// The answers of one annotator: kept, saved in the browser, merged, exported, timed.

const STUDY = JSON.parse(document.getElementById("study").textContent);
const QUESTIONS = Object.keys(STUDY.questions);
const CHOICES = ["first", "equal", "second"];
const IDLE_MS = 90_000; // without a sign of life for so long, time is not counted

let annotator = 0; // from 1; 0 before the choice
let records = {}; // by key of a document: {answers, seconds, changed, note}
let undoable = []; // what Undo puts back: {key, question, before}
let stored = true; // whether the browser saves
let downloaded = true; // whether all answers are in a file, too

const storageKey = () => `quals-study/${STUDY.study}/${annotator}`;
const order = () => STUDY.orders[annotator - 1];

function record(key) {
  records[key] ??= { answers: {}, seconds: 0, changed: 0, note: "" };
  return records[key];
}

const answered = (key) => QUESTIONS.filter((question) => records[key]?.answers[question]);
const isDone = (key) => answered(key).length === QUESTIONS.length;
const doneKeys = () => order().filter(isDone);
const openKeys = () => order().filter((key) => !isDone(key));

/** The two texts of a document in the order that this annotator sees. */
function shownTexts(key) {
  const { texts, first } = STUDY.items[key];
  const low = first[annotator - 1];
  return [texts[low], texts[1 - low]];
}

function answer(key, question, choice) {
  undoable.push({ key, question, before: record(key).answers[question] ?? null });
  set(key, question, choice);
}

/** Takes the last answer back; its document, or null when there is none. */
function undo() {
  const last = undoable.pop();
  if (!last) return null;
  set(last.key, last.question, last.before);
  return last;
}

function set(key, question, choice) {
  const kept = record(key);
  kept.answers[question] = choice;
  changed(kept);
}

function setNote(key, text) {
  const kept = record(key);
  kept.note = text;
  changed(kept);
}

function changed(kept) {
  kept.changed = Math.max(Date.now(), kept.changed + 1);
  downloaded = false;
  save();
}

function save() {
  try {
    localStorage.setItem(storageKey(), JSON.stringify(records));
    stored = true;
  } catch {
    stored = false;
  }
}

/** What this browser has of the annotator; damaged text is kept aside, not overwritten. */
function load() {
  records = {};
  undoable = [];
  let text = null;
  try {
    text = localStorage.getItem(storageKey());
    localStorage.setItem(`${storageKey()}/test`, "1");
    localStorage.removeItem(`${storageKey()}/test`);
    stored = true;
  } catch {
    stored = false;
  }
  if (text !== null) {
    try {
      merge(JSON.parse(text));
    } catch {
      localStorage.setItem(`${storageKey()}/damaged`, text);
    }
  }
  downloaded = order().every((key) => !records[key]?.changed);
}

/** Takes over what is newer in `other`; the number of documents that changed by it. */
function merge(other) {
  let count = 0;
  for (const key of order()) {
    const found = other[key];
    if (found === undefined) continue;
    const kept = records[key];
    const seconds = Math.max(found.seconds || 0, kept?.seconds ?? 0);
    if (!kept || found.changed > kept.changed) {
      const answers = {};
      for (const question of QUESTIONS) {
        const choice = found.answers[question];
        if (CHOICES.includes(choice)) answers[question] = choice;
      }
      records[key] = { answers, seconds, changed: found.changed || 0, note: `${found.note ?? ""}` };
      count += kept?.changed !== found.changed;
    } else {
      kept.seconds = seconds;
    }
  }
  return count;
}

const fileName = () => `answers-${STUDY.study}-annotator-${annotator}.json`;

function exported() {
  const items = {};
  for (const key of order()) if (records[key]) items[key] = records[key];
  return { format: STUDY.format, study: STUDY.study, annotator, items };
}

/** The annotator and records of a file; an Error says why it cannot be used. */
function imported(text) {
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("This is not a file of answers: it is no JSON.");
  }
  if (value?.format !== STUDY.format) throw new Error("This is not a file of answers.");
  if (value.study !== STUDY.study) {
    throw new Error(`These answers are of another study, ${value.study}; this is ${STUDY.study}.`);
  }
  if (!STUDY.orders[value.annotator - 1]) {
    throw new Error(`This study has no annotator ${value.annotator}.`);
  }
  const whole = Object.values(value.items ?? {}).every(
    (found) => typeof found?.answers === "object" && found.answers && Number.isFinite(found.changed),
  );
  if (!whole) throw new Error("The file is damaged: documents without answers in it.");
  return { annotator: value.annotator, records: value.items ?? {} };
}

// Time

const words = (text) => text.split(/\s+/).length;

/** Seconds that a document is likely to take: reading at 240 words a minute, and the questions. */
function expectedSeconds(key) {
  const { document: text, texts } = STUDY.items[key];
  return words(text) / 4 + (words(texts[0]) + words(texts[1])) / 3 + 20;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Seconds left, by this annotator's own pace as soon as three documents are done. */
function secondsLeft() {
  const done = doneKeys().filter((key) => records[key].seconds > 0);
  const pace =
    done.length < 3
      ? 1
      : sum(done.map((key) => records[key].seconds)) / sum(done.map(expectedSeconds));
  return pace * sum(openKeys().map(expectedSeconds));
}

function duration(seconds) {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `${minutes} min`;
  const rounded = Math.round(minutes / 10) * 10;
  const rest = rounded % 60;
  return `${Math.floor(rounded / 60)} h${rest ? ` ${rest} min` : ""}`;
}
