"""Means and intervals of metrics with gaps."""

import numpy as np
import pytest
import scipy.stats

from quals_jax.evaluation.metric_summary import MetricSummary


def figures(*rows):
    summary = MetricSummary()
    for document, metrics in rows:
        summary.add(document, metrics)
    return summary.figures()


def test_the_mean_is_over_the_summaries_that_have_the_number():
    found = figures(("a", {"x": 4.0, "y": None}), ("b", {"x": None}), ("c", {"x": 2.0, "y": None}))
    # Of three documents drawn, those without the number leave the mean of the others alone.
    assert found["x"] == {"value": 3.0, "interval": [2.0, 4.0], "num_rows": 2}
    assert found["y"] == {"value": None, "interval": None, "num_rows": 0}


def test_nothing_comes_to_nothing():
    assert figures() == {}


def test_one_document_has_no_interval():
    found = figures(
        ("a", {"x": 0.25, "z": 1.0}), ("a", {"x": 0.75, "z": 1.0}), ("b", {"x": None, "z": 1.0})
    )
    assert found["x"] == {"value": 0.5, "interval": None, "num_rows": 2}
    assert found["z"] == {"value": 1.0, "interval": [1.0, 1.0], "num_rows": 3}


def test_the_interval_is_scipys_percentile_bootstrap():
    values = np.random.default_rng(3).gamma(2.0, size=120)
    found = figures(*((i, {"x": value}) for i, value in enumerate(values)))["x"]
    wanted = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    width = wanted.high - wanted.low
    assert found["interval"] == pytest.approx([wanted.low, wanted.high], abs=0.1 * width)
    assert found["value"] == pytest.approx(values.mean(), abs=1e-6)


def test_summaries_of_one_document_are_drawn_together():
    """Four copies of every value: no more is known than from one of each."""
    values = np.random.default_rng(4).normal(size=40)
    one = figures(*((i, {"x": value}) for i, value in enumerate(values)))["x"]
    four = figures(*((i, {"x": value}) for i, value in enumerate(values) for _ in range(4)))["x"]
    assert four == one | {"num_rows": 160}
    apart = figures(*((i, {"x": value}) for i, value in enumerate(np.repeat(values, 4))))["x"]
    assert np.ptp(apart["interval"]) < 0.7 * np.ptp(one["interval"])
