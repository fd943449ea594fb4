"""Correlations against scipy, on all rows and on every resample, and cases computed by hand."""

import numpy as np
import pytest
import scipy.stats

from quals_jax.evaluation import correlation
from quals_jax.evaluation.correlation import CORRELATIONS, kendall, pearson, spearman
from quals_jax.evaluation.statistic import UndefinedError
from tests.evaluation.drawn import drawn_counts, repeated
from tests.tolerances import STATISTIC

SCIPY = {
    "pearson": scipy.stats.pearsonr,
    "spearman": scipy.stats.spearmanr,
    "kendall": scipy.stats.kendalltau,
}


@pytest.fixture(scope="module")
def columns() -> tuple[np.ndarray, np.ndarray]:
    """Scores far from 0 with a few ties, judgements with many, as shares of two or three."""
    rng = np.random.default_rng(0)
    human = rng.choice([0, 1 / 3, 1 / 2, 2 / 3, 1], 53)
    score = np.round(-800 + 0.5 * human + rng.normal(0, 0.4, 53), 1)
    return score, human


@pytest.mark.parametrize("name", SCIPY)
def test_values_are_those_of_scipy(columns, name):
    value = CORRELATIONS[name](*columns).value
    assert value == pytest.approx(SCIPY[name](*columns).statistic, abs=STATISTIC)
    assert 0.2 < value < 0.8


@pytest.mark.parametrize("name", SCIPY)
def test_values_of_resamples_are_those_of_scipy_on_the_drawn_rows(columns, name, monkeypatch):
    counts = drawn_counts(53)
    by_scipy = [SCIPY[name](*repeated(row, *columns)).statistic for row in counts]
    of_counts = CORRELATIONS[name](*columns).of_counts
    assert of_counts(counts) == pytest.approx(by_scipy, abs=STATISTIC)
    assert np.ptp(by_scipy) > 0.1
    monkeypatch.setattr(correlation, "_SIGNS", 7 * 53)  # the table of pairs in parts
    assert of_counts(counts) == pytest.approx(by_scipy, abs=STATISTIC)


def test_cases_computed_by_hand():
    score, human = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.0, 1.0, 1.0, 0.0])
    # Deviations -1.75 -.75 .25 2.25 and -.5 .5 .5 -.5: products sum to -.5, squares to 8.75 and 1.
    assert pearson(score, human).value == pytest.approx(-0.5 / np.sqrt(8.75), abs=STATISTIC)
    # Ranks 1 2 3 4 and 1.5 3.5 3.5 1.5: products of deviations cancel out.
    assert spearman(score, human).value == pytest.approx(0, abs=STATISTIC)
    rising = np.array([0.0, 0.0, 1.0, 1.0])
    # Of six pairs two are tied in the judgements; the other four are in the same order.
    assert kendall(score, rising).value == pytest.approx(4 / np.sqrt(6 * 4), abs=STATISTIC)
    assert spearman(score, rising).value == pytest.approx(4 / np.sqrt(5 * 4), abs=STATISTIC)


@pytest.mark.parametrize("name", SCIPY)
def test_what_has_no_correlation_says_why(name):
    compute = CORRELATIONS[name]
    with pytest.raises(UndefinedError, match="2 rows with a score, at least 3 needed"):
        compute(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    rising, same = np.array([1.0, 2.0, 3.0]), np.full(3, 0.1)
    with pytest.raises(UndefinedError, match=r"all scores are equal \(0.1\)"):
        compute(same, rising)
    with pytest.raises(UndefinedError, match="all human judgements are equal"):
        compute(rising, same)
    counts = np.array([[3.0, 0, 0], [1, 1, 1], [0, 2, 1]])
    found = compute(rising, np.array([0.0, 1.0, 1.0])).of_counts(counts)
    assert np.isnan(found).tolist() == [True, False, True]
