"""A statistic of rows: its value, and the same of resamples of the rows, for an interval.

    statistic = pearson(scores, human)                    # quals_jax.evaluation.correlation
    statistic.value
    figure(lambda: pearson(scores, human), documents)     # {"value": 0.41, "interval": [..]}

Arrays carry their axes: N rows, R resamples. Counts [R, N] say how often a row was drawn.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quals_jax.evaluation.bootstrap import NUM_RESAMPLES, interval, resampled


class UndefinedError(ValueError):
    """The rows do not have the statistic; the message says why."""


@dataclass(frozen=True)
class Statistic:
    """`of_counts` takes counts [R, N] and gives a value [R] per resample, NaN where undefined."""

    value: float
    of_counts: Callable[[np.ndarray], np.ndarray]


def figure(
    compute: Callable[[], Statistic],
    groups: Sequence[Hashable],
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """value and its 95 % bootstrap interval over the groups; or None, None and the reason.

    The interval is None, too, where most resamples do not have the statistic.
    """
    try:
        statistic = compute()
    except UndefinedError as error:
        return {"value": None, "interval": None, "reason": str(error)}
    values = resampled(statistic.of_counts, groups, num_resamples=num_resamples, seed=seed)
    found = interval(values)
    return {"value": statistic.value, "interval": None if found is None else list(found)}


def difference(
    compute: Callable[[], tuple[Statistic, Statistic]],
    groups: Sequence[Hashable],
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """The first less the second statistic of the same rows, with interval and p.

    Paired bootstrap: both are computed on the same resamples. p is two-sided, twice the share of
    resamples on the other side of 0 (with one added to both counts, so that it is never 0).
    """
    try:
        first, second = compute()
    except UndefinedError as error:
        return {"value": None, "interval": None, "p": None, "reason": str(error)}

    def of_counts(counts_RN: np.ndarray) -> np.ndarray:
        return first.of_counts(counts_RN) - second.of_counts(counts_RN)

    values = resampled(of_counts, groups, num_resamples=num_resamples, seed=seed)
    found = interval(values)
    value = first.value - second.value
    if found is None:
        return {"value": value, "interval": None, "p": None}
    values = values[np.isfinite(values)]
    beyond = 1 + min((values <= 0).sum(), (values >= 0).sum())
    p = min(1.0, 2 * beyond / (len(values) + 1))
    return {"value": value, "interval": list(found), "p": float(p)}
