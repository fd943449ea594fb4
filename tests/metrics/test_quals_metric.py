"""QUALS among the metrics: the same numbers as `Quals`, with reasons."""

import pytest

from quals_jax.data.world import held_out_articles, summary_examples
from quals_jax.metrics.metric import Example
from quals_jax.metrics.quals import Quals
from quals_jax.metrics.quals_metric import QualsMetric
from tests import golden_files, tolerances

EXAMPLES = summary_examples(held_out_articles(6, seed=11), seed=11)[:20:5]


@pytest.fixture(scope="module")
def quals() -> Quals:
    folder = golden_files.path("world_qagen")
    return Quals.from_pretrained(folder, num_beams=8, num_groups=8, max_pair_tokens=24)


def test_numbers_are_those_of_quals_in_the_order_of_the_examples(quals):
    # The first document comes again at the end: it is read once, its rows stay in their places.
    texts = [(e.document, e.summary) for e in EXAMPLES] + [
        (EXAMPLES[0].document, EXAMPLES[1].summary)
    ]
    told: list[float] = []
    rows = QualsMetric(quals).evaluate([Example(*pair) for pair in texts], told.append)
    results = quals.score(*map(list, zip(*texts, strict=True)))
    assert len({result.quals for result in results}) == 5
    for row, result in zip(rows, results, strict=True):
        assert row == pytest.approx(
            {
                "quals": result.quals,
                "quals_answer": result.answer,
                "quals_min": result.min,
                "quals_low_share": result.low_share,
            },
            abs=tolerances.QUALS,
        )
    assert sum(told) == pytest.approx(5)


def test_reasons_stand_in_the_place_of_numbers(quals):
    rows = QualsMetric(quals).evaluate([Example("A text.", " "), Example("", "A text.")])
    none = dict.fromkeys(QualsMetric.keys)
    assert rows == [none | {"reason": "empty_summary"}, none | {"reason": "empty_document"}]


def test_a_failure_is_an_error_with_its_message(quals, monkeypatch):
    def failed(documents, summaries, report):
        from quals_jax.metrics.quals_result import QualsResult

        return [[QualsResult.failed("non_finite", "NaN")] for _ in summaries]

    monkeypatch.setattr(quals, "score_grouped", failed)
    (row,) = QualsMetric(quals).evaluate([Example("a", "b")])
    assert (row["quals"], row["reason"], row["error"]) == (None, "non_finite", "NaN")


def test_the_signature_is_that_of_quals_and_the_threshold(quals):
    assert QualsMetric(quals).signature == f"{quals.signature}|low:-0.5"
