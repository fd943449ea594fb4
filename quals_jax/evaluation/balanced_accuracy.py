"""Balanced accuracy of a threshold that was chosen on other rows.

threshold = best_threshold(scores[validation], is_consistent[validation])
balanced_accuracy(scores[~validation], is_consistent[~validation], threshold).value
"""

from collections.abc import Hashable, Sequence

import numpy as np

from quals_jax.evaluation.distinct import Distinct
from quals_jax.evaluation.statistic import Statistic, UndefinedError


def validation_part(groups: Sequence[Hashable], share: float, *, seed: int = 0) -> np.ndarray:
    """Which rows are for choosing the threshold [N]: whole groups, about this share of them."""
    names = list(dict.fromkeys(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    chosen = {names[i] for i in order[: round(share * len(names))]}
    return np.array([name in chosen for name in groups], bool)


def best_threshold(score_N: np.ndarray, is_consistent_N: np.ndarray) -> float:
    """The threshold with the highest balanced accuracy; from it on, a summary is consistent.

    It lies half way between two scores, or is the lowest score; the lowest of equally good ones.
    """
    _check_both(is_consistent_N, "for choosing the threshold")
    distinct = Distinct(score_N)
    is_right_N = is_consistent_N.astype(float)
    right_U, wrong_U = (distinct.counts(side[None])[0] for side in (is_right_N, 1 - is_right_N))
    # Places [U]: everything below this distinct value is called inconsistent.
    wrong_below_U, right_below_U = np.cumsum(wrong_U) - wrong_U, np.cumsum(right_U) - right_U
    accuracy_U = wrong_below_U / wrong_U.sum() + 1 - right_below_U / right_U.sum()
    place = int(np.argmax(np.round(accuracy_U, 12)))
    values_U = distinct.values_U
    return float(values_U[0] if place == 0 else (values_U[place - 1] + values_U[place]) / 2)


def balanced_accuracy(
    score_N: np.ndarray, is_consistent_N: np.ndarray, threshold: float
) -> Statistic:
    """The mean of the shares of consistent and of inconsistent summaries that are told as such."""
    _check_both(is_consistent_N, "to test the threshold on")
    is_told_N = (score_N >= threshold) == is_consistent_N
    sides_2N = np.stack([is_consistent_N, ~is_consistent_N]).astype(float)

    def of_counts(counts_RN: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            told_R2 = (counts_RN * is_told_N) @ sides_2N.T / (counts_RN @ sides_2N.T)
        return told_R2.mean(1)

    return Statistic(float(of_counts(np.ones((1, len(score_N))))[0]), of_counts)


def _check_both(is_consistent_N: np.ndarray, purpose: str) -> None:
    right = int(is_consistent_N.sum())
    if right in (0, len(is_consistent_N)):
        wrong = len(is_consistent_N) - right
        raise UndefinedError(f"{right} consistent and {wrong} inconsistent summaries {purpose}")
