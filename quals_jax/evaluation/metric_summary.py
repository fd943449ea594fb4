"""Means of metrics over many summaries, with bootstrap intervals over documents.

summary = MetricSummary()
summary.add("document a", {"rouge1": 0.4, "quals": None})
summary.figures()      # {"rouge1": {"value": 0.4, "interval": None, "num_rows": 1}, …}
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from quals_jax.evaluation.bootstrap import interval, resamples


class MetricSummary:
    """Collects the numbers of summaries, None where there is none.

    Summaries of one document are resampled together, since they are alike.
    """

    def __init__(self):
        self._documents: list[Hashable] = []
        self._rows: list[Mapping[str, float | None]] = []

    def add(self, document: Hashable, metrics: Mapping[str, float | None]) -> None:
        """Takes the numbers of one summary of a document."""
        self._documents.append(document)
        self._rows.append(metrics)

    def figures(self) -> dict[str, dict[str, Any]]:
        """For each metric the mean over the summaries that have it, their number, the interval.

        The interval is the 95 % percentile bootstrap; None with fewer than two documents.
        """
        keys = list(dict.fromkeys(key for row in self._rows for key in row))
        values_NK = np.array(
            [[np.nan if row.get(key) is None else row[key] for key in keys] for row in self._rows],
            dtype=float,
        ).reshape(len(self._rows), len(keys))
        known_NK = np.isfinite(values_NK)
        intervals = self._intervals(np.where(known_NK, values_NK, 0.0), known_NK)
        figures = {}
        for k, key in enumerate(keys):
            values = values_NK[known_NK[:, k], k]
            mean = _rounded(values.mean()) if len(values) else None
            figures[key] = {"value": mean, "interval": intervals[k], "num_rows": len(values)}
        return figures

    def _intervals(self, values_NK: np.ndarray, known_NK: np.ndarray) -> list[list[float] | None]:
        K = values_NK.shape[1]
        numbers = [
            len({self._documents[row] for row in np.flatnonzero(known_NK[:, k])}) for k in range(K)
        ]
        if max(numbers, default=0) < 2:
            return [None] * K
        with np.errstate(invalid="ignore"):  # a resample without any of a metric's rows is NaN
            means_RK = np.concatenate(
                [
                    (counts_RN @ values_NK) / (counts_RN @ known_NK.astype(float))
                    for counts_RN in resamples(self._documents)
                ]
            )
        found = [interval(means_RK[:, k]) if numbers[k] > 1 else None for k in range(K)]
        return [None if ends is None else [*map(_rounded, ends)] for ends in found]


def _rounded(value: float) -> float:
    return round(float(value), 6)
