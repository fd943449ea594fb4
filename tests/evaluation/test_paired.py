"""Paired differences of two systems: wins, intervals and exchanges computed by hand."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test

from quals_jax.evaluation.paired import PairedOptions, compare_columns, permutation_p
from tests.tolerances import STATISTIC


def test_means_wins_ties_losses_of_the_rows_that_have_both():
    nan = float("nan")
    first = np.array([1.0, 0.5, 0.2, nan, 0.7, nan])
    second = np.array([0.4, 0.5, 0.3, 0.9, nan, nan])
    found = compare_columns(first, second, range(6), PairedOptions(tie_within=0.0))
    assert (found["num_rows"], found["num_missing"]) == (3, [2, 2])
    assert found["means"] == pytest.approx([1.7 / 3, 0.4], abs=STATISTIC)
    assert found["difference"]["value"] == pytest.approx(0.5 / 3, abs=STATISTIC)
    assert (found["wins"], found["ties"], found["losses"]) == (1, 1, 1)
    wide = compare_columns(first, second, range(6), PairedOptions(tie_within=0.11))
    assert (wide["wins"], wide["ties"], wide["losses"]) == (1, 2, 0)


def test_few_documents_have_all_exchanges_tried():
    difference = np.array([0.3, -0.1, 0.2, 0.5])
    # Of the 16 signs, +-(.3 -.1 .2 .5), +-(.3 .1 .2 .5) and what lies at least as far from 0.
    sums = [abs(np.dot(signs, difference)) for signs in product((1, -1), repeat=4)]
    by_hand = sum(total >= 0.9 - STATISTIC for total in sums) / 16
    assert by_hand == 0.25
    assert permutation_p(difference, range(4), PairedOptions()) == by_hand
    # Two documents of two rows each: four exchanges, of which two are as far.
    assert permutation_p(difference, "aabb", PairedOptions()) == 0.5
    zero = compare_columns(np.ones(3), np.ones(3), range(3))
    assert (zero["p"], zero["difference"]) == (1.0, {"value": 0.0, "interval": [0.0, 0.0]})


def test_many_documents_have_the_p_of_scipy():
    rng = np.random.default_rng(0)
    difference = rng.normal(0, 1, 80)
    by_scipy = permutation_test(
        (difference, np.zeros(80)),
        lambda a, b, axis: (a - b).mean(axis),
        permutation_type="samples",
        n_resamples=9999,
        rng=1,
    ).pvalue
    p = permutation_p(difference, range(80), PairedOptions())
    assert 0.1 < p < 0.6
    assert abs(p - by_scipy) < 4 * np.sqrt(2 * by_scipy * (1 - by_scipy) / 10_000)
    apart = permutation_p(difference + 2, range(80), PairedOptions(num_permutations=999))
    assert apart == 1 / 1000


def test_the_interval_has_the_width_that_theory_gives_and_knows_documents():
    rng = np.random.default_rng(1)
    shared, own = rng.normal(0, 5, 200), rng.normal(0, 1, 200)
    found = compare_columns(shared + 0.2 + own, shared, range(200))
    low, high = found["difference"]["interval"]
    assert 0.85 < (high - low) / (2 * 1.96 * own.std() / np.sqrt(200)) < 1.15
    copies = compare_columns(np.repeat(own, 5), np.zeros(1000), np.repeat(range(200), 5).tolist())
    alone = compare_columns(own, np.zeros(200), range(200))
    expected = alone["difference"]["interval"]
    assert copies["difference"]["interval"] == pytest.approx(expected, abs=STATISTIC)
    assert copies["p"] == pytest.approx(alone["p"], abs=STATISTIC)


def test_too_few_documents_have_no_interval_and_no_p():
    one = compare_columns(np.array([1.0, 2.0]), np.array([0.0, 3.0]), ["d", "d"])
    assert one["difference"] == {"value": 0.0, "interval": None}
    assert one["p"] is None
    none = compare_columns(np.array([np.nan]), np.array([1.0]), ["d"])
    assert none["means"] == [None, None]
    assert none["difference"]["value"] is None
