"""The filters and the similarity of QAGS on cases computed by hand."""

import pytest

from quals_jax.metrics.qags_result import AskedQuestion, QagsResult, answer_similarity
from quals_jax.metrics.question_filter import (
    Question,
    cut_question,
    select_questions,
    well_formed,
)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Who lives here? In Rome?", "Who lives here?"),
        (" Where is it ?", "Where is it ?"),  # "?" alone is a word, as officially
        ("Where is?", None),  # two words
        ("He lives in Rome.", None),
        ("? Who lives here", None),
        ("", None),
    ],
)
def test_a_question_ends_with_its_first_mark_and_has_three_words(text, question):
    assert cut_question(text) == question


def test_malformed_questions_are_counted():
    questions = [Question("Who is that? x", "a", -1.0), Question("No", "b", -2.0)]
    assert well_formed(questions) == ([Question("Who is that?", "a", -1.0)], {"malformed": 1})
    assert well_formed(questions[:1])[1] == {}


ANSWERS = {"Who is A?": "Ann Lee", "Who is B?": "Bob", "Where is C?": "", "What is D?": "the dog"}


def asked(*questions):
    return [Question(*question) for question in questions]


def test_the_answer_must_be_the_expected_one_up_to_normalisation():
    questions = asked(
        ("Who is A?", "ann lee", -3.0),
        ("Who is B?", "Ben", -1.0),
        ("Where is C?", "Leeds", -0.5),
        ("What is D?", "Dog.", -2.0),
        ("Where is C?", "", -0.1),  # an empty answer is never the expected one
    )
    selection = select_questions(questions, ANSWERS, 10)
    assert [question.text for question in selection.kept] == ["What is D?", "Who is A?"]
    assert selection.dropped == {"no_answer": 2, "other_answer": 1}


def test_the_most_probable_stay_and_a_text_is_asked_once():
    questions = asked(
        ("Who is A?", "Ann Lee", -3.0),
        ("Who is A?", "Ann Lee", -1.0),
        ("What is D?", "dog", -2.0),
        ("Who is B?", "Bob", -4.0),
    )
    selection = select_questions(questions, ANSWERS, 2)
    assert [(question.text, question.log_prob) for question in selection.kept] == [
        ("Who is A?", -1.0),
        ("What is D?", -2.0),
    ]
    assert selection.dropped == {"duplicate": 1, "over_limit": 1}


def test_equally_probable_questions_keep_their_order():
    questions = asked(("Who is B?", "Bob", -1.0), ("Who is A?", "Ann Lee", -1.0))
    assert list(select_questions(questions, ANSWERS, 5).kept) == questions


def test_a_refill_takes_the_most_probable_of_the_rest():
    questions = asked(
        ("Who is A?", "Ann Lee", -3.0),
        ("Where is C?", "Leeds", -2.0),
        ("Who is B?", "Ben", -1.0),
        ("Who is B?", "Bill", -1.5),
        ("What is D?", "cat", -4.0),
    )
    selection = select_questions(questions, ANSWERS, 3, refill=True)
    assert [question.text for question in selection.kept] == [
        "Who is A?",
        "Who is B?",
        "Where is C?",
    ]
    assert selection.dropped == {"other_answer": 2}
    assert not select_questions([], {}, 3, refill=True).kept


@pytest.mark.parametrize(
    ("summary", "document", "f1"),
    [
        ("Ann Lee", "ann lee.", 1.0),
        ("Ann Lee", "Ann", 2 / 3),  # precision 1, recall 1/2
        ("26 people", "11 people in Leeds", 1 / 3),  # precision 1/4, recall 1/2
        ("x x y", "x z", 0.4),  # one x shared: 1/2 and 1/3
        ("Ann", "Bob", 0.0),
        ("Ann", "", 0.0),
        ("", "Ann", 0.0),
        ("", "", 1.0),
        ("the", "a", 1.0),  # both are empty once articles are gone
    ],
)
def test_similarity_is_token_f1_where_two_missing_answers_agree(summary, document, f1):
    assert answer_similarity(summary, document) == pytest.approx(f1)


def test_the_score_is_the_mean_over_the_questions():
    questions = [
        AskedQuestion("Who is A?", "Ann Lee", "Ann Lee", "Ann", -1.0),
        AskedQuestion("Who is B?", "Bob", "Bob", "", -2.0),
        AskedQuestion("Where is C?", "Rome", "Rome", "Rome", -2.5),
    ]
    result = QagsResult.from_questions(questions, {"duplicate": 2})
    assert result.qags == pytest.approx((2 / 3 + 0 + 1) / 3)
    row = result.to_row()
    assert row["reason"] is None
    assert row["questions"][0] == {
        "question": "Who is A?",
        "expected": "Ann Lee",
        "summary_answer": "Ann Lee",
        "document_answer": "Ann",
        "log_prob": -1.0,
        "f1": pytest.approx(2 / 3),
    }
