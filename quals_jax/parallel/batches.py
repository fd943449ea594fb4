"""Many rows of uneven size through a function that wants few fixed shapes.

>>> outcomes = run_in_batches(sizes, plan, run)   # one outcome per row, in the order of the rows

Rows of like shape share a batch, so the number of compilations is bounded by the number of
shapes. A batch that does not fit in memory is halved and tried again; a row that does not fit
alone gets a `RowFailure` and its neighbours get their results.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax

Shape = tuple[int, ...]
Outcome = TypeVar("Outcome")

# Steps of about 1.4: at most a third of a bucket is padding, a sixth on average.
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


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

    ``max_rows(shape)`` bounds a batch. The batches depend on ``shapes`` alone, so the same rows
    give the same bits on every run. ``report`` is told how many rows each batch finished.
    """
    groups: dict[Shape, list[int]] = defaultdict(list)
    for index, shape in enumerate(shapes):
        groups[shape].append(index)

    outcomes: list[Any] = [None] * len(shapes)
    for shape in sorted(groups, reverse=True):  # the largest first: memory trouble shows at once
        rows, limit = groups[shape], rows_bucket(10**9, max_rows(shape))
        for start in range(0, len(rows), limit):
            batch = rows[start : start + limit]
            for index, outcome in zip(batch, _run_halving(run, shape, batch), strict=True):
                outcomes[index] = outcome
            report(len(batch))
    return outcomes


def _run_halving(run, shape: Shape, batch: list[int]) -> list[Any]:
    try:
        return run(shape, batch)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error) and "Out of memory" not in str(error):
            raise
        if len(batch) == 1:
            size = " x ".join(map(str, shape))
            return [RowFailure("out_of_memory", f"one row of size {size} does not fit in memory")]
    half = len(batch) // 2
    return _run_halving(run, shape, batch[:half]) + _run_halving(run, shape, batch[half:])
