"""Beam searches against the recorded hypotheses of the official code."""

import numpy as np
import pytest

from tests import golden_files, tolerances
from tests.decoding import golden_search

CASES = {case["name"]: case for case in golden_files.read_json("beam.json")["cases"]}
PENALTIES = {c["case"]: c for c in golden_files.read_json("diverse_penalties.json")["cases"]}


def run(case):
    options = golden_search.beam_options(case["options"])
    return golden_search.search(
        case["model"], case["source_tokens"], options, case.get("prefix_tokens")
    )


@pytest.mark.parametrize("name", CASES)
def test_hypotheses_are_the_official_ones(name):
    case = CASES[name]
    found = run(case)
    assert found.finite_B.all()
    for b, recorded in enumerate(case["hypotheses"]):
        lengths_N = found.lengths_BN[b]
        tokens = [
            row[:length].tolist()
            for row, length in zip(found.tokens_BNT[b], lengths_N, strict=True)
        ]
        assert tokens == [hypothesis["tokens"] for hypothesis in recorded]
        for n, hypothesis in enumerate(recorded):
            close(found.token_scores_BNT[b, n, : lengths_N[n]], hypothesis["positional_scores"])
            close(found.scores_BN[b, n], hypothesis["score"])
            # The sum of up to 141 tokens is as exact as the mean of them.
            total = found.totals_BN[b, n] / lengths_N[n]
            close(total, hypothesis["unnormalized_score"] / lengths_N[n])
            assert (found.tokens_BNT[b, n, lengths_N[n] :] == 1).all()
            assert not found.token_scores_BNT[b, n, lengths_N[n] :].any()
    assert not found.lengths_BN[len(case["hypotheses"]) :].any()  # rows that fill the batch


@pytest.mark.parametrize("name", [name for name in CASES if name in PENALTIES])
def test_plain_log_probabilities_and_penalty_counts_are_the_official_ones(name):
    found = run(CASES[name])
    strength = PENALTIES[name]["strength"]
    for b, recorded in enumerate(PENALTIES[name]["sources"]):
        for n, hypothesis in enumerate(recorded):
            length = found.lengths_BN[b, n]
            logp_T, scores_T = found.logp_BNT[b, n, :length], found.token_scores_BNT[b, n, :length]
            close(logp_T, hypothesis["teacher_forced"])
            counts_T = (logp_T - scores_T) / strength
            np.testing.assert_allclose(counts_T, hypothesis["penalty_counts"], atol=1e-4)


def close(actual, recorded):
    np.testing.assert_allclose(actual, recorded, atol=tolerances.LOG_PROBS, rtol=0)
