"""The adapter in the style of Hugging Face's `evaluate`."""

import pytest

from quals_jax.metrics.evaluation_module import QualsModule
from quals_jax.metrics.quals_result import QualsResult


class Stand:
    """Scores a summary by its length; the adapter has nothing to do with the model."""

    signature = "quals-jax 0|stand-in"

    def score(self, documents, summaries):
        assert len(documents) == len(summaries)
        return [
            QualsResult(-float(len(summary)) - 10 * len(document))
            if summary
            else QualsResult(None, reason="empty_summary")
            for document, summary in zip(documents, summaries, strict=True)
        ]


@pytest.fixture
def metric() -> QualsModule:
    return QualsModule(Stand())


def test_the_mean_is_over_the_predictions_that_have_a_score(metric):
    assert metric.compute(predictions=["ab", "", "abcd"], sources=["d", "d", ""]) == {
        "quals": -8.0,
        "scores": [-12.0, None, -4.0],
        "reasons": [None, "empty_summary", None],
        "signature": "quals-jax 0|stand-in",
    }


def test_pairs_that_were_added_come_first_and_are_forgotten(metric):
    metric.add(prediction="a", source="")
    metric.add_batch(predictions=["ab", "abc"], sources=["", ""])
    assert metric.compute(predictions=["abcd"], sources=[""])["scores"] == [-1.0, -2.0, -3.0, -4.0]
    assert metric.compute() == {
        "quals": None,
        "scores": [],
        "reasons": [],
        "signature": "quals-jax 0|stand-in",
    }


def test_it_is_loaded_as_quals_is(monkeypatch):
    asked = []

    def load(folder, mode, **options):
        asked.append((folder, mode, options))
        return Stand()

    monkeypatch.setattr("quals_jax.metrics.quals.Quals.from_pretrained", load)
    metric = QualsModule.load("models/qagen", "paper", num_beams=8)
    assert asked == [("models/qagen", "paper", {"num_beams": 8})]
    assert (metric.name, metric.quals.signature) == ("quals", "quals-jax 0|stand-in")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictions": ["a"], "references": ["b"]}, "knows no references: pass sources"),
        ({"predictions": ["a"]}, "pass sources"),
        ({"sources": ["a"]}, "0 predictions but 1 sources"),
        ({"predictions": ["a", "b"], "sources": ["a"]}, "2 predictions but 1 sources"),
        ({"predictions": "a", "sources": ["a"]}, "predictions is one text"),
        ({"predictions": ["a"], "sources": "a"}, "sources is one text"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_kept(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric.compute(**arguments)
    assert metric.compute()["scores"] == []
