"""Batches of few shapes: which rows run together, and that none gets the outcome of another."""

import jax
import pytest

from quals_jax.parallel.batches import RowFailure, run_in_batches


def _run(shapes, max_rows, fits=lambda shape, batch: True):
    """The outcomes, the batches as (shape, rows) and the reported counts."""
    batches, reported = [], []

    def run(shape, batch):
        if not fits(shape, batch):
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: too much")
        batches.append((shape, batch))
        return [f"row {index}" for index in batch]

    outcomes = run_in_batches(shapes, lambda shape: max_rows, run, reported.append)
    assert sum(reported) == len(shapes)
    return outcomes, batches


def test_many_full_batches_keep_their_shape_and_the_rows_over_join_the_next_larger_one():
    shapes = [(16,)] * 9 + [(24,)]
    outcomes, batches = _run(shapes, max_rows=2)
    assert outcomes == [f"row {index}" for index in range(10)]
    # Nine rows of 16: four batches, and one row goes to the row of 24.
    assert batches[0] == ((24,), [8, 9])
    assert batches[1:] == [((16,), [i, i + 1]) for i in range(0, 8, 2)]


def test_a_shape_of_few_rows_joins_the_next_larger_one_and_those_go_on_together():
    _, batches = _run([(16,), (32,), (16,), (24,), (16,)], max_rows=8)
    assert batches == [((32,), [0, 1, 2, 3, 4])]
    _, batches = _run([(16,)] * 4 + [(24,)] * 2, max_rows=2)  # full batches, but few
    assert [shape for shape, _ in batches] == [(24,)] * 3


def test_rows_that_joined_a_shape_are_not_carried_to_one_that_is_mostly_padding_for_them():
    shapes = [(16,), (32,), (64,)]
    _, batches = _run(shapes, max_rows=8)
    assert batches == [((64,), [2]), ((32,), [0, 1])]


def test_rows_do_not_join_a_shape_that_would_be_mostly_padding_or_is_smaller_in_some_way():
    _, batches = _run([(16, 4), (48, 4), (24, 3)], max_rows=8)
    assert batches == [((48, 4), [1]), ((24, 3), [2]), ((16, 4), [0])]


def test_a_last_batch_is_filled_up_once_there_are_enough_full_ones():
    outcomes, batches = _run([(16,)] * 9, max_rows=2)
    assert outcomes == [f"row {index}" for index in range(9)]
    assert [batch for _, batch in batches] == [[0, 1], [2, 3], [4, 5], [6, 7], [7, 8]]
    _, batches = _run([(16,)] * 7, max_rows=2)
    assert batches[-1] == ((16,), [6])


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
        run_in_batches([(16,)], lambda shape: 4, run)
