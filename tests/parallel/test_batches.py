"""Batches of few shapes: which rows run together, and that none gets the outcome of another."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from quals_jax.parallel.batches import RowFailure, run_in_batches

PROGRAM = 6e10  # operations that compiling is worth on a CPU


def _run(shapes, max_rows, fits=lambda shape, batch: True, unit=PROGRAM / 100):
    """The outcomes, the batches as (shape, rows) and the reported counts.

    A row is ``unit`` operations per position.
    """
    batches, reported = [], []

    def run(shape, batch):
        if not fits(shape, batch):
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: too much")
        batches.append((shape, batch))
        return [f"row {index}" for index in batch]

    outcomes = run_in_batches(
        shapes, lambda shape: max_rows, lambda shape: unit * math.prod(shape), run, reported.append
    )
    assert sum(reported) == len(shapes)
    return outcomes, batches


def test_rows_join_a_larger_shape_where_the_padding_is_less_work_than_a_program():
    outcomes, batches = _run([(16,), (32,), (16,), (24,), (16,)], max_rows=8, unit=PROGRAM / 900)
    assert batches == [((32,), [0, 1, 2, 3, 4])]
    assert outcomes == [f"row {index}" for index in range(5)]
    # 8 more positions for each of 12 rows are 96 % of a program, of 13 rows 104 %.
    for few in (12, 13):
        shapes = [(16,)] * few + [(24,)]
        _, batches = _run(shapes, max_rows=1)
        assert {shape for shape, _ in batches} == ({(24,)} if few == 12 else {(16,), (24,)})


def test_rows_of_heavy_work_keep_their_shape():
    shapes = [(16,), (32,), (16,), (24,)]
    _, batches = _run(shapes, max_rows=8, unit=PROGRAM)
    assert batches == [((32,), [1]), ((24,), [3]), ((16,), [0, 2])]


def test_rows_never_join_a_shape_that_is_smaller_in_some_way():
    _, batches = _run([(16, 4), (48, 4), (64, 3)], max_rows=8, unit=PROGRAM / 1500)
    assert batches == [((64, 3), [2]), ((48, 4), [0, 1])]


def test_a_last_batch_is_filled_up_where_that_is_less_work_than_a_program():
    outcomes, batches = _run([(16,)] * 6, max_rows=4)
    assert outcomes == [f"row {index}" for index in range(6)]
    assert batches == [((16,), [0, 1, 2, 3]), ((16,), [4, 5, 0, 1])]
    _, batches = _run([(16,)] * 6, max_rows=4, unit=PROGRAM / 16)
    assert batches == [((16,), [0, 1, 2, 3]), ((16,), [4, 5])]


def test_a_first_batch_is_filled_up_to_a_power_of_four_where_that_is_little_work():
    for rows, size in ((1, 1), (3, 4), (5, 16), (17, 30)):
        _, batches = _run([(16,)] * rows, max_rows=30, unit=PROGRAM / 1e5)
        (batch,) = batches
        assert batch[1] == [i % rows for i in range(size)]
    _, batches = _run([(16,)] * 3, max_rows=30)  # one row more would be 16 % of a program
    assert batches == [((16,), [0, 1, 2])]


@pytest.mark.parametrize("own_fits", [True, False])
def test_a_batch_too_large_for_the_memory_is_halved_and_a_row_tried_in_its_own_shape(own_fits):
    def fits(shape, batch):
        return (batch[0] == 1 or (shape == (16,) and own_fits)) and len(batch) == 1

    outcomes, batches = _run([(16,), (24,)], max_rows=4, fits=fits)
    assert outcomes[1] == "row 1"
    if own_fits:
        assert outcomes[0] == "row 0"
        assert batches == [((16,), [0]), ((24,), [1])]
    else:
        assert outcomes[0] == RowFailure(
            "out_of_memory", "one row of size 16 does not fit in memory"
        )


def test_other_errors_are_not_swallowed():
    def run(shape, batch):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        run_in_batches([(16,)], lambda shape: 4, lambda shape: 1.0, run)


def test_what_xla_itself_cannot_allocate_is_halved_down_to_one_row():
    """No stand-in for the error: the process that runs the batches has too little memory."""
    root = Path(__file__).parents[2]
    # One arena of malloc instead of eight per core, which would count as memory in use.
    environment = os.environ | {"PYTHONPATH": str(root), "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [sys.executable, root / "tests/parallel/scarce_memory.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["outcomes"] == [*map(float, range(1, 9)), "out_of_memory"]
    rows_of = {
        width: [rows for rows, shape in found["tried"] if shape == width] for width in (1, 8)
    }
    assert rows_of[8] == [1]
    assert rows_of[1][:2] == [8, 4]
    assert max(rows_of[1][2:]) <= 4
