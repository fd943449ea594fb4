"""The threshold is the best one of the validation part, and is tested on other rows."""

import numpy as np
import pytest

from quals_jax.evaluation.balanced_accuracy import (
    balanced_accuracy,
    best_threshold,
    validation_part,
)
from quals_jax.evaluation.statistic import UndefinedError
from tests.evaluation.drawn import drawn_counts, repeated
from tests.tolerances import STATISTIC


def _accuracy(score, is_consistent, threshold):
    told = score >= threshold
    return (told[is_consistent].mean() + (~told[~is_consistent]).mean()) / 2


def test_a_case_computed_by_hand():
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    is_consistent = np.array([False, False, True, False, True])
    # From 0.25 on: both consistent ones and two of three others are told.
    assert best_threshold(score, is_consistent) == pytest.approx(0.25, abs=STATISTIC)
    found = balanced_accuracy(score, is_consistent, 0.25).value
    assert found == pytest.approx((1 + 2 / 3) / 2, abs=STATISTIC)


def test_no_threshold_is_better_and_of_equally_good_ones_it_is_the_lowest():
    rng = np.random.default_rng(0)
    for _ in range(20):
        score = rng.integers(0, 9, 23) / 10
        is_consistent = rng.random(23) < 0.2 + score
        values = np.unique(score)
        candidates = [values[0], *(values[1:] + values[:-1]) / 2]
        accuracies = [_accuracy(score, is_consistent, t) for t in candidates]
        best = candidates[int(np.argmax(np.round(accuracies, 9)))]
        assert best_threshold(score, is_consistent) == pytest.approx(best, abs=STATISTIC)


def test_scores_the_wrong_way_round_are_worth_nothing():
    score, is_consistent = np.array([3.0, 2.0, 1.0, 0.0]), np.array([False, False, True, True])
    threshold = best_threshold(score, is_consistent)
    assert threshold == 0.0
    assert balanced_accuracy(score, is_consistent, threshold).value == 0.5


def test_values_of_resamples_are_those_of_the_drawn_rows():
    rng = np.random.default_rng(1)
    score, is_consistent = rng.normal(0, 1, 31), rng.random(31) < 0.4
    counts = drawn_counts(31)
    by_hand = [_accuracy(*repeated(row, score, is_consistent), 0.1) for row in counts]
    found = balanced_accuracy(score, is_consistent, 0.1).of_counts(counts)
    assert found == pytest.approx(by_hand, abs=STATISTIC)
    assert np.isnan(balanced_accuracy(score, is_consistent, 0.1).of_counts(np.eye(31)[:1])).all()


def test_a_document_is_in_one_part_only_and_the_seed_decides_which():
    groups = [f"document {i // 3}" for i in range(60)]
    chosen = validation_part(groups, 0.4)
    assert chosen.sum() == 24
    assert {tuple(part) for part in chosen.reshape(20, 3).tolist()} == {(True,) * 3, (False,) * 3}
    assert (validation_part(groups, 0.4) == chosen).all()
    assert (validation_part(groups, 0.4, seed=1) != chosen).any()


def test_one_sort_of_summary_is_too_little():
    score, same = np.array([0.1, 0.2]), np.array([True, True])
    message = "2 consistent and 0 inconsistent summaries"
    with pytest.raises(UndefinedError, match=f"{message} for choosing"):
        best_threshold(score, same)
    with pytest.raises(UndefinedError, match=f"{message} to test"):
        balanced_accuracy(score, same, 0.15)
