"""Area under the ROC curve: how well a score tells two sorts of summaries apart.

auroc([0.1, 0.3], [0.0, 0.3])     # 0.625: ties count half
"""

from collections.abc import Sequence

import numpy as np


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
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


def auroc_interval(
    positives: Sequence[float],
    negatives: Sequence[float],
    positive_groups: Sequence[str],
    negative_groups: Sequence[str],
    *,
    share: float = 0.95,
    num_resamples: int = 500,
    seed: int = 0,
) -> tuple[float, float]:
    """Bootstrap interval that resamples groups (documents), since their summaries are alike.

    The groups name the document of every score. Resamples without positives or negatives are
    drawn again.
    """
    names = sorted({*positive_groups, *negative_groups})
    index = {name: i for i, name in enumerate(names)}
    high, low = np.asarray(positives, float), np.asarray(negatives, float)
    high_group = np.array([index[name] for name in positive_groups])
    low_group = np.array([index[name] for name in negative_groups])
    rng = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < num_resamples:
        counts = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        some_high, some_low = np.repeat(high, counts[high_group]), np.repeat(low, counts[low_group])
        if len(some_high) and len(some_low):
            values.append(auroc(some_high.tolist(), some_low.tolist()))
    tail = 100 * (1 - share) / 2
    lower, upper = np.percentile(values, [tail, 100 - tail])
    return float(lower), float(upper)
