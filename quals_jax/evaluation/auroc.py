"""Area under the ROC curve: how well a score tells two sorts of summaries apart.

auroc([0.1, 0.3], [0.0, 0.3])     # 0.625: ties count half
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from quals_jax.evaluation.bootstrap import interval, resampled
from quals_jax.evaluation.distinct import Distinct
from quals_jax.evaluation.statistic import Statistic, UndefinedError

Floats: TypeAlias = "Sequence[float] | np.ndarray"


def auroc(positives: Floats, negatives: Floats) -> float:
    """Probability that a positive scores above a negative, ties counting half.

    Raises ValueError where one side is empty or a score is not finite.
    """
    high, low = np.asarray(positives, float), np.asarray(negatives, float)
    if not len(high) or not len(low):
        raise ValueError(f"{len(high)} positives and {len(low)} negatives: at least 1 of each")
    if not (np.isfinite(high).all() and np.isfinite(low).all()):
        raise ValueError("a score is NaN or infinite; leave rows without a score out")
    low = np.sort(low)
    below = np.searchsorted(low, high, side="left")
    not_above = np.searchsorted(low, high, side="right")
    return float((below + not_above).mean() / (2 * len(low)))


def auroc_statistic(score_N: np.ndarray, is_high_N: np.ndarray) -> Statistic:
    """The same of rows, some of which (bool) should score high; UndefinedError without both."""
    positives, negatives = score_N[is_high_N], score_N[~is_high_N]
    if not len(positives) or not len(negatives):
        raise UndefinedError(
            f"{len(positives)} consistent and {len(negatives)} inconsistent summaries"
        )
    distinct = Distinct(score_N)

    def of_counts(counts_RN: np.ndarray) -> np.ndarray:
        high_RU, low_RU = (distinct.counts(counts_RN * side) for side in (is_high_N, ~is_high_N))
        below_RU = np.cumsum(low_RU, axis=1) - low_RU / 2
        with np.errstate(invalid="ignore"):
            return (high_RU * below_RU).sum(1) / (high_RU.sum(1) * low_RU.sum(1))

    return Statistic(auroc(positives, negatives), of_counts)


def auroc_interval(
    positives: Sequence[float],
    negatives: Sequence[float],
    positive_groups: Sequence[str],
    negative_groups: Sequence[str],
    *,
    share: float = 0.95,
    num_resamples: int = 500,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Bootstrap interval that resamples groups (documents), since their summaries are alike.

    The groups name the document of every score. Resamples without positives or negatives are
    left out; None where most are.
    """
    groups = [*positive_groups, *negative_groups]
    order = sorted(range(len(groups)), key=groups.__getitem__)
    scores_N = np.array([*positives, *negatives], float)[order]
    is_high_N = (np.arange(len(groups)) < len(positives))[order]
    of_counts = auroc_statistic(scores_N, is_high_N).of_counts
    in_order = [groups[i] for i in order]
    return interval(resampled(of_counts, in_order, num_resamples=num_resamples, seed=seed), share)
