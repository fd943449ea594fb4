"""Resamples for tests: counts, and the rows that they stand for."""

import numpy as np


def drawn_counts(num_rows: int, num_resamples: int = 13, seed: int = 5) -> np.ndarray:
    """Counts [R, N] of rows drawn with replacement."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(num_rows, size=(num_resamples, num_rows))
    return np.stack([np.bincount(row, minlength=num_rows) for row in draws]).astype(float)


def repeated(counts_N: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """The columns with every row as often as counted."""
    return [np.repeat(column, counts_N.astype(int), axis=0) for column in columns]
