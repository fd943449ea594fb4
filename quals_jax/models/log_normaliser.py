"""What turns logits into log-probabilities."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from quals_jax.models.windows import window_maxima, window_sums


def log_normaliser(logits_V: Float[Array, "*a v"]) -> Float[Array, "*a"]:
    """What to subtract from logits to get log-probabilities, float32; NaN shows here.

    `jax.nn.logsumexp`, on CPUs in the form that is fast there. Without a gradient.
    """
    logits_V = jax.lax.stop_gradient(logits_V.astype(jnp.float32))
    return jax.lax.platform_dependent(
        logits_V, cpu=_by_windows, default=lambda x: jax.nn.logsumexp(x, axis=-1)
    )


def _by_windows(logits_V: Array) -> Array:
    largest = window_maxima(logits_V).max(-1, keepdims=True)
    sums_W = window_sums(jnp.exp(logits_V - largest))
    return largest[..., 0] + jnp.log(sums_W.sum(-1))
