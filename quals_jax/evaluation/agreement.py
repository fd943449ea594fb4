"""Krippendorff's alpha: how far people who judged the same things agree, beyond chance.

    krippendorff_alpha([("yes", "yes", "no"), ("no", "no", None)])       # 0.3333…
    krippendorff_alpha([(1, 2), (3, 3), (2, None)], "ordinal")

1 is full agreement, 0 what chance gives, below 0 systematic disagreement. Follows K. Krippendorff,
"Computing Krippendorff's Alpha-Reliability" (2011): any number of judges, missing judgements,
other judges from item to item.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from quals_jax.evaluation.bootstrap import interval, resampled

# Per item its judgements in any order, None for a missing one.
Items: TypeAlias = "Sequence[Sequence[Hashable | None]]"
# Nominal: judgements are equal or not. Ordinal: they have an order, and nothing but it counts.
Level: TypeAlias = Literal["nominal", "ordinal"]


def krippendorff_alpha(items: Items, level: Level = "nominal") -> float | None:
    """1 - observed / expected disagreement of the judgements of the items.

    Items with fewer than two judgements tell nothing and are left out. None when no item has two,
    or when all judgements are the same: alpha is undefined then, for chance would agree as well.
    Raises TypeError for ordinal judgements that cannot be compared with each other.
    """
    coincidences, values = _coincidences(items, level)
    if not values:
        return None
    (alpha,) = _alphas(coincidences.sum(axis=0, keepdims=True), level)
    return None if np.isnan(alpha) else float(alpha)


def alpha_interval(
    items: Items, level: Level = "nominal", *, num_resamples: int = 1000, seed: int = 0
) -> tuple[float, float] | None:
    """95 % percentile bootstrap interval of Krippendorff's alpha, items drawn with all judgements.

    Resamples in which alpha is undefined are left out; None when that is more than half of them.
    """
    coincidences, _ = _coincidences(items, level)
    if not len(coincidences):
        return None

    def alphas(counts_RN: np.ndarray) -> np.ndarray:
        return _alphas(np.einsum("rn,nvw->rvw", counts_RN, coincidences), level)

    everyone = range(len(coincidences))
    return interval(resampled(alphas, everyone, num_resamples=num_resamples, seed=seed))


def _coincidences(items: Items, level: Level) -> tuple[np.ndarray, list[Any]]:
    """Per item how often each pair of values meets, [items, V, V], and the V values.

    The m (m - 1) ordered pairs of an item with m judgements count 1 / (m - 1) each, so that every
    judgement counts once.
    """
    kept = [[value for value in item if value is not None] for item in items]
    kept = [item for item in kept if len(item) > 1]
    values: list[Any] = list(dict.fromkeys(value for item in kept for value in item))
    if level == "ordinal":
        values.sort()
    place = {value: i for i, value in enumerate(values)}
    counts = np.zeros((len(kept), len(values)))
    for i, item in enumerate(kept):
        for value in item:
            counts[i, place[value]] += 1
    pairs = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(len(values))
    pairs[:, diagonal, diagonal] -= counts
    return pairs / (counts.sum(axis=1) - 1)[:, None, None], values


def _alphas(coincidences: np.ndarray, level: Level) -> np.ndarray:
    """Alpha of each table of coincidences [R, V, V]; NaN where it is undefined."""
    totals = coincidences.sum(axis=1)
    different = _differences(totals, level)
    observed = (coincidences * different).sum(axis=(1, 2))
    expected = np.einsum("rv,rvw,rw->r", totals, different, totals)
    ratio = np.full(len(totals), np.nan)
    np.divide((totals.sum(axis=1) - 1) * observed, expected, out=ratio, where=expected > 0)
    return 1 - ratio


def _differences(totals: np.ndarray, level: Level) -> np.ndarray:
    """Squared differences of the values, [R, V, V]; `totals` [R, V] is how often each was given.

    Ordinal: the judgements that lie between two values, those at its ends by half.
    """
    if level == "nominal":
        num_tables, num_values = totals.shape
        return np.broadcast_to(1.0 - np.eye(num_values), (num_tables, num_values, num_values))
    middles = np.cumsum(totals, axis=1) - totals / 2
    return (middles[:, :, None] - middles[:, None, :]) ** 2
