"""Agreement of answers with the small QAGen of the synthetic world."""

import numpy as np
import pytest

from quals_jax.checkpoints.model_folder import load_model_folder
from quals_jax.data.world import FAITHFUL, held_out_articles, summary_examples
from quals_jax.metrics.answer_agreement import Answerer
from quals_jax.metrics.quals import Quals, QualsOptions
from quals_jax.metrics.quals_result import QAPair, QualsResult
from quals_jax.text.answers import token_f1
from tests import golden_files

FOLDER = golden_files.path("world_qagen")
SMALL = {"num_beams": 8, "num_groups": 8, "max_pair_tokens": 24}
EXAMPLES = summary_examples(held_out_articles(6, seed=11), seed=11)[:20]
DOCUMENTS = [example.document for example in EXAMPLES]
SUMMARIES = [example.summary for example in EXAMPLES]


@pytest.fixture(scope="module", autouse=True)
def _one_bucket():
    """Every text in one shape: fewer compilations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quals_jax.parallel.batches.LENGTHS", (80,))
        yield


@pytest.fixture(scope="module")
def results():
    return Quals.from_pretrained(FOLDER, **SMALL, answer_f1="pair").score(DOCUMENTS, SUMMARIES)


def test_f1_is_the_mean_over_the_pairs_answers(results):
    for result in results:
        values = [token_f1(pair.document_answer, pair.answer) for pair in result.pairs]
        assert [pair.answer_f1 for pair in result.pairs] == values
        assert result.f1 == pytest.approx(np.mean(values))
        assert all(pair.summary_answer is None for pair in result.pairs)


def test_planted_errors_are_answered_otherwise(results):
    planted, others = [], []
    for example, result in zip(EXAMPLES, results, strict=True):
        for pair in result.pairs if example.error != FAITHFUL else ():
            about_it = example.wrong and example.wrong.lower() in pair.answer.lower()
            (planted if about_it else others).append(pair.answer_f1)
    assert min(len(planted), len(others)) >= 10
    assert np.mean(planted) < 0.4
    assert np.mean(others) > 0.7


def test_a_text_agrees_with_itself_and_the_score_is_left_alone(results):
    metric = Quals.from_pretrained(FOLDER, **SMALL, answer_f1="summary")
    alone = metric.score(SUMMARIES[:10], SUMMARIES[:10])
    for result in alone:
        for pair in result.pairs:
            assert pair.document_answer == pair.summary_answer
            assert pair.answer_f1 == 1.0
        assert result.f1 == 1.0
    others = metric.score(DOCUMENTS, SUMMARIES)
    assert [r.quals for r in others] == pytest.approx([r.quals for r in results])
    pairs = [pair for result in others for pair in result.pairs]
    assert [p.answer_f1 for p in pairs] == [
        token_f1(p.document_answer, p.summary_answer) for p in pairs
    ]
    assert [p.document_answer for p in pairs] == [
        p.document_answer for result in results for p in result.pairs
    ]
    assert [[p.summary_answer for p in r.pairs] for r in others[:10]] == [
        [p.summary_answer for p in r.pairs] for r in alone
    ]


def test_a_long_document_answers_from_the_window_that_supports_the_pair(results):
    metric = Quals.from_pretrained(FOLDER, **SMALL, answer_f1="pair")
    limit = metric.model.quals.max_source_tokens
    filler = " ".join(DOCUMENTS[i] for i in (15, 16, 17, 18, 19))
    (found,) = metric.score(f"{filler}\n{filler}\n{DOCUMENTS[0]}", SUMMARIES[0])
    assert len(metric.model.tokenizer.encode(filler)) > limit
    (missing,) = metric.score(filler, SUMMARIES[0])
    assert found.f1 > missing.f1


def test_a_question_without_room_for_an_answer_gets_none():
    model = load_model_folder(FOLDER)
    separator = model.quals.separator_id or model.tokenizer.separator_id
    question = [*model.tokenizer.encode("Where was the fire ?"), separator]
    source = model.tokenizer.encode_source(DOCUMENTS[0], 60)
    (found,) = Answerer(model).answers(
        [[source, source]], [[[question[0]] * 50 + question, question]]
    )
    assert found[0] == ""
    assert found[1] != ""


def test_without_answers_there_is_no_f1():
    pair = QAPair("q", "a", ("q", "a"), (-1.0, -1.0), (-1.0, -1.0), 1)
    result = QualsResult.from_pairs((pair,), -0.5)
    assert pair.answer_f1 is None
    assert "f1" not in result.to_row()
    assert "document_answer" not in result.to_row()["pairs"][0]
    row = result.with_answers(["a b"], ["b"]).to_row(answer_f1=True)
    assert row["f1"] == row["pairs"][0]["answer_f1"] == pytest.approx(1.0)
    assert row["pairs"][0]["summary_answer"] == "b"
    assert QualsResult(None, reason="no_questions").to_row(answer_f1=True)["f1"] is None


def test_an_unknown_comparison_is_refused():
    with pytest.raises(ValueError, match="answer_f1 is 'both'"):
        QualsOptions(answer_f1="both")  # pyrefly: ignore
