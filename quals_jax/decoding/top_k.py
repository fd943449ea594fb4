"""The exact k largest entries of long rows, without sorting the rows."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

# Widths of the blocks, outer to inner: a vocabulary of 50264 becomes sorts of about 800 entries.
_BLOCKS = (64, 8)


def top_k(x: Float[Array, "*a v"], k: int) -> tuple[Float[Array, "*a k"], Int[Array, "*a k"]]:
    """`jax.lax.top_k`, ties included (lower index first), in the form each platform is fast at.

    XLA's CPU back end has a selection routine; on GPU and TPU it sorts whole rows when k is large,
    so there the rows are narrowed first.
    """
    return jax.lax.platform_dependent(
        x, cpu=lambda x: tuple(jax.lax.top_k(x, k)), default=lambda x: top_k_by_blocks(x, k)
    )


def top_k_by_blocks(
    x: Float[Array, "*a v"], k: int
) -> tuple[Float[Array, "*a k"], Int[Array, "*a k"]]:
    """`jax.lax.top_k` by way of block maxima.

    The k largest entries lie in the k blocks that come first by (maximum descending, position
    ascending): were one outside them, each of these k blocks would hold an entry before it.
    """
    indices = jnp.broadcast_to(jnp.arange(x.shape[-1], dtype=jnp.int32), x.shape)
    for size in _BLOCKS:
        num_blocks = -(-x.shape[-1] // size)
        if num_blocks <= k:
            continue
        padding = num_blocks * size - x.shape[-1]
        widths = [(0, 0)] * (x.ndim - 1) + [(0, padding)]
        x = jnp.pad(x, widths, constant_values=-jnp.inf).reshape(*x.shape[:-1], num_blocks, size)
        indices = jnp.pad(indices, widths).reshape(x.shape)
        _, blocks = jax.lax.top_k(x.max(-1), k)
        blocks = jnp.sort(blocks, axis=-1)[..., None]  # ascending again, for the order of ties
        flat = (*x.shape[:-2], k * size)
        x = jnp.take_along_axis(x, blocks, axis=-2).reshape(flat)
        indices = jnp.take_along_axis(indices, blocks, axis=-2).reshape(flat)
    values, positions = jax.lax.top_k(x, k)
    return values, jnp.take_along_axis(indices, positions, axis=-1)
