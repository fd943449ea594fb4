"""Krippendorff's alpha against cases by hand and his own worked example."""

import numpy as np
import pytest

from quals_jax.evaluation.agreement import alpha_interval, krippendorff_alpha

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers,
# twelve units, 7 of 48 judgements missing.
PUBLISHED = [
    ("1", "1", None, "1"),
    ("2", "2", "3", "2"),
    ("3", "3", "3", "3"),
    ("3", "3", "3", "3"),
    ("2", "2", "2", "2"),
    ("1", "2", "3", "4"),
    ("4", "4", "4", "4"),
    ("1", "1", "2", "1"),
    ("2", "2", "2", "2"),
    (None, "5", "5", "5"),
    (None, None, "1", "1"),
    (None, "3", None, None),
]


def test_the_published_example():
    assert krippendorff_alpha(PUBLISHED) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(PUBLISHED, "ordinal") == pytest.approx(0.815, abs=5e-4)


def test_nominal_alpha_by_hand():
    # Pairs that differ: 2 of 3 in the first item, none in the second; each judgement counts once,
    # so 2 * (2 / 2) = 2 of 5. By chance: 2 yes and 3 no meet 2 * 2 * 3 times in 5 * 4 pairs.
    items = [("yes", "yes", "no"), ("no", "no", None)]
    observed, expected = 2 / 5, 12 / 20
    assert krippendorff_alpha(items) == pytest.approx(1 - observed / expected, abs=1e-12)


def test_ordinal_alpha_by_hand():
    # Given once, twice, once: 1 lies (1/2 + 2/2) = 1.5 from 2, as 2 from 3, and 3 from 1 by 3.
    items = [(1, 2), (2, 3)]
    observed = (2 * 1.5**2 + 2 * 1.5**2) / 4
    expected = 2 * (1 * 2 * 1.5**2 + 2 * 1 * 1.5**2 + 1 * 1 * 3**2) / (4 * 3)
    assert krippendorff_alpha(items, "ordinal") == pytest.approx(1 - observed / expected, abs=1e-12)


def test_agreement_disagreement_and_chance():
    assert krippendorff_alpha([(0, 0), (1, 1), (2, 2)]) == 1.0
    assert krippendorff_alpha([(0, 0), (1, 1), (2, 2)], "ordinal") == 1.0
    opposed = krippendorff_alpha([(0, 1), (0, 1), (0, 1)])
    assert opposed is not None
    assert opposed < -0.5
    by_chance = np.random.default_rng(0).integers(0, 3, (4000, 3)).tolist()
    assert krippendorff_alpha(by_chance) == pytest.approx(0, abs=0.03)


def test_order_counts_only_on_the_ordinal_scale():
    near, far = [(1, 2), (1, 1), (3, 3), (3, 3)], [(1, 3), (1, 1), (2, 2), (3, 3)]
    renamed = [tuple({1: "x", 2: "a", 3: "k"}[value] for value in item) for item in near]
    assert krippendorff_alpha(near) == krippendorff_alpha(renamed)
    squeezed = [tuple({1: -7, 2: 0, 3: 100}[value] for value in item) for item in near]
    assert krippendorff_alpha(near, "ordinal") == krippendorff_alpha(squeezed, "ordinal")
    ordinal_near, ordinal_far = (krippendorff_alpha(x, "ordinal") for x in (near, far))
    assert ordinal_near is not None
    assert ordinal_far is not None
    assert ordinal_near > ordinal_far


def test_missing_judgements_and_lone_ones_change_nothing():
    full = [(0, 0, 1), (1, 1), (0, 1), (1, 1, 1)]
    holes = [(None, 0, 0, 1), (1, None, 1), (0, 1), (1, 1, 1), (0,), (None, 1), ()]
    assert krippendorff_alpha(full) == krippendorff_alpha(holes)


@pytest.mark.parametrize("items", [[], [(1,), (None, 2)], [(1, 1), (1, 1, 1)]])
def test_where_alpha_is_undefined_there_is_none(items):
    for level in ("nominal", "ordinal"):
        assert krippendorff_alpha(items, level) is None
        assert alpha_interval(items, level) is None


def test_values_without_an_order_have_no_ordinal_alpha():
    with pytest.raises(TypeError):
        krippendorff_alpha([("a", 1), ("a", "a")], "ordinal")


def test_the_interval_holds_the_value_and_narrows_with_more_items():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 400)
    wrong = rng.random((400, 3)) < 0.3
    items = np.where(wrong, rng.integers(0, 3, (400, 3)), truth[:, None]).tolist()
    widths = []
    for count in (50, 400):
        alpha, interval = krippendorff_alpha(items[:count]), alpha_interval(items[:count])
        assert alpha is not None
        assert interval is not None
        assert interval[0] < alpha < interval[1]
        widths.append(interval[1] - interval[0])
    assert widths[1] < 0.5 * widths[0]
    assert alpha_interval(items, "ordinal") == alpha_interval(items, "ordinal")
    assert alpha_interval(items, seed=1) != alpha_interval(items)
