import dataclasses
import math

import jax.numpy as jnp
import pytest

from quals_jax.answering import AnswerOptions, SpanAnswerer
from quals_jax.checkpoints.encoder_folder import load_encoder_folder
from quals_jax.text.pair_tokenizer import join_pair
from tests import golden_files
from tests.checkpoints import write_encoder

ALWAYS = AnswerOptions(null_threshold=-math.inf, max_answer_tokens=5, overlap_tokens=8)
CONTEXTS = [
    "A fire at a school in York hurt 3 people.",
    "Celtic beat Motherwell 3-1 in Glasgow. " * 8,
]
QUESTIONS = [["Where?", "How many people were hurt?", ""], ["Who won?"]]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers") / "model"
    write_encoder.write(folder)
    return load_encoder_folder(folder)


@pytest.fixture(scope="module")
def answers(model):
    return SpanAnswerer(model, ALWAYS).answers(CONTEXTS, QUESTIONS)


def test_an_answer_is_the_text_between_its_characters(answers):
    for context, group in zip(CONTEXTS, answers, strict=True):
        for answer in group:
            assert answer.text == context[answer.start : answer.end] == answer.text.strip()
    assert [bool(answer.text) for group in answers for answer in group] == [True, True, False, True]
    assert answers[0][2].score == -math.inf


def test_an_answer_does_not_depend_on_its_neighbours(model, answers):
    answerer = SpanAnswerer(model, ALWAYS)
    ((alone,),) = answerer.answers(CONTEXTS[1:], [["Who won?"]])
    assert dataclasses.replace(alone, score=0) == dataclasses.replace(answers[1][0], score=0)
    assert alone.score == pytest.approx(answers[1][0].score, abs=1e-4)
    assert answerer.answers(CONTEXTS, QUESTIONS) == answers


def test_the_threshold_decides_whether_there_is_an_answer(model, answers):
    score = answers[0][0].score
    for threshold, expected in ((score - 1e-3, answers[0][0].text), (score + 1e-3, "")):
        answerer = SpanAnswerer(model, dataclasses.replace(ALWAYS, null_threshold=threshold))
        ((answer,),) = answerer.answers(CONTEXTS[:1], [["Where?"]])
        assert answer.text == expected
        assert answer.score == pytest.approx(score, abs=1e-4)


def test_the_best_window_of_a_long_context_answers(model, answers):
    """The same windows by hand, each as a context of its own."""
    tokenizer = model.tokenizer
    (question,), (text,) = (
        tokenizer.encode_with_offsets(["Who won?"]),
        [tokenizer.encode_with_offsets(CONTEXTS[1:])[0]],
    )
    answerer = SpanAnswerer(model, ALWAYS)
    windows = answerer._windows(0, 0, question.ids, text.ids)
    assert len(windows) > 2
    assert all(len(window.ids) <= model.settings.max_tokens for window in windows)
    for window in windows:
        part = text.ids[window.offset : window.offset + len(window.ids) - len(question.ids) - 3]
        assert window.ids == join_pair(tokenizer, question.ids, part)
    spans = answerer._run(windows, lambda done: None)
    score = max(span.score for span in spans) - min(span.null for span in spans)
    assert answers[1][0].score == pytest.approx(score, abs=1e-4)
    best = max(range(len(spans)), key=lambda i: spans[i].score)
    first = windows[best].offset + spans[best].start - windows[best].first
    # The blank before a word belongs to its token, but not to an answer.
    assert CONTEXTS[1][text.offsets[first][0] : answers[1][0].start].strip() == ""
    assert answers[1][0].end == text.offsets[first + spans[best].end - spans[best].start][1]


def test_nan_is_a_failure_of_the_row(model):
    params = {
        **model.params,
        "head": {name: v * jnp.nan for name, v in model.params["head"].items()},
    }
    answerer = SpanAnswerer(dataclasses.replace(model, params=params), ALWAYS)
    ((answer,),) = answerer.answers(CONTEXTS[:1], [["Where?"]])
    assert (answer.text, answer.failure.code) == ("", "non_finite")


def test_another_head_and_unequal_lists_are_refused(model):
    with pytest.raises(ValueError, match="1 contexts but 2 lists"):
        SpanAnswerer(model).answers(CONTEXTS[:1], QUESTIONS)
    with pytest.raises(ValueError, match="has a head for classification"):
        SpanAnswerer.from_folder(golden_files.path("bert/classification"))
