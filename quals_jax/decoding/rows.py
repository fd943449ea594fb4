"""Which rows of the model's state to copy when hypotheses are replaced.

A hypothesis keeps its row for as long as it lives: ``order_BN`` tells in which row the n-th
hypothesis of a source is. Only a hypothesis with several children needs copies, and they go to
the rows of hypotheses without any, so a step in which nothing branches moves nothing.
"""

from typing import TypeVar

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Int

Tree = TypeVar("Tree")

# A step with copies makes at most this many rounds of them.
_MAX_ROUNDS = 16


@struct.dataclass
class Moves:
    """Row copies ``from -> to``; no row is in both lists, places beyond ``num_B`` do nothing."""

    from_BN: Int[Array, "b n"]
    to_BN: Int[Array, "b n"]
    num_B: Int[Array, " b"]


def plan_moves(
    parents_BN: Int[Array, "b n"], order_BN: Int[Array, "b n"]
) -> tuple[Int[Array, "b n"], Moves]:
    """The new ``order_BN`` when hypothesis n continues ``parents_BN[n]``, and the copies for it.

    The first child of a hypothesis inherits its row, the other children get the free rows.
    """
    N = parents_BN.shape[1]
    numbers_N = jnp.arange(N)
    rows_BN = jnp.take_along_axis(order_BN, parents_BN, axis=1)
    same_BNN = rows_BN[:, :, None] == rows_BN[:, None, :]
    extra_BN = jnp.any(same_BNN & (numbers_N[:, None] > numbers_N[None])[None], axis=2)
    used_BN = jnp.any(rows_BN[:, None, :] == numbers_N[None, :, None], axis=2)

    # The i-th extra child goes to the i-th free row.
    extras_BN = positions_of(extra_BN, N)
    to_BN = positions_of(~used_BN, N)
    from_BN = jnp.take_along_axis(rows_BN, extras_BN, axis=1)
    num_B = jnp.sum(extra_BN, axis=1, dtype=jnp.int32)
    rank_BN = jnp.cumsum(extra_BN, axis=1) - 1
    moved_BN = jnp.take_along_axis(to_BN, jnp.maximum(rank_BN, 0), axis=1)
    new_order_BN = jnp.where(extra_BN, moved_BN, rows_BN)

    idle_BN = numbers_N[None] >= num_B[:, None]  # copies the first row onto itself: no change
    first_BN = jnp.broadcast_to(rows_BN[:, :1], idle_BN.shape)
    moves = Moves(jnp.where(idle_BN, first_BN, from_BN), jnp.where(idle_BN, first_BN, to_BN), num_B)
    return new_order_BN, moves


def move_rows(tree: Tree, moves: Moves) -> Tree:
    """Makes the copies in every leaf ``[B * N, ...]``, in place where XLA owns the memory."""
    B, N = moves.from_BN.shape
    if N == 1:  # nothing ever moves
        return tree
    width = -(-N // _MAX_ROUNDS)
    num_rounds = (jnp.max(moves.num_B) + width - 1) // width
    # The last round may reach past the end: repeat the last copy.
    fill = ((0, 0), (0, -N % width))
    first_B1 = jnp.arange(B)[:, None] * N
    from_BN, to_BN = (
        jnp.pad(x + first_B1, fill, mode="edge") for x in (moves.from_BN, moves.to_BN)
    )

    def copy(carry):
        i, tree = carry
        source, target = (
            jax.lax.dynamic_slice_in_dim(x, i * width, width, axis=1).reshape(-1)
            for x in (from_BN, to_BN)
        )
        return i + 1, jax.tree.map(lambda x: x.at[target].set(x[source]), tree)

    return jax.lax.while_loop(lambda carry: carry[0] < num_rounds, copy, (jnp.int32(0), tree))[1]


def positions_of(flags_BC: Bool[Array, "b c"], num: int) -> Int[Array, "b n"]:
    """Where the first ``num`` True entries are; 0 in place of those that do not exist."""
    rank_BC = jnp.cumsum(flags_BC, axis=1) - 1
    is_nth_BNC = flags_BC[:, None] & (rank_BC[:, None] == jnp.arange(num)[None, :, None])
    return jnp.argmax(is_nth_BNC, axis=2)


def to_rows(x_BN: Int[Array, "b n"], order_BN: Int[Array, "b n"]) -> Int[Array, "b n"]:
    """Moves the entry of hypothesis n to its row ``order_BN[n]``."""
    N = x_BN.shape[1]
    holds_BNN = order_BN[:, None] == jnp.arange(N)[None, :, None]
    return jnp.sum(jnp.where(holds_BNN, x_BN[:, None], 0), axis=2)
