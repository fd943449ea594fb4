"""Figures with intervals, and paired differences of two of them."""

import numpy as np
import pytest

from quals_jax.evaluation.auroc import auroc, auroc_statistic
from quals_jax.evaluation.correlation import pearson
from quals_jax.evaluation.statistic import UndefinedError, difference, figure
from tests.evaluation.drawn import drawn_counts, repeated
from tests.tolerances import STATISTIC


@pytest.fixture(scope="module")
def columns() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Judgements, a score close to them and one that hardly knows them."""
    rng = np.random.default_rng(4)
    human = rng.normal(0, 1, 150)
    return human, human + 0.5 * rng.normal(0, 1, 150), 0.3 * human + rng.normal(0, 1, 150)


def test_the_interval_of_a_correlation_has_the_width_of_fishers(columns):
    human, score, _ = columns
    found = figure(lambda: pearson(score, human), range(150))
    middle = np.arctanh(found["value"])
    fisher = np.tanh([middle - 1.96 / np.sqrt(147), middle + 1.96 / np.sqrt(147)])
    low, high = found["interval"]
    assert low < found["value"] < high
    assert 0.75 < (high - low) / np.ptp(fisher) < 1.25


def test_a_difference_is_seen_more_sharply_on_the_same_rows_than_by_two_intervals(columns):
    human, score, weak = columns
    found = difference(lambda: (pearson(score, human), pearson(weak, human)), range(150))
    apart = pearson(score, human).value - pearson(weak, human).value
    assert found["value"] == pytest.approx(apart, abs=STATISTIC)
    low, high = found["interval"]
    assert 0 < low < apart < high
    assert found["p"] == pytest.approx(2 / 1001, abs=STATISTIC)
    # Nearly the same score: both rise and fall together, so that the difference hardly varies.
    close = score + 0.1 * weak
    small = difference(lambda: (pearson(score, human), pearson(close, human)), range(150))
    one = figure(lambda: pearson(score, human), range(150))
    assert np.ptp(small["interval"]) < 0.5 * np.ptp(one["interval"])
    same = difference(lambda: (pearson(score, human), pearson(score, human)), range(150))
    assert same == {"value": 0.0, "interval": [0.0, 0.0], "p": 1.0}


def test_the_other_way_round_the_signs_change_and_p_does_not(columns):
    human, score, weak = columns
    pair = pearson(score[:20], human[:20]), pearson(weak[:20], human[:20])
    one = difference(lambda: pair, range(20), num_resamples=200)
    other = difference(lambda: pair[::-1], range(20), num_resamples=200)
    assert other["value"] == -one["value"]
    assert other["interval"] == pytest.approx([-x for x in one["interval"][::-1]], abs=STATISTIC)
    assert other["p"] == one["p"]


def test_an_undefined_statistic_has_a_reason_and_no_number():
    def none():
        raise UndefinedError("all scores are equal (1)")

    reason = {"reason": "all scores are equal (1)"}
    assert figure(none, range(3)) == {"value": None, "interval": None} | reason
    assert difference(none, range(3)) == {"value": None, "interval": None, "p": None} | reason


def test_auroc_of_resamples_is_that_of_the_drawn_rows():
    rng = np.random.default_rng(6)
    score, is_high = rng.integers(0, 9, 37).astype(float), rng.random(37) < 0.4
    statistic = auroc_statistic(score, is_high)
    assert statistic.value == auroc(score[is_high], score[~is_high])
    counts = drawn_counts(37)
    by_hand = []
    for row in counts:
        some, high = repeated(row, score, is_high)
        by_hand.append(auroc(some[high], some[~high]))
    assert statistic.of_counts(counts) == pytest.approx(by_hand, abs=STATISTIC)
    assert np.isnan(statistic.of_counts(np.eye(37)[:1])).all()
    with pytest.raises(UndefinedError, match="0 consistent and 37 inconsistent summaries"):
        auroc_statistic(score, np.zeros(37, bool))
