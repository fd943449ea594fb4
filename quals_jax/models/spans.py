"""The best answer span that the logits of a text allow."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def best_spans(
    start_BS: Float[Array, "b s"],
    end_BS: Float[Array, "b s"],
    allowed_BS: Bool[Array, "b s"],
    max_tokens: int,
) -> tuple[Float[Array, " b"], Int[Array, " b"], Int[Array, " b"]]:
    """Score, first and last position of the best span of at most ``max_tokens`` tokens.

    The score is ``start + end``; all tokens of a span are allowed ones (they lie side by side). Of
    equal spans the shortest wins, then the first. Without an allowed token the score is finfo.min.
    """
    S = start_BS.shape[1]
    low = jnp.finfo(jnp.float32).min
    start_BS = jnp.where(allowed_BS, start_BS, low / 4)
    end_BS = jnp.where(allowed_BS, end_BS, low / 4)

    def longer(carry, extra):
        best_B, first_B, last_B = carry
        ends_BS = jnp.roll(end_BS, -extra, axis=1)
        fits_S = jnp.arange(S) + extra < S
        score_BS = jnp.where(fits_S[None], start_BS + ends_BS, low)
        at_B = score_BS.argmax(axis=1)
        score_B = score_BS.max(axis=1)
        better_B = score_B > best_B
        return (
            jnp.where(better_B, score_B, best_B),
            jnp.where(better_B, at_B, first_B),
            jnp.where(better_B, at_B + extra, last_B),
        ), None

    zeros_B = jnp.zeros(start_BS.shape[0], jnp.int32)
    first = (jnp.full(start_BS.shape[0], low), zeros_B, zeros_B)
    return jax.lax.scan(longer, first, jnp.arange(max_tokens))[0]
