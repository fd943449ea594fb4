"""The most probable next tokens of every hypothesis, under the rules of the search.

Forbidden tokens (``<pad>``, ``</s>`` below the minimum length, repeated n-grams) lose their
probability without the others gaining any: they stay in the normaliser, as in fairseq.
"""

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float, Int

from quals_jax.decoding.rules import FREE, Rules
from quals_jax.decoding.top_k import top_k


@struct.dataclass
class Candidates:
    """Tokens in order of falling log-probability; forbidden ones have -inf and any place."""

    tokens_BNK: Int[Array, "b n k"]
    logp_BNK: Float[Array, "b n k"]


def best_candidates(
    logits_BNV: Float[Array, "b n v"], norm_BN: Float[Array, "b n"], num: int, rules: Rules
) -> tuple[Candidates, Float[Array, "b n"]]:
    """The ``num`` best allowed tokens (or all, in a smaller vocabulary), among two more.

    The second result is a log-probability that no token left out exceeds; -inf where none can
    matter.
    """
    # Two places more instead of a pass over the vocabulary to mask <pad> and </s>.
    num = min(num + 2, logits_BNV.shape[-1])
    values_BNK, tokens_BNK = top_k(_without_banned(logits_BNV, rules), num)
    allowed_BNK = (tokens_BNK != rules.pad_id) & (rules.may_end | (tokens_BNK != rules.eos_id))
    plain_BNK = values_BNK - norm_BN[..., None]
    logp_BNK = jnp.where(allowed_BNK, plain_BNK, -jnp.inf)

    # A forced token stands alone: the other places hold nothing, not even </s>.
    forced_BN1 = rules.forced_BN[..., None]
    chosen_BN1 = jnp.maximum(forced_BN1, 0)
    forced_logp_BN1 = jnp.take_along_axis(logits_BNV, chosen_BN1, axis=-1) - norm_BN[..., None]
    first_K = (jnp.arange(num) == 0)[None, None]
    candidates = Candidates(
        jnp.where(
            forced_BN1 == FREE, tokens_BNK, jnp.where(first_K, chosen_BN1, rules.pad_id)
        ).astype(jnp.int32),
        jnp.where(forced_BN1 == FREE, logp_BNK, jnp.where(first_K, forced_logp_BN1, -jnp.inf)),
    )
    all_kept = num == logits_BNV.shape[-1]
    bound_BN = jnp.where((rules.forced_BN != FREE) | all_kept, -jnp.inf, plain_BNK[..., -1])
    return candidates, bound_BN


def allowed_log_probs(
    logits_BNV: Float[Array, "b n v"], norm_BN: Float[Array, "b n"], rules: Rules
) -> Float[Array, "b n v"]:
    """Log-probabilities of the whole vocabulary, -inf where forbidden."""
    logp_BNV = _without_banned(logits_BNV, rules) - norm_BN[..., None]
    tokens_V = jnp.arange(logits_BNV.shape[-1])[None, None]
    allowed = (tokens_V != rules.pad_id) & (rules.may_end | (tokens_V != rules.eos_id))
    forced_BN1 = rules.forced_BN[..., None]
    allowed = jnp.where(forced_BN1 == FREE, allowed, tokens_V == forced_BN1)
    return jnp.where(allowed, logp_BNV, -jnp.inf)


def _without_banned(logits_BNV: Array, rules: Rules) -> Array:
    logits_BNV = logits_BNV.astype(jnp.float32)
    if rules.banned_BNT is None:
        return logits_BNV
    B, N, V = logits_BNV.shape
    rows = jnp.arange(B)[:, None, None], jnp.arange(N)[None, :, None]
    banned = jnp.where(rules.banned_BNT == FREE, V, rules.banned_BNT)
    return logits_BNV.at[(*rows, banned)].set(-jnp.inf, mode="drop")
