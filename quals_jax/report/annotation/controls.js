// What people do: clicks, keys, files, other tabs, time.

let working = 0; // the annotator whose documents were on the screen

function choose(question, choice) {
  const key = current();
  answer(key, question, choice);
  active = QUESTIONS.find((other) => !records[key].answers[other]) ?? question;
  if (isDone(key)) say(`All three answered${matchMedia("(hover)").matches ? ". Enter: next" : ""}`);
  refresh();
}

function takeBack() {
  const last = undo();
  if (!last) return say("There is nothing to undo");
  const at = order().indexOf(last.key);
  if (at !== place || $("work").hidden) showDocument(at);
  active = last.question;
  refresh();
  say(`Undone: ${STUDY.questions[last.question][0]}, document ${at + 1}`);
}

function go(step) {
  const to = place + step;
  if (to < 0) return;
  if (to < order().length) showDocument(to);
  else showEnd();
}

/** Goes to the first open document, or back to where the same annotator was. */
function begin() {
  if (working === annotator) return showDocument(place);
  working = annotator;
  const open = order().findIndex((key) => !isDone(key));
  showDocument(Math.max(open, 0));
  if (open < 0) showEnd();
}

/** Says under the button what this browser has of the chosen annotator; whether one is chosen. */
function foresee() {
  const only = STUDY.orders.length === 1 ? 1 : 0;
  const chosen = Number(new FormData($("who")).get("annotator")) || only;
  $("begin").disabled = !chosen;
  if (!chosen) return false;
  if (chosen !== annotator) {
    annotator = chosen;
    load();
    alarm("");
  }
  const done = doneKeys().length;
  const back = working === annotator ? `Back to document ${place + 1}` : "Go on";
  $("begin").textContent = Object.keys(records).length ? back : "Begin";
  $("begin-note").textContent = done ? `${done} of ${order().length} documents are done in this browser.` : "";
  return true;
}

function download() {
  const content = new Blob([`${JSON.stringify(exported(), null, 1)}\n`], { type: "application/json" });
  const link = made("a", { href: URL.createObjectURL(content), download: fileName() });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  downloaded = true;
  say(`Saved as ${fileName()}, among your downloads`);
}

async function loadFile(file) {
  try {
    const found = imported(await file.text());
    if (working && found.annotator !== annotator) {
      throw new Error(`It is of annotator ${found.annotator}, and you are annotator ${annotator}.`);
    }
    if (found.annotator !== annotator) {
      annotator = found.annotator;
      load();
    }
    const count = merge(found.records);
    save();
    working = 0;
    begin();
    say(count ? `Loaded what is newer in the file: ${count} documents` : "The file has nothing newer");
  } catch (error) {
    alarm(`${file.name} was not loaded. ${error.message}`);
    setTimeout(() => alarm(""), 15_000);
  }
}

const TYPED = { 1: "first", 2: "second", 0: "equal", e: "equal", "=": "equal" };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea")) return;
  if ($("work").hidden) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const onChoice = event.target.matches("input[type=radio]");
  if (TYPED[key]) choose(active, TYPED[key]);
  else if (key === "u") takeBack();
  else if (key === "?") showHelp();
  else if (key === "ArrowRight" && !onChoice) go(+1);
  else if (key === "ArrowLeft" && !onChoice) go(-1);
  else if (key === "Enter" && !event.target.closest("button, summary, a, #file")) {
    if (isDone(current())) go(+1);
    else say("Answer all three questions first, or go on with →");
  } else return;
  event.preventDefault();
}

function showHelp() {
  screen("start");
  const own = document.querySelector(`#numbers input[value="${annotator}"]`);
  if (own) own.checked = true;
  foresee();
  $("begin").focus({ preventScroll: true });
}

function wire() {
  $("who").addEventListener("change", foresee);
  $("who").addEventListener("submit", (event) => {
    event.preventDefault();
    if (foresee()) begin();
  });
  $("answers").addEventListener("change", (event) => choose(event.target.name, event.target.value));
  // After a click the arrow keys turn pages again; they choose only for who came by the Tab key.
  $("answers").addEventListener("click", (event) => event.detail && event.target.blur());
  $("answers").addEventListener("focusin", (event) => {
    const question = event.target.name;
    if (question && question !== active) {
      active = question;
      refresh();
    }
  });
  $("note").addEventListener("input", () => setNote(current(), $("note").value));
  $("undo").onclick = takeBack;
  $("help").onclick = showHelp;
  $("previous").onclick = () => go(-1);
  $("next").onclick = () => go(+1);
  $("back").onclick = () => showDocument(place);
  $("list").onclick = () => {
    $("overview").hidden = !$("overview").hidden;
    $("list").setAttribute("aria-expanded", `${!$("overview").hidden}`);
    refreshCells();
  };
  for (const button of document.querySelectorAll(".download")) button.onclick = download;
  $("file").addEventListener("change", async () => {
    const [file] = $("file").files;
    if (file) await loadFile(file);
    $("file").value = "";
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("selectionchange", markSelection);
  // Another tab of the same annotator: the newer answers of both count.
  addEventListener("storage", (event) => {
    if (!annotator || event.key !== storageKey() || event.newValue === null) return;
    if (merge(JSON.parse(event.newValue)) && !$("work").hidden) refresh();
  });
  addEventListener("beforeunload", (event) => {
    if (!stored && !downloaded) event.preventDefault();
  });
}

/** Counts the seconds that somebody works on the document on the screen. */
function keepTime() {
  let alive = Date.now();
  for (const sign of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove", "scroll"]) {
    addEventListener(sign, () => (alive = Date.now()), { passive: true, capture: true });
  }
  let ticks = 0;
  setInterval(() => {
    if ($("work").hidden || document.hidden || Date.now() - alive > IDLE_MS) return;
    record(current()).seconds += 1;
    ticks += 1;
    if (ticks % 10 === 0) save();
  }, 1000);
  addEventListener("pagehide", () => annotator && save());
}

buildStart();
buildQuestions();
wire();
keepTime();
foresee();
