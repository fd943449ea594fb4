"""Which tokens would repeat an n-gram."""

import jax.numpy as jnp
from jaxtyping import Array, Int

from quals_jax.decoding.candidates import FREE


def repeating_tokens(
    history_BNT: Int[Array, "b n t"], length: Int[Array, ""], size: int
) -> Int[Array, "b n t"]:
    """Tokens that would complete an n-gram of ``size`` tokens seen before, else `FREE`.

    ``history_BNT`` starts with the first decoder input ``</s>``, which takes part in n-grams, and
    holds ``length`` tokens.
    """
    T = history_BNT.shape[-1]
    before = size - 1
    positions_T = jnp.arange(T)
    # matches[t]: the n - 1 tokens before position t are the last n - 1 tokens of the history.
    matches_BNT = jnp.broadcast_to(
        ((positions_T >= before) & (positions_T < length))[None, None], history_BNT.shape
    )
    for back in range(1, size):
        last = jnp.take(history_BNT, jnp.maximum(length - back, 0)[None], axis=2)
        matches_BNT &= jnp.roll(history_BNT, back, axis=2) == last
    return jnp.where(matches_BNT, history_BNT, FREE)
