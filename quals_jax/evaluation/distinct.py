"""How often each distinct value of a column is in resamples of the rows."""

import numpy as np


class Distinct:
    """The distinct values of a column in rising order, and how often each is in a resample."""

    def __init__(self, values_N: np.ndarray):
        self.values_U, self.place_N = np.unique(values_N, return_inverse=True)
        self._order = np.argsort(self.place_N, kind="stable")
        self._starts = np.searchsorted(self.place_N[self._order], np.arange(len(self.values_U)))

    def counts(self, counts_RN: np.ndarray) -> np.ndarray:
        """How often every distinct value is there, [R, U]."""
        return np.add.reduceat(counts_RN[:, self._order], self._starts, axis=1)
