"""Rows of the model's state follow their hypotheses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.decoding.rows import move_rows, plan_moves, positions_of, to_rows


@pytest.mark.parametrize("num", [1, 4, 7, 37])
def test_after_the_moves_every_hypothesis_finds_the_state_of_its_parent(num):
    @jax.jit
    def follow(parents_BN, order_BN, tree):
        new_order_BN, moves = plan_moves(parents_BN, order_BN)
        moved = move_rows(jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), tree), moves)
        return new_order_BN, moves, jax.tree.map(lambda x, y: x.reshape(y.shape), moved, tree)

    rng = np.random.default_rng(num)
    for width in (1, 2, num):  # few parents with many children to many with few
        parents_BN = rng.integers(0, min(width, num), (3, num))
        order_BN = np.stack([rng.permutation(num) for _ in range(3)])
        tree = {"a": rng.standard_normal((3, num)), "b": rng.standard_normal((3, num, 5, 2))}
        new_order_BN, moves, moved = follow(
            jnp.asarray(parents_BN), jnp.asarray(order_BN), jax.tree.map(jnp.asarray, tree)
        )
        for b in range(3):
            assert sorted(new_order_BN[b].tolist()) == list(range(num))
            before, after = order_BN[b, parents_BN[b]], np.asarray(new_order_BN[b])
            for name in tree:
                np.testing.assert_array_equal(
                    np.asarray(moved[name])[b, after], np.float32(tree[name])[b, before]
                )
        childless_B = [num - len(set(row)) for row in parents_BN.tolist()]
        assert moves.num_B.tolist() == childless_B  # a copy each, and none beyond


def test_hypotheses_that_only_change_places_move_nothing():
    parents_BN = jnp.asarray([[2, 0, 1]])
    order_BN, moves = plan_moves(parents_BN, jnp.asarray([[0, 2, 1]]))
    assert order_BN.tolist() == [[1, 0, 2]]
    assert moves.num_B.tolist() == [0]


def test_entries_are_put_into_the_rows_of_their_hypotheses():
    assert to_rows(jnp.asarray([[5, 6, 7]]), jnp.asarray([[2, 0, 1]])).tolist() == [[6, 7, 5]]


def test_positions_of_true_entries():
    flags_BC = jnp.asarray([[False, True, False, True], [False, False, False, False]])
    assert positions_of(flags_BC, 3).tolist() == [[1, 3, 0], [0, 0, 0]]
