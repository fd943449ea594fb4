"""What must happen to the score when something known is done to the texts."""

import numpy as np
import pytest

from quals_jax.data.world import FAITHFUL, held_out_articles, summary_examples
from quals_jax.data.world_articles import sentences
from quals_jax.metrics.quals import Quals
from tests import golden_files

_LOW = -0.5  # nats: the threshold below which the metric itself calls a pair low
_EXAMPLES = summary_examples(held_out_articles(14, seed=3), seed=3)
_FAITHFUL = [example for example in _EXAMPLES if example.error == FAITHFUL]
_DOCUMENTS = [example.document for example in _FAITHFUL]
_SUMMARIES = [example.summary for example in _FAITHFUL]
_NEXT = [*range(1, len(_FAITHFUL)), 0]
_SWAPPED = [example for example in _EXAMPLES if example.error.startswith("entity")]


@pytest.fixture(scope="module")
def results():
    """Results by what was done; one call, so that all share their compiled programs."""
    metric = Quals.from_pretrained(
        golden_files.path("world_qagen"), num_beams=8, num_groups=8, max_pair_tokens=24
    )
    added = [sentences(document)[0] for document in _DOCUMENTS]
    rows = {
        "plain": (_DOCUMENTS, _SUMMARIES),
        "shuffled": ([_DOCUMENTS[i] for i in _NEXT], _SUMMARIES),
        "copied": (_DOCUMENTS, [f"{a} {s}" for s, a in zip(_SUMMARIES, added, strict=True)]),
        "alien": (_DOCUMENTS, [f"{added[i]} {s}" for s, i in zip(_SUMMARIES, _NEXT, strict=True)]),
        "swapped": ([e.document for e in _SWAPPED], [e.summary for e in _SWAPPED]),
    }
    documents = [text for texts, _ in rows.values() for text in texts]
    summaries = [text for _, texts in rows.values() for text in texts]
    found = iter(metric.score(documents, summaries))
    return {name: [next(found) for _ in texts] for name, (texts, _) in rows.items()}


def test_a_sentence_copied_from_the_document_makes_no_summary_low(results):
    """The pairs are generated anew and may be others; supported ones are never low."""
    supported = [
        i for i, result in enumerate(results["plain"]) if result.pairs and result.min > _LOW
    ]
    assert len(supported) >= 10
    assert all(results["copied"][i].min > _LOW for i in supported)
    # A sentence of another document does what the copied one must not.
    alien = [results["alien"][i] for i in supported if results["alien"][i].pairs]
    assert len(alien) >= 8
    assert np.mean([result.min for result in alien]) < _LOW


def test_a_wrong_entity_that_is_asked_about_lowers_the_answer_score(results):
    before = dict(zip(_DOCUMENTS, results["plain"], strict=True))
    asked = [
        (before[example.document].answer, result.answer)
        for example, result in zip(_SWAPPED, results["swapped"], strict=True)
        if before[example.document].pairs
        and any(example.wrong.lower() in pair.answer.lower() for pair in result.pairs)
    ]
    assert len(asked) >= 8
    right, wrong = np.mean(asked, axis=0)
    assert wrong < right


def test_documents_of_other_rows_lower_the_mean(results):
    means = {
        name: np.mean([result.quals for result in results[name] if result.pairs])
        for name in ("plain", "shuffled")
    }
    assert means["shuffled"] < means["plain"]
    lower = [
        shuffled.quals < plain.quals
        for plain, shuffled in zip(results["plain"], results["shuffled"], strict=True)
        if plain.pairs and shuffled.pairs
    ]
    assert all(lower)
