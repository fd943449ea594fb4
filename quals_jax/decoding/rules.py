"""What a hypothesis may say next: forced prefixes, minimum and maximum length, blocked n-grams."""

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Int

from quals_jax.decoding.options import BeamSearch, Sampling

FREE = -1  # in place of a forced token: the search chooses


@struct.dataclass
class Rules:
    """What a hypothesis may do next.

    ``forced_BN`` is the only allowed token, or `FREE`; it is exempt from the other rules.
    ``banned_BNT`` are tokens that would repeat an n-gram, `FREE` where there is none.
    """

    pad_id: int = struct.field(pytree_node=False)
    eos_id: int = struct.field(pytree_node=False)
    may_end: Bool[Array, ""]
    forced_BN: Int[Array, "b n"]
    banned_BNT: Int[Array, "b n t"] | None = None


def check_prefix(prefix_BP: Array | None, options: BeamSearch | Sampling) -> None:
    """Raises ValueError when the prefix leaves no room for ``</s>``."""
    if prefix_BP is not None and prefix_BP.shape[1] > options.max_len:
        raise ValueError(
            f"the prefix has {prefix_BP.shape[1]} tokens but max_len is {options.max_len}"
        )


def next_rules(
    position: Array,
    history_BNT: Array | None,
    options: BeamSearch | Sampling,
    prefix_BP: Array | None,
    shape: tuple[int, int],
    pad_id: int,
    eos_id: int,
) -> Rules:
    """What the hypotheses may continue with at this position."""
    forced_B = jnp.full(shape[0], FREE, jnp.int32)
    if prefix_BP is not None and prefix_BP.shape[1]:
        P = prefix_BP.shape[1]
        token_B = jnp.take(prefix_BP, jnp.minimum(position, P - 1), axis=1)
        forced_B = jnp.where((position < P) & (token_B != pad_id), token_B, FREE)
    forced_B = jnp.where(position >= options.max_len, eos_id, forced_B)
    banned_BNT = None
    if history_BNT is not None:
        banned_BNT = repeating_tokens(history_BNT, position + 1, options.no_repeat_ngram_size)
    return Rules(
        pad_id,
        eos_id,
        may_end=position >= options.min_len,
        forced_BN=jnp.broadcast_to(forced_B[:, None], shape),
        banned_BNT=banned_BNT,
    )


def start_history(
    options: BeamSearch | Sampling, shape: tuple[int, int], pad_id: int, eos_id: int
) -> Array | None:
    """The tokens so far (the first ``</s>``), if n-grams are blocked."""
    if not options.no_repeat_ngram_size:
        return None
    return jnp.full((*shape, options.max_len + 2), pad_id, jnp.int32).at[:, :, 0].set(eos_id)


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
