"""Pearson, Spearman and Kendall correlation of scores with what people said.

    pearson(scores, human).value

Values are scipy's. Those of resamples are computed for all resamples at once, as scipy would for
each; a test compares them. Raises UndefinedError where a correlation has no meaning.
"""

from collections.abc import Callable

import numpy as np
import scipy.stats

from quals_jax.evaluation.distinct import Distinct
from quals_jax.evaluation.statistic import Statistic, UndefinedError

_FEWEST_ROWS = 3  # two points always correlate fully
_SIGNS = 2**22  # numbers of a table of pairs held at a time
_TINY = 1e-18  # a variance this far below that of all rows is none


def pearson(score_N: np.ndarray, human_N: np.ndarray) -> Statistic:
    """Pearson's r."""
    check_defined(score_N, human_N)
    score_N, human_N = _standardised(score_N), _standardised(human_N)
    return Statistic(
        float(scipy.stats.pearsonr(score_N, human_N).statistic),
        lambda counts_RN: weighted_pearson(counts_RN, score_N, human_N),
    )


def spearman(score_N: np.ndarray, human_N: np.ndarray) -> Statistic:
    """Spearman's rho: Pearson's r of the ranks, equal values sharing their mean rank."""
    check_defined(score_N, human_N)
    score_ranks, human_ranks = _ranks_of(score_N), _ranks_of(human_N)
    return Statistic(
        float(scipy.stats.spearmanr(score_N, human_N).statistic),
        lambda counts_RN: weighted_pearson(
            counts_RN, score_ranks(counts_RN), human_ranks(counts_RN)
        ),
    )


def kendall(score_N: np.ndarray, human_N: np.ndarray) -> Statistic:
    """Kendall's tau-b, which takes account of equal values."""
    check_defined(score_N, human_N)

    def of_counts(counts_RN: np.ndarray) -> np.ndarray:
        # Copies of a row are pairs that are equal on both sides, as any two equal rows.
        pairs_R = _ordered_pairs(counts_RN, score_N), _ordered_pairs(counts_RN, human_N)
        with np.errstate(invalid="ignore", divide="ignore"):
            return _concordance(counts_RN, score_N, human_N) / np.sqrt(pairs_R[0] * pairs_R[1])

    return Statistic(float(scipy.stats.kendalltau(score_N, human_N).statistic), of_counts)


CORRELATIONS: dict[str, Callable[[np.ndarray, np.ndarray], Statistic]] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
}


def check_defined(score_N: np.ndarray, human_N: np.ndarray) -> None:
    """UndefinedError for fewer than three rows, and where one side is all the same."""
    if len(score_N) < _FEWEST_ROWS:
        rows = "1 row" if len(score_N) == 1 else f"{len(score_N)} rows"
        raise UndefinedError(f"{rows} with a score, at least {_FEWEST_ROWS} needed")
    for name, values_N in (("scores", score_N), ("human judgements", human_N)):
        if np.ptp(values_N) == 0:
            raise UndefinedError(f"all {name} are equal ({values_N[0]:g})")


def weighted_pearson(counts_RN: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's r of rows that are there as often as counted; x and y are [N] or [R, N].

    They are expected to have a variance of about 1 over all rows; NaN where a resample has none.
    """
    total_R1 = counts_RN.sum(1, keepdims=True)
    x_RN = x - (counts_RN * x).sum(1, keepdims=True) / total_R1
    y_RN = y - (counts_RN * y).sum(1, keepdims=True) / total_R1
    weighted_RN = counts_RN * x_RN
    spread_R = (weighted_RN * x_RN).sum(1) * (counts_RN * y_RN * y_RN).sum(1)
    none_R = spread_R <= _TINY * total_R1[:, 0] ** 2
    product_R = (weighted_RN * y_RN).sum(1)
    return np.where(none_R, np.nan, product_R / np.sqrt(np.where(none_R, 1.0, spread_R)))


def _standardised(values_N: np.ndarray) -> np.ndarray:
    centred_N = values_N - values_N.mean()
    return centred_N / np.abs(centred_N).max()


def _ranks_of(values_N: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Mean ranks in every resample, as a share of the rows so that their variance is about 1/12."""
    distinct = Distinct(values_N)

    def ranks(counts_RN: np.ndarray) -> np.ndarray:
        counts_RU = distinct.counts(counts_RN)
        middles_RU = np.cumsum(counts_RU, axis=1) - (counts_RU - 1) / 2
        return middles_RU[:, distinct.place_N] / len(values_N)

    return ranks


def _ordered_pairs(counts_RN: np.ndarray, values_N: np.ndarray) -> np.ndarray:
    """Pairs of rows with different values."""
    counts_RU = Distinct(values_N).counts(counts_RN)
    return (counts_RU.sum(1) ** 2 - (counts_RU**2).sum(1)) / 2


def _concordance(counts_RN: np.ndarray, score_N: np.ndarray, human_N: np.ndarray) -> np.ndarray:
    """Pairs in the same order less pairs in opposite order."""
    sum_R = np.zeros(len(counts_RN))
    num_rows = len(score_N)
    step = max(1, _SIGNS // num_rows)
    # float32 holds these whole numbers exactly: no column sum exceeds the number of rows.
    counts = counts_RN.astype(np.float32)
    for start in range(0, num_rows, step):
        part = slice(start, start + step)
        sign_MN = np.sign(score_N[part, None] - score_N) * np.sign(human_N[part, None] - human_N)
        sum_R += (counts_RN * (counts[:, part] @ sign_MN.astype(np.float32))).sum(1)
    return sum_R / 2
