"""Fixed batch shapes chosen from the lengths of a data set.

XLA compiles once per shape, so a run uses a handful of them, chosen to waste little padding:

>>> shapes = choose_shapes(lengths, max_tokens=4096, max_shapes=6)
>>> assignment = assign(lengths, shapes)          # index into shapes per example
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

# About this many steps of S, N and T make the cells that enter the merging, which is cubic in them.
_SOURCE_STEPS, _COUNT_STEPS, _TARGET_STEPS = 12, 6, 6


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
    lengths: np.ndarray, *, max_tokens: int, max_shapes: int, row_multiple: int = 1
) -> list[BatchShape]:
    """At most ``max_shapes`` shapes that hold every example with little padding.

    ``lengths`` is what `lengths_of` gives. ``max_tokens`` bounds B * (S + N * T), except that
    B is at least ``row_multiple``, of which it is a multiple (the number of devices). Starts from
    the cells of a grid over the observed lengths and merges the pair whose union adds the least
    padding until few enough are left.
    """
    if len(lengths) == 0:
        raise ValueError("no examples to choose batch shapes from")
    grid, counts_of = np.unique(_round_up(lengths), axis=0, return_counts=True)
    cells, counts = [tuple(cell) for cell in grid.tolist()], counts_of.tolist()
    added = np.array([_added(cells, counts, i, range(len(cells))) for i in range(len(cells))])
    alive = list(range(len(cells)))
    while len(alive) > max_shapes or _best(added, alive)[0] <= 0:
        if len(alive) == 1:
            break
        _, i, j = _best(added, alive)
        cells[i], counts[i] = _union(cells[i], cells[j]), counts[i] + counts[j]
        alive.remove(j)
        added[i, alive] = added[alive, i] = _added(cells, counts, i, alive)
    shapes = []
    for S, N, T in sorted(cells[i] for i in alive):
        rows = max_tokens // (S + N * T) // row_multiple * row_multiple
        shapes.append(BatchShape(S, N, T, max(rows, row_multiple)))
    return shapes


def assign(lengths: np.ndarray, shapes: Sequence[BatchShape]) -> np.ndarray:
    """For each example the index of the smallest shape that holds it, -1 where none does."""
    chosen = np.full(len(lengths), -1)
    order = sorted(range(len(shapes)), key=lambda i: -(shapes[i].S + shapes[i].N * shapes[i].T))
    for i in order:
        fits = (lengths <= np.array([shapes[i].S, shapes[i].N, shapes[i].T])).all(axis=1)
        chosen[fits] = i
    return chosen


def _round_up(lengths: np.ndarray) -> np.ndarray:
    top = lengths.max(axis=0)
    steps = [
        _step(top[0], _SOURCE_STEPS, 8),
        _step(top[1], _COUNT_STEPS, 1),
        _step(top[2], _TARGET_STEPS, 4),
    ]
    # The largest cell ends at the longest example: rounding further would only add padding.
    return np.minimum(-(-lengths // steps) * steps, -(-top // [8, 1, 4]) * [8, 1, 4])


def _step(top: int, num_steps: int, multiple: int) -> int:
    return -(-top // (num_steps * multiple)) * multiple


def _union(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(max, a, b))


def _cost(cell: tuple[int, ...]) -> int:
    return cell[0] + cell[1] * cell[2]


def _added(cells: list, counts: list[int], i: int, others: Iterable[int]) -> list[float]:
    """Tokens of padding that merging cell i with each of the others adds; inf for itself."""
    own, mine = _cost(cells[i]), counts[i]
    added = []
    for j in others:
        cost = _cost(_union(cells[i], cells[j]))
        more = mine * (cost - own) + counts[j] * (cost - _cost(cells[j]))
        added.append(np.inf if i == j else more)
    return added


def _best(added: np.ndarray, alive: list[int]) -> tuple[float, int, int]:
    sub = added[np.ix_(alive, alive)]
    flat = int(sub.argmin())
    row, column = divmod(flat, len(alive))
    return float(sub[row, column]), alive[row], alive[column]
