"""Fixed batch shapes chosen from the lengths of a data set.

XLA compiles once per shape, so a run uses a handful of them, chosen to waste little padding:

>>> shapes = choose_shapes(lengths_of(examples), max_tokens=4096, max_shapes=6)
>>> assignment = assign(lengths_of(examples), shapes)      # index into shapes per example
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

# About this many steps of S, N and T, in multiples of these, make the grid of candidate shapes.
_STEPS, _MULTIPLES = (24, 8, 12), (8, 1, 4)


@dataclasses.dataclass(frozen=True, order=True)
class BatchShape:
    """B sources of S tokens, with N targets of T tokens each."""

    S: int
    N: int
    T: int
    B: int

    @property
    def num_tokens(self) -> int:
        """Tokens of a full batch, padding included."""
        return self.B * (self.S + self.N * self.T)


def lengths_of(examples: Sequence) -> np.ndarray:
    """``[num_examples, 3]``: source tokens, targets, tokens of the longest target."""
    rows = [(len(e.source), len(e.targets), max(map(len, e.targets))) for e in examples]
    return np.asarray(rows, np.int64).reshape(-1, 3)


def choose_shapes(
    lengths: np.ndarray,
    *,
    max_tokens: int,
    max_shapes: int,
    row_multiple: int = 1,
    target_cost: float = 2.0,
) -> list[BatchShape]:
    """At most ``max_shapes`` shapes that hold every example with little padding.

    ``lengths`` is what `lengths_of` gives. ``max_tokens`` bounds B * (S + N * T), except that
    B is at least ``row_multiple``, of which it is a multiple (the number of devices). A padded
    target token counts ``target_cost`` times a padded source token: it passes cross-attention and
    the vocabulary too.
    """
    if len(lengths) == 0:
        raise ValueError("no examples to choose batch shapes from")
    steps_3 = _grid_steps(lengths.max(axis=0))
    # A cell of the grid is held by its upper corner, counted in steps.
    cells_K3, counts_K = np.unique(-(-lengths // steps_3), axis=0, return_counts=True)
    shapes_G3 = _merge(cells_K3, counts_K, steps_3, max_shapes, target_cost)
    shapes_G3 = _refine(shapes_G3, cells_K3, counts_K, steps_3, target_cost) * steps_3
    # The largest shape ends at the longest example: the rest of its last step would be padding.
    longest_3 = -(-lengths.max(axis=0) // _MULTIPLES) * _MULTIPLES
    shapes = set()
    for S, N, T in np.minimum(shapes_G3, longest_3).tolist():
        rows = max_tokens // (S + N * T) // row_multiple * row_multiple
        shapes.add(BatchShape(S, N, T, max(rows, row_multiple)))
    return sorted(shapes)


def assign(lengths: np.ndarray, shapes: Sequence[BatchShape]) -> np.ndarray:
    """For each example the index of the smallest shape that holds it, -1 where none does."""
    chosen = np.full(len(lengths), -1)
    order = sorted(range(len(shapes)), key=lambda i: -(shapes[i].S + 2 * shapes[i].N * shapes[i].T))
    for i in order:
        fits = (lengths <= np.array([shapes[i].S, shapes[i].N, shapes[i].T])).all(axis=1)
        chosen[fits] = i
    return chosen


def _grid_steps(top_3: np.ndarray) -> np.ndarray:
    return np.array(
        [
            -(-int(top) // (num * multiple)) * multiple
            for top, num, multiple in zip(top_3, _STEPS, _MULTIPLES, strict=True)
        ]
    )


def _cost(cells_K3: np.ndarray, steps_3: np.ndarray, target_cost: float) -> np.ndarray:
    sizes_K3 = cells_K3 * steps_3
    return sizes_K3[:, 0] + target_cost * sizes_K3[:, 1] * sizes_K3[:, 2]


def _merge(
    cells_K3: np.ndarray,
    counts_K: np.ndarray,
    steps_3: np.ndarray,
    max_shapes: int,
    target_cost: float,
) -> np.ndarray:
    """Joins the two cells whose union adds the least padding until ``max_shapes`` are left."""
    cells_K3, counts_K = cells_K3.copy(), counts_K.copy()
    K = len(cells_K3)
    alive_K = np.ones(K, bool)

    def added(i: int) -> np.ndarray:
        own_K = _cost(cells_K3, steps_3, target_cost)
        union_K = _cost(np.maximum(cells_K3, cells_K3[i]), steps_3, target_cost)
        added_K = counts_K[i] * (union_K - own_K[i]) + counts_K * (union_K - own_K)
        added_K[i] = np.inf
        return np.where(alive_K, added_K, np.inf)

    added_KK = np.stack([added(i) for i in range(K)])
    nearest_K = added_KK.argmin(axis=1)
    while alive_K.sum() > max_shapes:
        alive = np.flatnonzero(alive_K)
        i = int(alive[added_KK[alive, nearest_K[alive]].argmin()])
        j = int(nearest_K[i])
        cells_K3[i] = np.maximum(cells_K3[i], cells_K3[j])
        counts_K[i] += counts_K[j]
        alive_K[j] = False
        added_KK[j, :] = added_KK[:, j] = np.inf
        added_KK[i, :] = added_KK[:, i] = added(i)
        stale_K = (nearest_K == i) | (nearest_K == j)
        stale_K[i] = True
        nearer_K = added_KK[:, i] < added_KK[np.arange(K), nearest_K]
        nearest_K[nearer_K] = i
        nearest_K[stale_K] = added_KK[stale_K].argmin(axis=1)
    return cells_K3[alive_K]


def _refine(
    shapes_G3: np.ndarray,
    cells_K3: np.ndarray,
    counts_K: np.ndarray,
    steps_3: np.ndarray,
    target_cost: float,
) -> np.ndarray:
    """Moves one edge of one shape at a time while that lowers the padding."""

    def total(candidate_G3: np.ndarray) -> float:
        fits_KG = (cells_K3[:, None] <= candidate_G3[None]).all(axis=2)
        cost_G = _cost(candidate_G3, steps_3, target_cost)
        return float((counts_K * np.where(fits_KG, cost_G[None], np.inf).min(axis=1)).sum())

    best, improved = total(shapes_G3), True
    while improved:
        improved = False
        for g, axis in np.ndindex(shapes_G3.shape):
            for move in (-3, -2, -1, 1, 2, 3):
                candidate_G3 = shapes_G3.copy()
                candidate_G3[g, axis] += move
                if candidate_G3[g, axis] >= 1 and (cost := total(candidate_G3)) < best:
                    shapes_G3, best, improved = candidate_G3, cost, True
    return shapes_G3
