"""Teacher-forced scores against the official SequenceScorer and the lines that read it."""

import itertools

import numpy as np
import pytest

from quals_jax.metrics.quals_result import QAPair
from quals_jax.scoring import Scorer
from tests import golden_files, golden_models, tolerances

CASES = golden_files.read_json("score.json")["cases"]


def groups(case):
    """The case as (source, targets, results) with one source each."""
    sources, targets, results = (case[key] for key in ("source_tokens", "target_tokens", "results"))
    if isinstance(sources[0], list):
        return [(s, [t], [r]) for s, t, r in zip(sources, targets, results, strict=True)]
    return [(sources, targets, results)]


@pytest.mark.parametrize("model", ["small_p1", "small_p2", "rand_p"])
def test_scores_are_the_official_ones(model):
    cases = [case for case in CASES if case["model"] == model]
    assert len(cases) == 6
    # All cases at once: few shapes to compile, and proof that the batch does not matter.
    rows = list(itertools.chain.from_iterable(map(groups, cases)))
    scored = Scorer(*golden_models.load(model)).score([r[0] for r in rows], [r[1] for r in rows])
    for (_, targets, results), logps in zip(rows, scored, strict=True):
        for target, logp, official in zip(targets, logps, results, strict=True):
            assert official["tokens"] == target
            np.testing.assert_allclose(
                logp, official["positional_scores"], atol=tolerances.LOG_PROBS, rtol=0
            )
            assert logp.mean() == pytest.approx(official["score"], abs=tolerances.LOG_PROBS)


@pytest.mark.parametrize("case", [case for case in CASES if "eval_ns" in case["results"][0]])
def test_answer_scores_are_the_official_ones(case):
    for official in case["results"]:
        tokens, logps = official["tokens"], tuple(official["positional_scores"])
        answer = len(tokens) - tokens.index(case["separator"]) - 2
        pair = QAPair("", "", ("",) * len(tokens), logps, (0.0,) * len(tokens), answer)
        assert pair.score == pytest.approx(official["eval_ns"], abs=tolerances.LOG_PROBS)
        assert pair.answer_score == pytest.approx(official["eval_a_ns"], abs=tolerances.LOG_PROBS)
