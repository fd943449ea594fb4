"""The exact k largest entries of long rows, without sorting the rows."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from quals_jax.models.windows import WINDOW, num_windows, window_maxima

# Widths of the blocks, outer to inner: a vocabulary of 50264 becomes sorts of about 800 entries.
_BLOCKS = (64, 8)
# On CPUs one level of windows, where they are so many that most are never looked into.
_WINDOWS_PER_PLACE = 8


def top_k(x: Float[Array, "*a v"], k: int) -> tuple[Float[Array, "*a k"], Int[Array, "*a k"]]:
    """`jax.lax.top_k`, ties included (lower index first), in the form each platform is fast at.

    XLA sorts whole rows on GPU and TPU when k is large, and on CPUs has a selection routine of one
    thread, so the rows are narrowed first.
    """
    return jax.lax.platform_dependent(
        x, cpu=lambda x: top_k_by_windows(x, k), default=lambda x: top_k_by_blocks(x, k)
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


def top_k_by_windows(
    x: Float[Array, "*a v"], k: int
) -> tuple[Float[Array, "*a k"], Int[Array, "*a k"]]:
    """`top_k_by_blocks` for CPUs: rows are neither padded nor cut, which would copy them.

    Rows of few windows are left to `jax.lax.top_k`.
    """
    V = x.shape[-1]
    if num_windows(V) < _WINDOWS_PER_PLACE * k:
        return tuple(jax.lax.top_k(x, k))
    chosen = jnp.sort(jax.lax.top_k(window_maxima(x), k)[1], axis=-1)[..., None]
    within = jnp.arange(WINDOW, dtype=jnp.int32).reshape(*(1,) * x.ndim, WINDOW)
    indices = (chosen * WINDOW + within).reshape(*x.shape[:-1], k * WINDOW)
    candidates = jnp.take_along_axis(x, jnp.minimum(indices, V - 1), axis=-1)
    values, positions = jax.lax.top_k(jnp.where(indices < V, candidates, -jnp.inf), k)
    return values, jnp.take_along_axis(indices, positions, axis=-1)
