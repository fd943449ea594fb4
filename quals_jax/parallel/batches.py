"""Many rows of uneven size through a function that wants few fixed shapes.

>>> outcomes = run_in_batches(sizes, plan, run)   # one outcome per row, in the order of the rows

Rows of like shape share a batch, so the number of compilations is bounded by the number of
shapes. A batch that does not fit in memory is halved and tried again; a row that does not fit
alone gets a `RowFailure` and its neighbours get their results.
"""

import dataclasses
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax

from quals_jax.parallel.heartbeats import progress

Shape = tuple[int, ...]
Outcome = TypeVar("Outcome")

# Steps of about 1.4: at most a third of a bucket is padding, a sixth on average.
LENGTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)

# Compiling a program takes about as long as so many floating-point operations: 5 seconds of two
# CPU cores for a model of a few layers, 10 of an accelerator.
_PROGRAM_FLOPS = {"cpu": 6e10, "gpu": 1e15, "tpu": 1e15}


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
    flops: Callable[[Shape], float],
    run: Callable[[Shape, list[int]], list[Outcome]],
    report: Callable[[int], None] = lambda rows: None,
) -> list[Outcome | RowFailure]:
    """Calls ``run(shape, indices)`` for batches of rows that share a shape.

    ``max_rows(shape)`` bounds a batch, ``flops(shape)`` is the work of one row. Every batch of a
    new size is compiled anew, which for small models takes longer than to run it: rows join a
    larger shape, and a last batch is filled up with rows that it has already, where the padding is
    less work than a program. Indices past the length of a batch's own rows are such fillers. The
    batches depend on ``shapes`` alone, so the same rows give the same bits on every run.
    ``report`` is told how many rows each batch finished.
    """

    def limit_of(shape: Shape) -> int:
        return rows_bucket(10**9, max_rows(shape))

    budget = _PROGRAM_FLOPS.get(jax.default_backend(), 1e15)
    outcomes: list[Any] = [None] * len(shapes)
    groups = _joined(shapes, limit_of, flops, budget)
    for shape in sorted(groups, reverse=True):  # the largest first: memory trouble shows at once
        rows, limit = groups[shape], limit_of(shape)
        for start in range(0, len(rows), limit):
            batch = rows[start : start + limit]
            # A first batch grows little: whoever scores text by text would wait for its fillers.
            size, worth = (limit, budget) if start else (_coarse(len(batch), limit), budget / 10)
            missing = size - len(batch)
            fillers = list(itertools.islice(itertools.cycle(rows), missing))
            if missing * flops(shape) >= worth:
                fillers = []
            done = _run_halving(run, shapes, shape, batch + fillers)[: len(batch)]
            for index, outcome in zip(batch, done, strict=True):
                outcomes[index] = outcome
            report(len(done))
            progress()
    return outcomes


def _coarse(rows: int, limit: int) -> int:
    """The next power of four, at most ``limit``: so that jobs of any size share few programs."""
    size = 1
    while size < rows:
        size *= 4
    return min(size, limit)


def _joined(
    shapes: Sequence[Shape],
    limit_of: Callable[[Shape], int],
    flops: Callable[[Shape], float],
    budget: float,
) -> dict[Shape, list[int]]:
    """The rows of each shape, in order, after those joined another that save work by it."""
    groups: dict[Shape, list[int]] = defaultdict(list)
    for index, shape in enumerate(shapes):
        groups[shape].append(index)

    def work(shape: Shape, num_rows: int) -> float:
        """Of all batches of a shape and of compiling their programs; none for no rows."""
        full, over = divmod(num_rows, limit_of(shape))
        total = full * (limit_of(shape) * flops(shape)) + (budget if full else 0.0)
        if over:
            alone = rows_bucket(over, limit_of(shape)) * flops(shape) + budget
            total += min(alone, limit_of(shape) * flops(shape)) if full else alone
        return total

    for shape in sorted(groups, key=math.prod):  # a shape comes before all that hold it
        num = len(groups[shape])
        best, least = None, work(shape, num)
        for other in groups:
            if other != shape and groups[other] and _holds(other, shape):
                more = work(other, len(groups[other]) + num) - work(other, len(groups[other]))
                if more < least:
                    best, least = other, more
        if best is not None:
            groups[best] += groups[shape]
            groups[shape] = []
    return {shape: sorted(rows) for shape, rows in groups.items() if rows}


def _holds(larger: Shape, shape: Shape) -> bool:
    return all(size >= own for size, own in zip(larger, shape, strict=True))


def _run_halving(run, own_shapes: Sequence[Shape], shape: Shape, batch: list[int]) -> list[Any]:
    try:
        return run(shape, batch)
    except (jax.errors.JaxRuntimeError, ValueError) as error:  # now and then JAX raises the latter
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
