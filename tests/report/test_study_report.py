"""The report of a human study: its figures, its plot, and what texts may do to it (F39)."""

import json

import pytest

from quals_jax.evaluation.human_answers import check_answers
from quals_jax.evaluation.human_results import study_results
from quals_jax.evaluation.human_study import PairedDocument, draw_study
from quals_jax.report.study_chart import study_chart
from quals_jax.report.study_report import study_report, write_study_report
from tests.evaluation.made_up_study import exported, made_up_study
from tests.report.parsed import EVIL, Parsed

STUDY = made_up_study(6, num_annotators=3)


def _judge(annotator):
    def judge(item, question):
        if question == "grammar":
            return 0
        return [1, 1, 1, -1, 0, 1][item["id"]] if annotator < 3 else [-1, 1, 1, 1, 0, 0][item["id"]]

    return judge


@pytest.fixture(scope="module")
def answers():
    files = [(f"dir/{a}.json", exported(STUDY, a, _judge(a))) for a in (1, 2, 3)]
    return check_answers(STUDY, files)


def test_the_page_says_who_won(answers):
    html = study_report(STUDY, answers, study_results(STUDY, answers))
    page = Parsed(html)
    assert page.open == []
    assert "Of 6 documents of news, Zephyr was more factual in 4, Quartz in 1" in page.text
    assert "Of 6 documents of talk, Zephyr was more factual in 4, Quartz in 1" in page.text
    assert "12 documents, 3 annotators" in page.text
    assert "dir/" not in page.text


def test_page_figures_and_plots_are_written(answers, tmp_path):
    assert write_study_report(STUDY, answers, tmp_path / "out" / "report.html") is None
    found = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    counts = found["datasets"][0]["questions"]["consistency"]["majority"]
    assert counts == {"better": 4, "equal": 1, "worse": 1, "undecided": 0}
    names = sorted(path.name for path in (tmp_path / "out" / "plots").iterdir())
    assert names == ["human_study.png", "human_study.svg"]
    assert b"Zephyr better" in (tmp_path / "out" / "plots" / "human_study.svg").read_bytes()


def test_the_bars_are_as_wide_as_the_counts_say(answers):
    results = study_results(STUDY, answers)
    page = Parsed(study_chart(results))
    bars = [tag for name, tag in page.tags if name == "rect" and tag["height"] == "24"]
    widths: dict[str, list[float]] = {}
    for bar in bars:
        widths.setdefault(bar["class"], []).append(float(bar["width"]))
    assert widths == {
        "summary": [400, 400, 400, 400],
        "track": [100, 100, 600, 100, 100, 600],
        "document": [100, 100, 100, 100],
    }


def test_texts_names_and_notes_are_shown_and_not_run():
    study = draw_study(
        [PairedDocument(EVIL, EVIL, EVIL, (EVIL + "a", EVIL + "b"))], (EVIL + "A", EVIL + "B")
    )
    content = exported(study, 1, lambda item, question: 1)
    content["items"]["1"]["note"] = "note " + EVIL
    answers = check_answers(study, [(EVIL, content)])
    html = study_report(study, answers, study_results(study, answers))
    page = Parsed(html)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "img" not in {tag for tag, _ in page.tags}
    for shown in (EVIL + "a", EVIL + "A better", "note " + EVIL):
        assert shown in page.text
    policies = [tag["content"] for name, tag in page.tags if "http-equiv" in tag]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_what_is_not_in_yet_is_said():
    study = made_up_study(6, num_annotators=4)
    files = [
        (f"{a}.json", exported(study, a, lambda item, question: None if item["id"] == 2 else 1))
        for a in (1, 3)
    ]
    answers = check_answers(study, files, allow_missing=True)
    page = Parsed(study_report(study, answers, study_results(study, answers)))
    assert "2 more were to judge them" in page.text
    assert "4 times a document was left open" in page.text
