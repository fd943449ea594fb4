"""Sampling: N independent continuations per source, from all tokens, the top k or the top p.

>>> keys_B = sample_keys(jax.random.key(0), record_ids_B)
>>> hypotheses = sample(step, state, Sampling(6, TopK(50), max_len=60), keys_B, valid_B)

``step`` is that of `beam_search`. The draws of a source depend on its key alone, so a sample does
not change with the batch it is drawn in, nor with the number of samples.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from quals_jax.decoding.beam import State, Step
from quals_jax.decoding.candidates import (
    Candidates,
    allowed_log_probs,
    best_candidates,
)
from quals_jax.decoding.hypotheses import Hypotheses, best_first, normalised
from quals_jax.decoding.options import Sampling, TopK, TopP
from quals_jax.decoding.rules import Rules, check_prefix, next_rules, start_history
from quals_jax.models.log_normaliser import log_normaliser

# Uniform numbers in [0, 1) for a position; given which samples are still growing.
Draw = Callable[[Int[Array, ""], Bool[Array, "b n"]], Float[Array, "b n"]]


@struct.dataclass
class _Carry:
    position: Int[Array, ""]
    state: State
    inputs_BN: Int[Array, "b n"]
    history_BNT: Int[Array, "b n t"] | None
    tokens_BNT: Int[Array, "b n t"]
    logp_BNT: Float[Array, "b n t"]
    totals_BN: Float[Array, "b n"]
    lengths_BN: Int[Array, "b n"]  # 0 while a sample grows
    done_B: Bool[Array, " b"]
    finite_B: Bool[Array, " b"]


def sample_keys(key: Key[Array, ""], record_ids_B: Int[Array, " b"]) -> Key[Array, " b"]:
    """A key per source from the ids of the records, wherever they are in a batch."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, record_ids_B)


def sample(
    step: Step,
    state: State,
    options: Sampling,
    keys_B: Key[Array, " b"],
    valid_B: Bool[Array, " b"],
    *,
    prefix_BP: Int[Array, "b p"] | None = None,
    pad_id: int = 1,
    eos_id: int = 2,
) -> Hypotheses:
    """``num_samples`` hypotheses per source, sorted by score; duplicates stay.

    The arguments are those of `beam_search`. Token scores are plain log-probabilities.
    """
    numbers_N = jnp.arange(options.num_samples)
    keys_BN = jax.vmap(lambda key: jax.vmap(jax.random.fold_in, (None, 0))(key, numbers_N))(keys_B)

    def draw(position: Array, _: Array) -> Array:
        def uniform(key: Array) -> Array:
            return jax.random.uniform(jax.random.fold_in(key, position))

        return jax.vmap(jax.vmap(uniform))(keys_BN)

    return sample_by(
        draw, step, state, options, valid_B, prefix_BP=prefix_BP, pad_id=pad_id, eos_id=eos_id
    )


def sample_by(
    draw: Draw,
    step: Step,
    state: State,
    options: Sampling,
    valid_B: Bool[Array, " b"],
    *,
    prefix_BP: Int[Array, "b p"] | None = None,
    pad_id: int = 1,
    eos_id: int = 2,
) -> Hypotheses:
    """`sample` with the source of uniform numbers given."""
    B, N, T = valid_B.shape[0], options.num_samples, options.max_len + 1
    check_prefix(prefix_BP, options)

    def advance(carry: _Carry) -> _Carry:
        history_BNT = carry.history_BNT
        logits_BNV, state = step(carry.inputs_BN, carry.position, carry.state)
        rules = next_rules(carry.position, history_BNT, options, prefix_BP, (B, N), pad_id, eos_id)
        norm_BN = log_normaliser(logits_BNV)
        growing_BN = (carry.lengths_BN == 0) & ~carry.done_B[:, None]
        finite_B = carry.finite_B & ~jnp.any(growing_BN & ~jnp.isfinite(norm_BN), axis=1)
        growing_BN &= finite_B[:, None]

        kept = kept_candidates(logits_BNV, norm_BN, rules, options.filter)
        chosen_BN = invert_cdf(kept.logp_BNK, draw(carry.position, growing_BN))[..., None]
        tokens_BN = jnp.take_along_axis(kept.tokens_BNK, chosen_BN, axis=2)[..., 0]
        logp_BN = jnp.take_along_axis(kept.logp_BNK, chosen_BN, axis=2)[..., 0]
        growing_BN &= logp_BN > -jnp.inf  # a sample that may say nothing never ends
        tokens_BN = jnp.where(growing_BN, tokens_BN, pad_id)
        logp_BN = jnp.where(growing_BN, logp_BN, 0.0)
        ends_BN = growing_BN & (tokens_BN == eos_id)

        def put(x_BNT: Array, x_BN: Array, position: Array) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(x_BNT, x_BN[..., None], position, axis=2)

        if history_BNT is not None:
            history_BNT = put(history_BNT, tokens_BN, carry.position + 1)
        return _Carry(
            position=carry.position + 1,
            state=state,
            inputs_BN=tokens_BN,
            history_BNT=history_BNT,
            tokens_BNT=put(carry.tokens_BNT, tokens_BN, carry.position),
            logp_BNT=put(carry.logp_BNT, logp_BN, carry.position),
            totals_BN=carry.totals_BN + logp_BN,
            lengths_BN=jnp.where(ends_BN, carry.position + 1, carry.lengths_BN),
            done_B=carry.done_B | ~jnp.any(growing_BN & ~ends_BN, axis=1),
            finite_B=finite_B,
        )

    def unfinished(carry: _Carry) -> Array:
        return (carry.position <= options.max_len) & jnp.any(~carry.done_B)

    start = _Carry(
        position=jnp.int32(0),
        state=state,
        inputs_BN=jnp.full((B, N), eos_id, jnp.int32),
        history_BNT=start_history(options, (B, N), pad_id, eos_id),
        tokens_BNT=jnp.full((B, N, T), pad_id, jnp.int32),
        logp_BNT=jnp.zeros((B, N, T)),
        totals_BN=jnp.zeros((B, N)),
        lengths_BN=jnp.zeros((B, N), jnp.int32),
        done_B=~valid_B,
        finite_B=jnp.ones(B, bool),
    )
    return _collect(jax.lax.while_loop(unfinished, advance, start), options, pad_id)


def kept_candidates(
    logits_BNV: Float[Array, "b n v"],
    norm_BN: Float[Array, "b n"],
    rules: Rules,
    keep: TopK | TopP | None,
) -> Candidates:
    """The tokens to draw from; those left out have log-probability -inf.

    The tokens are in order of falling probability, without a filter in the order of their ids.
    """
    if isinstance(keep, TopK):
        best, _ = best_candidates(logits_BNV, norm_BN, keep.k, rules)
        possible_BNK = best.logp_BNK > -jnp.inf
        within_BNK = jnp.cumsum(possible_BNK, axis=-1) <= keep.k
        return Candidates(best.tokens_BNK, jnp.where(within_BNK, best.logp_BNK, -jnp.inf))
    logp_BNV = allowed_log_probs(logits_BNV, norm_BN, rules)
    ids_V = jnp.arange(logp_BNV.shape[-1], dtype=jnp.int32)
    ids_BNV = jnp.broadcast_to(ids_V[None, None], logp_BNV.shape)
    if keep is None:
        return Candidates(ids_BNV, logp_BNV)
    minus_BNV, ids_BNV = jax.lax.sort((-logp_BNV, ids_BNV), num_keys=1)
    # All tokens before the one whose cumulative probability reaches p, and that one.
    below_BNV = jnp.cumsum(jnp.exp(-minus_BNV), axis=-1) < keep.p
    num_below_BN1 = jnp.sum(below_BNV, axis=-1, keepdims=True)
    return Candidates(ids_BNV, jnp.where(ids_V[None, None] <= num_below_BN1, -minus_BNV, -jnp.inf))


def invert_cdf(logp_BNK: Float[Array, "b n k"], uniform_BN: Float[Array, "b n"]) -> Array:
    """The place at which the cumulative probability, scaled to end at 1, exceeds ``uniform_BN``.

    Never a place of probability 0, unless all are.
    """
    cumulative_BNK = jnp.cumsum(jnp.exp(logp_BNK), axis=-1)
    target_BN1 = (uniform_BN * cumulative_BNK[..., -1])[..., None]
    place_BN = jnp.sum(cumulative_BNK <= target_BN1, axis=-1)
    places_K = jnp.arange(logp_BNK.shape[-1])[None, None]
    last_BN = jnp.max(jnp.where(logp_BNK > -jnp.inf, places_K, 0), axis=-1)
    return jnp.minimum(place_BN, last_BN)


def _collect(carry: _Carry, options: Sampling, pad_id: int) -> Hypotheses:
    ended_BN = carry.lengths_BN > 0  # the others broke off: leave no trace of them
    logp_BNT = jnp.where(ended_BN[..., None], carry.logp_BNT, 0.0)
    return best_first(
        Hypotheses(
            tokens_BNT=jnp.where(ended_BN[..., None], carry.tokens_BNT, pad_id),
            lengths_BN=carry.lengths_BN,
            scores_BN=normalised(
                carry.totals_BN, carry.lengths_BN, options.max_len, options.length_penalty
            ),
            totals_BN=jnp.where(ended_BN, carry.totals_BN, -jnp.inf),
            token_scores_BNT=logp_BNT,
            logp_BNT=logp_BNT,
            finite_B=carry.finite_B,
        )
    )
