// What is on the screen. The page is made anew from the answers after every change.

const $ = (id) => document.getElementById(id);
let place = 0; // of the document on the screen, in this annotator's order
let active = QUESTIONS[0]; // the question that the keys answer
let silence = 0; // timer that ends the line at the bottom

const current = () => order()[place];

function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A line at the bottom for a moment, which screen readers read out. */
function say(text) {
  $("said").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => ($("said").textContent = ""), 4000);
}

/** A line at the top; without a text, the one that stays as long as nothing is saved. */
function alarm(text) {
  const standing =
    "This browser does not save: answers are lost when the page is closed. Download them often, " +
    "or open the page in another browser.";
  $("alarm").textContent = text || (stored ? "" : standing);
  $("alarm").hidden = !$("alarm").textContent;
  if (text) window.scrollTo(0, 0);
}

function screen(name) {
  for (const id of ["start", "work", "end"]) $(id).hidden = id !== name;
  window.scrollTo(0, 0);
}

/** A text as paragraphs; it is never taken for HTML. */
function showText(where, text) {
  const parts = text.split(/\n+/).filter((part) => part.trim());
  const paragraphs = parts.map((part) => made("p", { dir: "auto", textContent: part.trim() }));
  const empty = made("p", { className: "empty", textContent: "(no text)" });
  where.replaceChildren(...(paragraphs.length ? paragraphs : [empty]));
}

function buildStart() {
  const keys = Object.keys(STUDY.items);
  $("count").textContent = keys.length;
  $("whole-time").textContent = duration(sum(keys.map(expectedSeconds)));
  for (const [title, ask, hint] of Object.values(STUDY.questions)) {
    $("questions").append(made("dt", {}, title), made("dd", {}, `${ask} `, hint));
  }
  $("people").hidden = STUDY.orders.length === 1;
  STUDY.orders.forEach((_, i) => {
    const input = made("input", { type: "radio", name: "annotator", value: i + 1 });
    $("numbers").append(made("label", {}, input, made("span", {}, `${i + 1}`)));
  });
}

function buildQuestions() {
  for (const question of QUESTIONS) {
    const [title, ask] = STUDY.questions[question];
    const choices = CHOICES.map((choice) => {
      const input = made("input", { type: "radio", name: question, value: choice });
      const [word, key] = { first: ["Summary 1", "1"], equal: ["Equal", "E"], second: ["Summary 2", "2"] }[
        choice
      ];
      return made("label", {}, input, made("span", {}, word, made("kbd", {}, key)));
    });
    const group = made(
      "fieldset",
      { className: "question", id: `question-${question}` },
      made("legend", {}, title),
      made("p", {}, ask),
      made("div", { className: "choices" }, ...choices),
    );
    $("answers").append(group);
  }
}

/** Another document: its texts, from their beginnings. */
function showDocument(to) {
  place = to;
  const key = current();
  const [first, second] = shownTexts(key);
  say("");
  unmark();
  showText($("document"), STUDY.items[key].document);
  showText($("first"), first);
  showText($("second"), second);
  $("place").textContent = `Document ${place + 1} of ${order().length}`;
  $("note").value = records[key]?.note ?? "";
  $("remark").open = Boolean($("note").value);
  $("document").scrollTop = 0;
  active = QUESTIONS.find((question) => !records[key]?.answers[question]) ?? QUESTIONS[0];
  screen("work");
  refresh();
  $("place").focus({ preventScroll: true });
}

/** Everything that answers change. */
function refresh() {
  const key = current();
  for (const question of QUESTIONS) {
    const group = $(`question-${question}`);
    group.classList.toggle("active", question === active);
    for (const input of group.querySelectorAll("input")) {
      input.checked = records[key]?.answers[question] === input.value;
    }
  }
  const [count, total] = [doneKeys().length, order().length];
  $("bar").max = total;
  $("bar").value = count;
  $("done").textContent = `${count} of ${total} done`;
  $("left").textContent = count < total ? `· about ${duration(secondsLeft())} left` : "";
  $("undo").disabled = !undoable.length;
  $("previous").disabled = place === 0;
  $("next").textContent = place + 1 < total ? "Next →" : "Finish →";
  $("next").classList.toggle("main", isDone(key));
  $("whose").textContent = STUDY.orders.length > 1 ? `You are annotator ${annotator}.` : "";
  refreshCells();
  alarm("");
}

function refreshCells() {
  if ($("overview").hidden) return;
  $("cells").replaceChildren(
    ...order().map((key, i) => {
      const state = isDone(key) ? "done" : answered(key).length ? "begun" : "";
      const cell = made("button", { type: "button", className: state, textContent: i + 1 });
      cell.setAttribute("aria-label", `Document ${i + 1}${state ? `, ${state}` : ", open"}`);
      if (i === place) cell.setAttribute("aria-current", "true");
      cell.onclick = () => showDocument(i);
      return cell;
    }),
  );
}

function showEnd() {
  const open = openKeys();
  const total = order().length;
  $("end-title").textContent = open.length ? "Not quite done" : "All done, thank you!";
  $("end-text").textContent = open.length
    ? `${total - open.length} of ${total} documents are done; these are open:`
    : `All ${total} documents are judged. One step is left: download your answers and send the file.`;
  $("open").replaceChildren(
    ...open.slice(0, 12).map((key) => {
      const at = order().indexOf(key);
      const go = made("button", { type: "button", textContent: `Document ${at + 1}` });
      go.onclick = () => showDocument(at);
      return go;
    }),
    ...(open.length > 12 ? [`and ${open.length - 12} more`] : []),
  );
  document.querySelector(".file-name").textContent = fileName();
  screen("end");
  $("end-title").focus();
}

function unmark() {
  globalThis.CSS?.highlights?.delete("found");
  $("found").textContent = "";
}

/** Marks in the document what is selected in a summary. */
function markSelection() {
  if (!globalThis.Highlight || $("work").hidden) return;
  const selection = document.getSelection();
  const inSummary = selection?.anchorNode?.parentElement?.closest("#first, #second");
  if (!inSummary) return;
  const part = selection.toString().trim();
  unmark();
  if (part.length < 2 || part.length > 120) return;
  const pattern = new RegExp(part.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&").replace(/\s+/g, "\\s+"), "gi");
  const ranges = [];
  for (const paragraph of $("document").children) {
    const node = paragraph.firstChild;
    for (const match of node.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      ranges.push(range);
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
  const times = ["does not occur", "occurs once"][ranges.length] ?? `occurs ${ranges.length} times`;
  $("found").textContent = `“${part}” ${times} in the document.`;
  if (ranges.length) reveal(ranges);
}

/** Scrolls the document to the first place, unless one of them is in sight. */
function reveal(ranges) {
  const box = $("document").getBoundingClientRect();
  const rects = ranges.map((range) => range.getBoundingClientRect());
  if (rects.some((rect) => rect.top >= box.top && rect.bottom <= box.bottom)) return;
  $("document").scrollTop += rects[0].top - box.top - box.height / 3;
}
