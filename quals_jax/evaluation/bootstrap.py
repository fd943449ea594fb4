"""Percentile bootstrap intervals over documents.

    mean_with_interval([0.2, 0.4])                  # {"value": 0.3, "interval": [0.2, 0.4]}
    for counts_RN in resamples(groups):             # how often each row is in each resample
        ...

Rows of one document are drawn together, since they are alike.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

NUM_RESAMPLES = 1000
_CHUNK = 2**22  # numbers held at a time


def mean_with_interval(values: Sequence[float], *, seed: int = 0) -> dict[str, Any]:
    """The mean and its 95 % percentile bootstrap interval over documents, one value each."""
    if not values:
        return {"value": None, "interval": None}
    array = np.asarray(values, float)
    rng = np.random.default_rng(seed)
    # One resample at a time: thousands of documents times 1,000 resamples would fill the memory.
    means = [array[rng.integers(len(array), size=len(array))].mean() for _ in range(NUM_RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {"value": _rounded(array.mean()), "interval": [_rounded(low), _rounded(high)]}


def resamples(
    groups: Sequence[Hashable], *, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> Iterator[np.ndarray]:
    """Counts [R, N] of the N rows in resamples of their groups, R of them at a time.

    A row is there as often as its group was drawn. The same groups and seed give the same
    resamples, so that two scores can be compared on them.
    """
    index = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_N = np.array([index[name] for name in groups], int)
    rng = np.random.default_rng(seed)
    at_a_time = max(1, _CHUNK // max(len(groups), 1))
    for start in range(0, num_resamples, at_a_time):
        drawn = [
            np.bincount(rng.integers(len(index), size=len(index)), minlength=len(index))
            for _ in range(min(at_a_time, num_resamples - start))
        ]
        yield np.stack(drawn)[:, group_N].astype(float)


def resampled(
    statistic: Callable[[np.ndarray], np.ndarray],
    groups: Sequence[Hashable],
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """The statistic of every resample [num_resamples]; NaN where a resample has none.

    `statistic` takes counts [R, N] and gives [R].
    """
    chunks = resamples(groups, num_resamples=num_resamples, seed=seed)
    return np.concatenate([statistic(counts_RN) for counts_RN in chunks])


def interval(values: np.ndarray, share: float = 0.95) -> tuple[float, float] | None:
    """Percentiles that hold this share of the finite values; None where fewer than half are."""
    finite = values[np.isfinite(values)]
    if 2 * len(finite) < len(values) or not len(finite):
        return None
    tail = 100 * (1 - share) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return float(low), float(high)


def _rounded(value: float) -> float:
    return round(float(value), 6)
