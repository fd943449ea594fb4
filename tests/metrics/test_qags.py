"""The steps of QAGS with a scripted generator and a scripted reader."""

import dataclasses

import numpy as np
import pytest

from quals_jax.answering import Answer
from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.decoding.searcher import Hypothesis
from quals_jax.metrics.metric import Example
from quals_jax.metrics.qags import Qags, QagsOptions
from quals_jax.parallel.batches import RowFailure
from tests import golden_files

SUMMARY = "A fire in Leeds hurt 26 people."
DOCUMENT = "In Derby 26 people were hurt by a fire, not in Leeds."
# Question -> what a text must contain to give the answer.
WRITTEN = {
    "Leeds": [("Where was the fire? In", -1.0), ("What was it?", -2.0), ("Hm.", -0.1)],
    "26": [("How many were hurt?", -0.5), ("Where was the fire?", -0.2)],
    "fire": [("What was it?", -3.0)],
}
ANSWERS = {
    SUMMARY: {"Where was the fire?": "Leeds", "How many were hurt?": "26", "What was it?": "fire"},
    DOCUMENT: {"Where was the fire?": "Derby", "How many were hurt?": "26 people"},
}


class Reader:
    signature = "scripted"

    def __init__(self):
        self.asked = []

    def answers(self, contexts, questions):
        self.asked.append(list(zip(contexts, questions, strict=True)))
        return [
            [self.answer(context, question) for question in group]
            for context, group in zip(contexts, questions, strict=True)
        ]

    def answer(self, context, question):
        if "NaN" in context:
            return Answer("", np.nan, 0, 0, RowFailure("non_finite", "NaN"))
        return Answer(ANSWERS.get(context, {}).get(question, ""), 0.0, 0, 0)


@pytest.fixture(scope="module")
def model():
    return load_model_folder(golden_files.path("world_qagen"))


@pytest.fixture
def sources(monkeypatch, model):
    """The sources that questions were searched for; the searches are scripted."""
    seen: list[list[int]] = []

    class Writer:
        def __init__(self, *_):
            pass

        def search(self, sources):
            seen.extend(sources)
            return [self.write(source) for source in sources]

        def write(self, source):
            tokenizer = model.tokenizer
            answer = tokenizer.decode(source[source.index(tokenizer.separator_id) + 1 :])
            if answer == "Broken":
                return RowFailure("out_of_memory", "too large")
            return [
                Hypothesis([*tokenizer.encode(text), 2], score, score, np.zeros(1), np.zeros(1))
                for text, score in WRITTEN.get(answer, [])
            ]

    monkeypatch.setattr("quals_jax.metrics.qags.Searcher", Writer)
    return seen


def metric(model, **options):
    return Qags(model, Reader(), QagsOptions(candidates="rules", **options))


def test_answers_on_summary_and_document_are_compared(sources, model):
    [result] = metric(model).score([DOCUMENT], [SUMMARY])
    # "What was it?" is answered "fire": not for Leeds. The other text for 26 is answered "Leeds".
    assert [(q.question, q.expected) for q in result.questions] == [
        ("How many were hurt?", "26"),
        ("Where was the fire?", "Leeds"),
        ("What was it?", "fire"),
    ]
    assert [q.document_answer for q in result.questions] == ["26 people", "Derby", ""]
    assert [q.f1 for q in result.questions] == pytest.approx([2 / 3, 0, 0])
    assert result.qags == pytest.approx(2 / 9)
    assert result.dropped == {"malformed": 1, "other_answer": 2}


def test_the_generator_reads_summary_separator_and_candidate(sources, model):
    metric(model, num_answers=2).score([DOCUMENT], [SUMMARY])
    tokenizer = model.tokenizer
    text, end = tokenizer.encode(SUMMARY), tokenizer.eos_id
    assert sources == [
        [*text, tokenizer.separator_id, *tokenizer.encode(answer), end]
        for answer in ("Leeds", "26")
    ]


def test_conventions_of_the_models_checkpoint_are_kept(sources, model):
    quals = dataclasses.replace(model.quals, add_bos=True)
    metric(dataclasses.replace(model, quals=quals), num_answers=1).score([DOCUMENT], [SUMMARY])
    [source] = sources
    assert source[:2] == [model.tokenizer.bos_id, model.tokenizer.encode(SUMMARY)[0]]


def test_a_summary_too_long_is_read_around_the_candidate(sources, model):
    quals = dataclasses.replace(model.quals, max_source_tokens=24)
    filler = "It was so and it was not so all day long. "
    metric(dataclasses.replace(model, quals=quals), num_answers=1).score(
        [DOCUMENT] * 3,
        [SUMMARY + filler * 3, filler * 3 + SUMMARY + filler * 3, filler * 3 + SUMMARY],
    )
    tokenizer = model.tokenizer
    texts = [tokenizer.decode(source[: source.index(tokenizer.separator_id)]) for source in sources]
    assert all(len(source) == 25 for source in sources)
    assert all("Leeds" in text for text in texts)
    assert texts[0].startswith("A fire in")
    assert texts[2].endswith("26 people.")


def test_only_kept_questions_are_asked_about_the_document(sources, model):
    qags = metric(model, num_questions=1)
    qags.score([DOCUMENT], [SUMMARY])
    about_summary, about_document = qags._answerer.asked
    assert about_summary == [
        (SUMMARY, ["Where was the fire?", "What was it?", "How many were hurt?"])
    ]
    assert about_document == [(DOCUMENT, ["How many were hurt?"])]


def test_no_score_has_a_reason_and_others_are_not_disturbed(sources, model):
    told = []
    examples = [
        Example(DOCUMENT, " "),
        Example("", SUMMARY),
        Example(DOCUMENT, "It was so."),
        Example(DOCUMENT, "He saw Rome."),  # nothing is written for Rome
        Example(DOCUMENT, "It was in Leeds."),  # the reader finds no answers
        Example("NaN", SUMMARY),
        Example(DOCUMENT, "He was Broken here."),
        Example(DOCUMENT, SUMMARY),
    ]
    rows = metric(model).evaluate(examples, told.append)
    assert [row.get("reason") for row in rows] == [
        "empty_summary",
        "empty_document",
        "no_candidates",
        "no_questions",
        "no_questions",
        "non_finite",
        "out_of_memory",
        None,
    ]
    assert [row["qags"] for row in rows] == [*[None] * 7, pytest.approx(2 / 9)]
    assert rows[5]["error"] == "NaN"
    assert rows[7].keys() == {"qags"}
    assert sum(told) == pytest.approx(len(examples))


def test_the_signature_names_finder_counts_and_both_models(sources, model):
    signature = metric(model, num_answers=3, refill=True).signature
    assert "candidates:rules|answers:3|beams:5|questions:10|refill|" in signature
    assert f"qg:{model.quals.weights_sha256[:8]}" in signature
    assert signature.endswith("qa:scripted")
    assert metric(model, min_question_tokens=1).signature.endswith("min_question_tokens:1")


def test_a_folder_without_its_parts_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="'questions' with a question generator"):
        Qags.from_folder(tmp_path)
    (tmp_path / "questions").mkdir()
    with pytest.raises(FileNotFoundError, match=r"answers/ \(python -m train qa_squad\)"):
        Qags.from_folder(tmp_path)


@pytest.mark.parametrize("field", ["num_answers", "num_questions", "num_beams"])
def test_counts_are_positive(field):
    with pytest.raises(ValueError, match=field):
        QagsOptions(**{field: 0})
