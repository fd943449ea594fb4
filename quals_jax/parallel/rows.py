"""One function over the rows of a batch, split between the local devices."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, PartitionSpec

from quals_jax.parallel.batches import rows_bucket


def jit_over_rows(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles ``function(params, *rows)`` so that each local device takes its share of the rows.

    The arrays after ``params`` and all results have the rows as their first axis, a multiple of
    the device count. Each device runs on its own, loops included: none waits for another's.
    """
    devices = jax.local_devices()
    if len(devices) == 1:
        return jax.jit(function)
    mesh = jax.make_mesh((len(devices),), ("rows",), axis_types=(AxisType.Auto,), devices=devices)
    replicated, split = PartitionSpec(), PartitionSpec("rows")

    def over_rows(params: Any, *rows: Any) -> Any:
        return jax.shard_map(
            function,
            mesh=mesh,
            in_specs=(replicated, *([split] * len(rows))),
            out_specs=split,
            check_vma=False,
        )(params, *rows)

    return jax.jit(over_rows)


def pad_rows(sequences: list[list[int]], length: int, pad_id: int, max_rows: int) -> np.ndarray:
    """Right-padded token ids ``[rows, length]``; rows are added up to the batch's fixed size.

    Added rows hold padding only.
    """
    ids = np.full((rows_bucket(len(sequences), max_rows), length), pad_id, np.int32)
    for row, sequence in zip(ids, sequences, strict=False):
        row[: len(sequence)] = sequence
    return ids
