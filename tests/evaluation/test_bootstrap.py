"""Resamples of documents, and the intervals made of them."""

import numpy as np
import pytest

from quals_jax.evaluation import bootstrap
from quals_jax.evaluation.bootstrap import interval, mean_with_interval, resampled, resamples
from tests.tolerances import ROUNDED


def _mean_of(values):
    array = np.asarray(values, float)
    return lambda counts_RN: counts_RN @ array / counts_RN.sum(1)


def test_rows_of_a_document_are_drawn_together_and_all_documents_as_often_as_there_are():
    groups = ["a", "b", "a", "c", "c", "c"]
    counts = np.concatenate(list(resamples(groups, num_resamples=50)))
    assert counts.shape == (50, 6)
    assert (counts[:, 0] == counts[:, 2]).all()
    assert (counts[:, 3] == counts[:, 5]).all()
    assert (counts[:, [0, 1, 3]].sum(1) == 3).all()
    assert len({tuple(row) for row in counts}) > 5


def test_the_resamples_do_not_depend_on_how_many_are_held_at_a_time(monkeypatch):
    groups = list(range(7))
    whole = np.concatenate(list(resamples(groups, num_resamples=11)))
    monkeypatch.setattr(bootstrap, "_CHUNK", 3 * 7)
    parts = list(resamples(groups, num_resamples=11))
    assert [len(part) for part in parts] == [3, 3, 3, 2]
    assert (np.concatenate(parts) == whole).all()
    assert (np.concatenate(list(resamples(groups, num_resamples=11, seed=1))) != whole).any()


def test_the_interval_of_a_mean_has_the_width_that_theory_gives():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = mean_with_interval(values.tolist())
    low, high = found["interval"]
    assert found["value"] == pytest.approx(values.mean(), abs=ROUNDED)
    assert low < found["value"] < high
    error = values.std() / np.sqrt(400)
    assert 0.9 < (high - low) / (2 * 1.96 * error) < 1.1
    assert mean_with_interval([]) == {"value": None, "interval": None}
    # The same as by counts: both draw the same documents.
    draws = resampled(_mean_of(values), range(400))
    assert interval(draws) == pytest.approx((low, high), abs=ROUNDED)


def test_copies_of_a_document_do_not_narrow_the_interval():
    values = np.random.default_rng(1).normal(0, 1, 30)
    low, high = interval(resampled(_mean_of(values), range(30)))
    copies, groups = np.repeat(values, 9), np.repeat(np.arange(30), 9).tolist()
    assert interval(resampled(_mean_of(copies), groups)) == pytest.approx((low, high))
    apart = interval(resampled(_mean_of(copies), range(270)))
    assert apart[1] - apart[0] < 0.5 * (high - low)


def test_there_is_no_interval_where_most_resamples_have_no_value():
    nan = float("nan")
    assert interval(np.array([nan, 1.0, 2.0])) == pytest.approx((1.025, 1.975))
    assert interval(np.array([nan, nan, 2.0])) is None
    assert interval(np.array([])) is None
