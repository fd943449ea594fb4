"""The annotation page as a person meets it: in a real Chromium, opened as a file."""

import json

import pytest

from quals_jax.evaluation.human_answers import check_answers
from quals_jax.evaluation.human_study import QUESTIONS, PairedDocument, draw_study
from quals_jax.report.annotation_page import annotation_page
from tests.evaluation.made_up_study import SYSTEMS, documents, exported
from tests.report.parsed import EVIL


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page of a study; it must neither complain nor ask for anything."""
    pages = []

    def open_page(study, before=""):
        path = tmp_path / f"{study['study']}.html"
        path.write_text(annotation_page(study), "utf-8")
        page = browser.open(path.as_uri(), before)
        pages.append((page, path.as_uri()))
        return page

    yield open_page
    for page, address in pages:
        assert page.complaints() == []
        assert {request for request in page.requests() if not request.startswith("blob:")} == {
            address
        }


def begin(page, annotator=1):
    if page.shown("#people"):
        page.click(f"#numbers label:nth-child({annotator})")
    page.click("#begin")
    page.until("document.getElementById('work').offsetParent !== null")


def prefer(page, system):
    """Answers all questions for the system that the texts of made_up_study tell of."""
    word = ("alpha", "beta")[system]
    first = page.text("#first").startswith(word)
    assert page.text("#second").startswith(word) != first
    page.press(*["1" if first else "2"] * 3)


def download(page, folder):
    """The file that the Download button of the page on the screen gives."""
    folder.mkdir()
    page.downloads_to(folder)
    page.click("#end .download" if page.shown("#end") else "#work .download")
    name = page.js("fileName()")
    page.wait_for_file(folder / name)
    return json.loads((folder / name).read_text("utf-8"))


def test_answers_survive_a_reload_and_the_work_goes_on(opened):
    study = draw_study(documents(5), SYSTEMS, num_annotators=2, seed=11)
    page = opened(study)
    assert page.text("#count") == "5"
    begin(page, 2)
    assert page.text("#place") == "Document 1 of 5"
    page.press("1", "e", "2", "Enter")
    page.press("2")
    assert page.text("#place") == "Document 2 of 5"
    assert page.text("#done") == "1 of 5 done"
    assert "min left" in page.text("#left")

    page.reload()
    page.click("#numbers label:nth-child(1)")
    assert page.text("#begin") == "Begin"  # another annotator has a sheet of their own
    page.click("#numbers label:nth-child(2)")
    assert page.text("#begin-note") == "1 of 5 documents are done in this browser."
    page.click("#begin")
    assert page.text("#place") == "Document 2 of 5"
    chosen = "[...document.querySelectorAll('#answers input:checked')].map(i => i.value)"
    assert page.js(chosen) == ["second"]
    assert page.js("active") == "informativeness"
    page.press("ArrowLeft")
    assert page.js(chosen) == ["first", "equal", "second"]


def test_everything_is_judged_exported_and_about_the_right_system(opened, tmp_path):
    study = draw_study(documents(6), SYSTEMS, num_annotators=2, seed=12)
    page = opened(study)
    files = []
    for annotator in (1, 2):
        if annotator == 2:
            page.reload()
        begin(page, annotator)
        for _ in study["items"]:
            prefer(page, system=1)
            page.press("Enter")
        assert page.text("#end-title") == "All done, thank you!"
        files.append((f"{annotator}", download(page, tmp_path / f"{annotator}")))
    answers = check_answers(study, files)
    for given in answers:
        for question in QUESTIONS:
            assert set(given.judgements[question].values()) == {-1}
        assert given.shown_first["grammar"] == (3, 0, 3)  # it was shown on either side


def test_a_file_is_loaded_in_a_browser_that_knows_nothing(opened, tmp_path):
    study = draw_study(documents(4), SYSTEMS, num_annotators=2, seed=13)
    page = opened(study)
    begin(page, 2)
    page.press("1", "1", "e", "Enter", "2")
    page.click("#remark summary")
    page.click("#note")
    page.press("h", "i")
    content = download(page, tmp_path / "out")
    page.js("localStorage.clear()")
    page.reload()
    saved = next((tmp_path / "out").iterdir())
    page.choose_file("#file", saved)
    page.until("document.getElementById('work').offsetParent !== null")
    assert page.text("#place") == "Document 2 of 4"
    assert page.js("annotator") == 2
    again = download(page, tmp_path / "again")
    assert {k: v["answers"] for k, v in again["items"].items()} == {
        k: v["answers"] for k, v in content["items"].items()
    }
    assert [v["note"] for v in again["items"].values() if v["note"]] == ["hi"]


def test_the_newer_answers_win_when_a_file_is_loaded_over_others(opened, tmp_path):
    study = draw_study(documents(3), SYSTEMS, seed=14)
    page = opened(study)
    begin(page)
    page.press("1", "1", "1")
    old = exported(study, 1, lambda item, question: 0)  # of the year 1970, all equal
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old), "utf-8")
    page.choose_file("#file", path)
    page.until("document.getElementById('end').offsetParent !== null")  # all three are done now
    merged = download(page, tmp_path / "merged")
    (answers,) = check_answers(study, [("merged", merged)])
    assert answers.shown_first["grammar"] == (1, 2, 0)
    key = study["orders"][0][0]
    assert merged["items"][key]["answers"] == dict.fromkeys(QUESTIONS, "first")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"study": "abc"}, "of another study"),
        ({"annotator": 2}, "It is of annotator 2, and you are annotator 1"),
        ({"annotator": 9}, "no annotator 9"),
        ({"format": "x"}, "not a file of answers"),
        ({"items": {"1": 3}}, "damaged"),
        (None, "no JSON"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_nothing_changes(opened, tmp_path, change, message):
    study = draw_study(documents(3), SYSTEMS, num_annotators=2, seed=15)
    page = opened(study)
    begin(page)
    before = page.js("JSON.stringify(records[current()]?.answers ?? {})")
    content = exported(study, 1, lambda item, question: 1)
    path = tmp_path / "file.json"
    path.write_text("{" if change is None else json.dumps(content | change), "utf-8")
    page.choose_file("#file", path)
    page.until("!document.getElementById('alarm').hidden")
    assert message in page.text("#alarm")
    assert page.js("JSON.stringify(records[current()]?.answers ?? {})") == before


def test_mouse_keys_and_undo(opened):
    study = draw_study(documents(3), SYSTEMS, seed=16)
    page = opened(study)
    assert not page.shown("#people")  # one annotator need not say who they are
    begin(page)
    value = "records[current()]?.answers"
    page.click("#question-grammar label:nth-child(3)")
    assert page.js(value) == {"grammar": "second"}
    page.press("ArrowRight")  # turns the page: the arrow keys do not change what the mouse chose
    assert page.text("#place") == "Document 2 of 3"
    page.press("Enter")
    assert page.text("#place") == "Document 2 of 3"  # not before all three are answered
    page.press("e", "0", "2")
    assert page.js(value) == {
        "consistency": "equal",
        "informativeness": "equal",
        "grammar": "second",
    }
    page.press("u", "u", "u")
    assert page.js(value) == {"consistency": None, "informativeness": None, "grammar": None}
    page.press("u")
    assert page.text("#place") == "Document 1 of 3"
    assert page.js(value) == {"grammar": None}
    assert page.js("document.getElementById('undo').disabled")
    page.press("?")
    assert page.shown("#start")
    page.click("#begin")
    assert page.text("#place") == "Document 1 of 3"
    page.click("#list")
    page.click("#cells button:nth-child(3)")
    assert page.text("#place") == "Document 3 of 3"
    page.click("#next")
    assert page.text("#end-title") == "Not quite done"


def test_texts_are_shown_and_not_run(opened):
    hard = f"{EVIL}</script><!--\u2028{{{{style}}}}"
    study = draw_study([PairedDocument("", 1, hard, (hard + " a", hard + " b"))], SYSTEMS, seed=17)
    page = opened(study)
    begin(page)
    assert page.js("document.querySelector('#document p').textContent") == hard
    texts = page.js("['first', 'second'].map(id => document.getElementById(id).textContent)")
    assert sorted(texts) == [hard + " a", hard + " b"]
    assert page.js("document.querySelectorAll('script, img').length") == 2  # data and program
    assert (
        page.js("fetch('https://example.invalid/').then(() => 'sent', () => 'refused')")
        == "refused"
    )
    complaints = page.forget_complaints()
    assert complaints
    assert all("Content Security Policy" in complaint for complaint in complaints), complaints


def test_where_nothing_can_be_saved_it_is_said(opened):
    study = draw_study(documents(2), SYSTEMS, seed=18)
    page = opened(study, before="Storage.prototype.setItem = () => { throw new Error('full') }")
    begin(page)
    page.press("1")
    assert "This browser does not save" in page.text("#alarm")
    assert page.text("#place") == "Document 1 of 2"


def test_another_tab_of_the_same_annotator_loses_nothing(opened):
    study = draw_study(documents(3), SYSTEMS, seed=19)
    one, two = opened(study), opened(study)
    begin(one)
    begin(two)
    one.press("1", "1", "1", "Enter")
    two.until("doneKeys().length === 1")
    two.press("ArrowRight", "2", "2", "2")
    one.until("doneKeys().length === 2")
    stored = one.js("Object.values(JSON.parse(localStorage.getItem(storageKey())))")
    assert sorted(item["answers"]["grammar"] for item in stored if item["answers"]) == [
        "first",
        "second",
    ]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_the_page_fits_the_screen_light_and_dark(opened, width, height):
    study = draw_study(documents(2), SYSTEMS, num_annotators=2, seed=20)
    page = opened(study)
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate(width, height, scheme)
        grounds.append(page.js("getComputedStyle(document.body).backgroundColor"))
    assert len(set(grounds)) == 2
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.js(fits)
    begin(page)
    page.click("#list")
    assert page.js(fits)
    page.js("scrollTo(0, 1e6)")
    seen = "(r => r.top >= 0 && r.bottom <= innerHeight)"
    for id in ("next", "undo"):  # within reach wherever one reads
        assert page.js(f"{seen}(document.getElementById('{id}').getBoundingClientRect())")


def test_what_a_screen_reader_finds(opened):
    page = opened(draw_study(documents(2), SYSTEMS, seed=21))
    begin(page)
    found = page.accessible()
    assert [name for role, name in found if role == "radio"] == [
        "Summary 1",
        "Equal",
        "Summary 2",
    ] * 3
    groups = [name for role, name in found if role == "group" and name]
    assert groups[:3] == [question.title for question in QUESTIONS.values()]
    assert not [
        role for role, name in found if role in ("button", "textbox", "progressbar") and not name
    ]


def test_words_of_a_summary_are_found_in_the_document(opened):
    text = "In Oslo rain fell. Rain (heavy) fell in OSLO again."
    study = draw_study(
        [PairedDocument("", 1, text, ("Oslo had rain.", "Bergen."))], SYSTEMS, seed=22
    )
    page = opened(study)
    begin(page)

    def select(word):
        page.js(
            "(() => { for (const id of ['first', 'second']) {"
            "const node = document.querySelector(`#${id} p`).firstChild;"
            f"const at = node.data.indexOf({word!r}); if (at < 0) continue;"
            f"getSelection().setBaseAndExtent(node, at, node, at + {len(word)}) }} }})()"
        )
        page.until("document.getElementById('found').textContent !== ''")
        return page.text("#found")

    assert select("Oslo") == "“Oslo” occurs 2 times in the document."
    assert page.js("[...CSS.highlights.get('found')].map(String)") == ["Oslo", "OSLO"]
    page.js("getSelection().removeAllRanges()")
    page.js("unmark()")
    assert select("Bergen") == "“Bergen” does not occur in the document."
