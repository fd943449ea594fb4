"""Partial correlation: what is left of a correlation when other columns are accounted for.

    partial_pearson(scores, human, overlap_NK).value

A metric that only measures how much a summary copies keeps nothing when the n-gram overlap is
accounted for.
"""

from collections.abc import Sequence

import numpy as np

from quals_jax.evaluation.correlation import check_defined, pearson
from quals_jax.evaluation.statistic import Statistic, UndefinedError

_EXPLAINED = 1e-8  # a remainder this small against the column is rounding


def partial_pearson(score_N: np.ndarray, human_N: np.ndarray, controls_NK: np.ndarray) -> Statistic:
    """Pearson's r of what least squares on the controls leave of both sides.

    Controls may depend on each other. UndefinedError where they explain a side fully.
    """
    check_defined(score_N, human_N)
    columns_ND = np.column_stack([_scaled(score_N), _scaled(human_N), *map(_scaled, controls_NK.T)])
    design = np.column_stack([np.ones(len(score_N)), columns_ND[:, 2:]])
    sides_N2 = columns_ND[:, :2]
    left_N2 = sides_N2 - design @ np.linalg.lstsq(design, sides_N2)[0]
    for side, name in enumerate(("scores", "human judgements")):
        if np.linalg.norm(left_N2[:, side]) < _EXPLAINED * np.linalg.norm(sides_N2[:, side]):
            raise UndefinedError(f"the {name} follow from what is controlled for")
    return Statistic(
        pearson(left_N2[:, 0], left_N2[:, 1]).value,
        lambda counts_RN: _of_counts(counts_RN, columns_ND),
    )


def indicators(names: Sequence[str]) -> np.ndarray:
    """Columns [N, K] of 0 and 1, one per name but the first: to control for a system."""
    others = list(dict.fromkeys(names))[1:]
    return np.array([[name == other for other in others] for name in names], float)


def _of_counts(counts_RN: np.ndarray, columns_ND: np.ndarray) -> np.ndarray:
    """From the covariances of every resample; pinv, for a resample may lack a whole system."""
    total_R1 = counts_RN.sum(1, keepdims=True)
    means_RD = counts_RN @ columns_ND / total_R1
    N, D = columns_ND.shape
    products = (columns_ND[:, :, None] * columns_ND[:, None, :]).reshape(N, D * D)
    raw_RDD = (counts_RN @ products / total_R1).reshape(-1, D, D)
    covariance_RDD = raw_RDD - means_RD[:, :, None] * means_RD[:, None, :]
    sides, cross = covariance_RDD[:, :2, :2], covariance_RDD[:, :2, 2:]
    inverse = np.linalg.pinv(covariance_RDD[:, 2:, 2:], rcond=1e-10, hermitian=True)
    left_R22 = sides - cross @ inverse @ cross.swapaxes(1, 2)
    spread_R2 = np.diagonal(left_R22, axis1=1, axis2=2)
    none_R = (spread_R2 <= _EXPLAINED * np.diagonal(sides, axis1=1, axis2=2)).any(1)
    scale_R = np.sqrt(np.where(none_R, 1.0, spread_R2.prod(1)))
    return np.where(none_R, np.nan, left_R22[:, 0, 1] / scale_R)


def _scaled(values_N: np.ndarray) -> np.ndarray:
    centred_N = values_N - values_N.mean()
    return centred_N / (np.abs(centred_N).max() or 1.0)
