"""Many rows of uneven size through a function that wants few fixed shapes.

>>> outcomes = run_in_batches(sizes, plan, run)   # one outcome per row, in the order of the rows

Rows of like shape share a batch, so the number of compilations is bounded by the number of
shapes. A batch that does not fit in memory is halved and tried again; a row that does not fit
alone gets a `RowFailure` and its neighbours get their results.
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax

Shape = tuple[int, ...]
Outcome = TypeVar("Outcome")

# Steps of about 1.4: at most a third of a bucket is padding, a sixth on average.
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)

# So many full batches are worth a compiled program of their own; after them a last batch is filled
# up with finished rows, which is at most a fourth more work.
_FULL_BATCHES = 4
# Rows may join a shape with at most so many times the positions of their own.
_MOST_PADDING = 2.5


@dataclasses.dataclass(frozen=True)
class RowFailure:
    """Why one row has no result: a stable ``code`` and a sentence for people."""

    code: str
    message: str


def length_bucket(length: int, limit: int) -> int:
    """The padded length of a sequence of ``length`` tokens, at most ``limit``.

    Raises ValueError when the sequence is longer than ``limit``.
    """
    if length > limit:
        raise ValueError(f"a sequence of {length} tokens does not fit the limit of {limit}")
    return next((size for size in LENGTHS if length <= size <= limit), limit)


def rows_bucket(rows: int, max_rows: int) -> int:
    """The padded number of rows: a power of two, or ``max_rows``, and a multiple of the devices."""
    devices = jax.local_device_count()
    size = devices
    while size < rows:
        size *= 2
    return min(size, max(devices, max_rows // devices * devices))


def run_in_batches(
    shapes: Sequence[Shape],
    max_rows: Callable[[Shape], int],
    run: Callable[[Shape, list[int]], list[Outcome]],
    report: Callable[[int], None] = lambda rows: None,
) -> list[Outcome | RowFailure]:
    """Calls ``run(shape, indices)`` for batches of rows that share a shape.

    ``max_rows(shape)`` bounds a batch. Every batch of a new size is compiled anew, which for small
    models costs more than running it: rows that are few for their shape join a larger shape, and a
    last batch is filled up with rows of the one before. The batches depend on
    ``shapes`` alone, so the same rows give the same bits on every run. ``report`` is told how many
    rows each batch finished.
    """

    def limit_of(shape: Shape) -> int:
        return rows_bucket(10**9, max_rows(shape))

    groups = _joined(shapes, limit_of)
    outcomes: list[Any] = [None] * len(shapes)
    for shape in sorted(groups, reverse=True):  # the largest first: memory trouble shows at once
        rows, limit = groups[shape], limit_of(shape)
        for start in range(0, len(rows), limit):
            first = start
            if len(rows) - start < limit and start >= _FULL_BATCHES * limit:
                first = len(rows) - limit
            batch = rows[first : start + limit]
            done = _run_halving(run, shapes, shape, batch)[start - first :]
            for index, outcome in zip(rows[start : start + limit], done, strict=True):
                outcomes[index] = outcome
            report(len(done))
    return outcomes


def _joined(shapes: Sequence[Shape], limit_of: Callable[[Shape], int]) -> dict[Shape, list[int]]:
    """The rows of each shape, in order; rows that are not worth a program join a larger shape.

    These are all rows of a shape with few full batches, otherwise those over from full batches.
    """
    groups: dict[Shape, list[int]] = defaultdict(list)
    for index, shape in enumerate(shapes):
        groups[shape].append(index)
    for shape in sorted(groups):  # a shape comes before all that hold it
        rows, limit = groups[shape], limit_of(shape)
        over = len(rows) if len(rows) < _FULL_BATCHES * limit else len(rows) % limit
        moved = rows[len(rows) - over :]
        own = {shapes[index] for index in moved}  # some may have joined this shape
        larger = [
            other
            for other in groups
            if other != shape and all(_holds(other, smaller) for smaller in own)
        ]
        if larger and moved:
            groups[min(larger, key=math.prod)] += moved
            del rows[len(rows) - over :]
    return {shape: sorted(rows) for shape, rows in groups.items() if rows}


def _holds(larger: Shape, shape: Shape) -> bool:
    """Whether rows of ``shape`` fit into ``larger`` without much padding."""
    fits = all(size >= own for size, own in zip(larger, shape, strict=True))
    return fits and math.prod(larger) <= _MOST_PADDING * math.prod(shape)


def _run_halving(run, own_shapes: Sequence[Shape], shape: Shape, batch: list[int]) -> list[Any]:
    try:
        return run(shape, batch)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error) and "Out of memory" not in str(error):
            raise
        if len(batch) == 1 and shape == own_shapes[batch[0]]:
            size = " x ".join(map(str, shape))
            return [RowFailure("out_of_memory", f"one row of size {size} does not fit in memory")]
    if len(batch) == 1:
        return _run_halving(run, own_shapes, own_shapes[batch[0]], batch)
    half = len(batch) // 2
    halves = batch[:half], batch[half:]
    return [outcome for some in halves for outcome in _run_halving(run, own_shapes, shape, some)]
