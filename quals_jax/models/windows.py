"""Long rows in windows of a few entries, as CPUs go through a vocabulary.

XLA's reductions and selections of a whole row wait for one entry after the other there; those of
windows do not wait for each other.
"""

import jax
from jaxtyping import Array, Float

WINDOW = 32


def window_sums(x: Float[Array, "*a v"]) -> Float[Array, "*a w"]:
    """The sums of `WINDOW` entries at a time; the last window may have fewer."""
    return _reduced(x, 0.0, jax.lax.add)


def window_maxima(x: Float[Array, "*a v"]) -> Float[Array, "*a w"]:
    """The maxima of `WINDOW` entries at a time; the last window may have fewer."""
    return _reduced(x, -float("inf"), jax.lax.max)


def num_windows(num_entries: int) -> int:
    """How many windows hold so many entries."""
    return -(-num_entries // WINDOW)


def _reduced(x: Array, start: float, reduce) -> Array:
    # Rows are neither padded nor reshaped, which would copy them.
    size = (1,) * (x.ndim - 1) + (WINDOW,)
    missing = num_windows(x.shape[-1]) * WINDOW - x.shape[-1]
    padding = [(0, 0)] * (x.ndim - 1) + [(0, missing)]
    return jax.lax.reduce_window(x, start, reduce, size, size, padding)
