"""AUROC against its definition."""

import numpy as np
import pytest

from quals_jax.evaluation.auroc import auroc, auroc_interval


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(0)
    high, low = rng.integers(0, 7, 23).tolist(), rng.integers(-2, 5, 17).tolist()
    pairs = [(p > n) + 0.5 * (p == n) for p in high for n in low]
    assert auroc(high, low) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_auroc_of_separated_equal_and_swapped_scores():
    assert auroc([2, 3], [0, 1]) == 1.0
    assert auroc([0, 1], [2, 3]) == 0.0
    assert auroc([1, 1], [1]) == 0.5
    assert auroc([0.1, 0.3], [0.0, 0.3]) == 0.625


def test_missing_and_non_finite_scores_are_refused():
    with pytest.raises(ValueError, match="0 positives and 1 negatives"):
        auroc([], [1.0])
    with pytest.raises(ValueError, match="NaN or infinite"):
        auroc([1.0], [float("nan")])


def test_the_interval_holds_the_value_and_widens_when_groups_are_few():
    rng = np.random.default_rng(1)
    high, low = rng.normal(1, 1, 200), rng.normal(0, 1, 200)
    own = [str(i) for i in range(200)]
    shared = [str(i // 50) for i in range(200)]
    low_end, high_end = auroc_interval(high, low, own, own)
    assert low_end < auroc(high, low) < high_end
    assert 0.03 < high_end - low_end < 0.15
    again = auroc_interval(high, low, own, own)
    assert again == (low_end, high_end)
    # Copies of the same scores in each group tell nothing new, so four groups are four draws.
    shift = np.repeat(rng.normal(0, 1, 4), 50)
    few = auroc_interval(high + shift, low, shared, shared)
    assert few[1] - few[0] > high_end - low_end
