"""Files of answers: turned round to the systems, and refused where they do not fit."""

import pytest

from quals_jax.evaluation.human_answers import check_answers
from tests.evaluation.made_up_study import exported, made_up_study

STUDY = made_up_study()


def first_better(item, question):
    return 1


def test_judgements_are_about_the_systems_whichever_was_shown_first():
    def judge(item, question):
        return {"consistency": 1, "informativeness": 0, "grammar": -1}[question]

    files = [(f"{a}.json", exported(STUDY, a, judge)) for a in (2, 1)]
    answers = check_answers(STUDY, files)
    assert [a.annotator for a in answers] == [1, 2]
    for given in answers:
        assert set(given.judgements["consistency"].values()) == {1}
        assert set(given.judgements["informativeness"].values()) == {0}
        assert set(given.judgements["grammar"].values()) == {-1}
        assert len(given.judgements["grammar"]) == 12
        assert given.shown_first["consistency"] == given.shown_first["grammar"] == (6, 0, 6)
        assert given.shown_first["informativeness"] == (0, 12, 0)
        assert given.missing == {}


def test_a_second_file_of_an_annotator_is_refused():
    files = [("one.json", exported(STUDY, 2, first_better))] * 2
    with pytest.raises(ValueError, match=r"annotator 2 is already in one\.json"):
        check_answers(STUDY, files)


def test_answers_of_another_study_are_refused():
    other = exported(made_up_study(seed=2), 1, first_better)
    with pytest.raises(
        ValueError, match=f"a.json: .* of study {other['study']}, .*{STUDY['study']}"
    ):
        check_answers(STUDY, [("a.json", other)])


def test_missing_answers_are_named_and_allowed_on_demand():
    left = STUDY["orders"][0][3], STUDY["orders"][0][6]

    def judge(item, question):
        if item["key"] == left[0] or (item["key"] == left[1] and question == "grammar"):
            return None
        return -1

    files = [("a.json", exported(STUDY, 1, judge))]
    ids = {item["key"]: item["id"] for item in STUDY["items"]}
    words = (
        rf"a\.json, annotator 1: 2 of 12 documents, on the page number 4 \(id {ids[left[0]]}: "
        rf"all\), number 7 \(id {ids[left[1]]}: grammar\)"
    )
    with pytest.raises(ValueError, match=words):
        check_answers(STUDY, files)
    (answers,) = check_answers(STUDY, files, allow_missing=True)
    assert len(answers.judgements["grammar"]) == 10
    assert len(answers.judgements["consistency"]) == 11
    assert answers.missing == {left[0]: list(answers.judgements), left[1]: ["grammar"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "not a file of answers"),
        ({"annotator": 3}, "annotator 3: the study has annotators 1 to 2"),
        ({"annotator": "1"}, r"answers\.annotator: expected int, got '1'"),
        ({"items": []}, r"answers\.items: expected dict"),
        (
            {"items": {"99": {"answers": {}, "seconds": 1, "changed": 1}}},
            "document 99: the study has",
        ),
        (
            {"items": {"1": {"answers": {"style": "first"}, "seconds": 1, "changed": 1}}},
            "no question is called 'style'",
        ),
        (
            {"items": {"1": {"answers": {"grammar": "left"}, "seconds": 1, "changed": 1}}},
            "document 1, grammar: 'left' is none of",
        ),
        (
            {"items": {"1": {"answers": {}, "seconds": float("nan"), "changed": 1}}},
            "document 1: nan is no number of seconds",
        ),
    ],
)
def test_what_the_page_did_not_write_is_refused_with_its_place(change, message):
    content = exported(STUDY, 1, first_better) | change
    with pytest.raises(ValueError, match=message) as caught:
        check_answers(STUDY, [("some/file.json", content)])
    assert "some/file.json" in str(caught.value)


def test_files_that_are_something_else_are_refused():
    for content in ([], 3, None, {"study": STUDY["study"]}):
        with pytest.raises(ValueError, match=r"f\.json: not a file of answers"):
            check_answers(STUDY, [("f.json", content)])
    with pytest.raises(ValueError, match="no answers are given"):
        check_answers(STUDY, [])
    empty = exported(STUDY, 1, lambda item, question: None)
    with pytest.raises(ValueError, match="no answer at all"):
        check_answers(STUDY, [("f.json", empty)], allow_missing=True)
