"""One score of two systems on the same rows: is the difference more than chance?

    compare_columns(first_N, second_N, documents)["difference"]     # {"value": …, "interval": …}

Rows of one document are drawn, and have their signs changed, together.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quals_jax.evaluation.bootstrap import interval, resampled

_CHUNK = 2**22  # numbers held at a time


@dataclass(frozen=True)
class PairedOptions:
    """Settings of a comparison; rows that differ by no more than `tie_within` are ties."""

    num_resamples: int = 1000
    num_permutations: int = 10_000
    tie_within: float = 1e-4
    seed: int = 0


def compare_columns(
    first_N: np.ndarray,
    second_N: np.ndarray,
    groups: Sequence[Hashable],
    options: PairedOptions | None = None,
) -> dict[str, Any]:
    """Means, the difference (first less second) with its 95 % interval, p, wins, ties, losses.

    NaN is a missing score; rows that lack one of the two are left out and counted. Everything is
    None where no row has both; interval and p are None where fewer than two documents have.
    """
    options = options or PairedOptions()
    has_N = np.isfinite(first_N) & np.isfinite(second_N)
    first, second = first_N[has_N], second_N[has_N]
    difference = first - second
    kept = [group for group, has in zip(groups, has_N, strict=True) if has]
    num_rows, is_several = len(difference), len(set(kept)) > 1
    found = None
    if is_several:
        found = interval(
            resampled(
                lambda counts_RN: counts_RN @ difference / counts_RN.sum(1),
                kept,
                num_resamples=options.num_resamples,
                seed=options.seed,
            )
        )
    return {
        "num_rows": num_rows,
        "num_missing": [int((~np.isfinite(side)).sum()) for side in (first_N, second_N)],
        "means": [float(side.mean()) if num_rows else None for side in (first, second)],
        "difference": {
            "value": float(difference.mean()) if num_rows else None,
            "interval": None if found is None else list(found),
        },
        "p": permutation_p(difference, kept, options) if is_several else None,
        "wins": int((difference > options.tie_within).sum()),
        "ties": int((np.abs(difference) <= options.tie_within).sum()),
        "losses": int((difference < -options.tie_within).sum()),
    }


def permutation_p(
    difference_N: np.ndarray, groups: Sequence[Hashable], options: PairedOptions
) -> float:
    """Two-sided p of the mean difference: how often is it as far from 0 under random signs?

    If the systems were alike, each document could as well have had its summaries the other way
    round. All signs of up to 12 documents are tried, else random ones, the observed one counted
    among them.
    """
    index = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_N = np.array([index[name] for name in groups], int)
    sum_G = np.bincount(group_N, weights=difference_N, minlength=len(index))
    observed = abs(sum_G.sum())
    slack = 1e-12 * np.abs(sum_G).sum()  # sums of the same numbers in another order
    count, total = 0, 0
    for sign_RG in _signs(len(sum_G), options):
        count += int((np.abs(sign_RG @ sum_G) >= observed - slack).sum())
        total += len(sign_RG)
    return count / total


def _signs(num_groups: int, options: PairedOptions):
    if num_groups <= 12:
        bits = np.arange(2**num_groups)[:, None] >> np.arange(num_groups)
        yield 1.0 - 2.0 * (bits & 1)
        return
    rng = np.random.default_rng(options.seed)
    yield np.ones((1, num_groups))
    at_a_time = max(1, _CHUNK // num_groups)
    for start in range(0, options.num_permutations, at_a_time):
        size = min(at_a_time, options.num_permutations - start), num_groups
        yield rng.integers(0, 2, size) * 2.0 - 1.0
