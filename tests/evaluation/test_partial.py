"""Partial correlation against its definition, and against the formula for one control."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from quals_jax.evaluation.correlation import pearson
from quals_jax.evaluation.partial import indicators, partial_pearson
from quals_jax.evaluation.statistic import UndefinedError
from tests.evaluation.drawn import drawn_counts, repeated
from tests.tolerances import STATISTIC


@pytest.fixture(scope="module")
def columns():
    """Score and judgement that share the overlap and little else, three controls, two systems."""
    rng = np.random.default_rng(2)
    overlap = rng.normal(0, 1, (41, 1)) + 0.3 * rng.normal(0, 1, (41, 3))
    shared = rng.normal(0, 1, 41)
    score = 50 + overlap[:, 0] + 0.5 * shared + 0.5 * rng.normal(0, 1, 41)
    human = overlap[:, 1] + 0.5 * shared + 0.5 * rng.normal(0, 1, 41)
    return score, human, overlap


def _by_residuals(score, human, controls):
    design = np.column_stack([np.ones(len(score)), controls])
    left = [side - design @ np.linalg.pinv(design) @ side for side in (score, human)]
    return pearsonr(*left).statistic


def test_the_value_is_the_correlation_of_the_residuals(columns):
    value = partial_pearson(*columns).value
    assert value == pytest.approx(_by_residuals(*columns), abs=STATISTIC)
    assert value < pearson(*columns[:2]).value - 0.2


def test_one_control_follows_the_formula(columns):
    score, human, controls = columns
    one = controls[:, 0]
    xy, xz, yz = (
        pearsonr(*pair).statistic for pair in ((score, human), (score, one), (human, one))
    )
    by_hand = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    found = partial_pearson(score, human, controls[:, :1]).value
    assert found == pytest.approx(by_hand, abs=STATISTIC)


def test_values_of_resamples_are_those_of_the_drawn_rows(columns):
    # A control twice, and one that some resamples lack, change nothing.
    score, human, overlap = columns
    systems = indicators(["a"] * 39 + ["b"] * 2)
    controls = np.column_stack([overlap, overlap[:, 0], systems])
    counts = drawn_counts(41, 40)
    assert (counts[:, 39:].sum(1) == 0).any()
    by_hand = [_by_residuals(*repeated(row, score, human, controls)) for row in counts]
    found = partial_pearson(score, human, controls).of_counts(counts)
    assert found == pytest.approx(by_hand, abs=STATISTIC)


def test_a_system_that_is_better_and_scores_higher_explains_the_correlation():
    rng = np.random.default_rng(3)
    is_better = np.repeat([0.0, 5.0], 50)
    score, human = is_better + rng.normal(0, 1, (2, 100))
    assert pearson(score, human).value > 0.8
    controls = indicators(["s1"] * 50 + ["s2"] * 50)
    assert controls.shape == (100, 1)
    assert abs(partial_pearson(score, human, controls).value) < 0.3


def test_a_column_that_is_controlled_for_has_no_partial_correlation(columns):
    _, human, controls = columns
    with pytest.raises(UndefinedError, match="the scores follow from what is controlled for"):
        partial_pearson(controls[:, 1], human, controls)
    with pytest.raises(UndefinedError, match="the human judgements follow"):
        partial_pearson(human, 2 * controls[:, 0] - 3, controls)
    none = partial_pearson(human, controls[:, 0], controls[:, 1:]).of_counts(np.eye(41)[:2] * 41)
    assert np.isnan(none).all()
