"""The choice of continuations: plain, or by groups that avoid each other's tokens.

fairseq's diverse beam search goes through the groups in order. Group g pays
``strength * n_g(token)`` for a token, where ``n_g`` counts *all* ``2 * beams per group`` candidates
of every earlier group at this step (not only the chosen ones), and the payment stays in the score.

Three facts make this cheap and exact. Only the ``2 * num_beams`` most probable tokens of a
hypothesis can be among its group's candidates: at most ``2m(G - 1)`` distinct tokens carry a
penalty, so ``2m`` of the ``2m(G - 1) + 2m = 2 * num_beams`` best carry none and beat everything
outside. Of these a few are enough wherever all that a group takes from them beats, penalties
included, what the others have without: that can be seen, and holds at nearly every step but the
first. And the sequence over groups is a fixpoint: a guess of all groups' candidates, improved for
all groups at once, is right for the first k groups after k rounds; most steps need two to ten
rounds. That suits accelerators, where 60 small operations in a row cost more than a few large ones;
on a CPU the groups take their turns. Both give the same bits.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int

from quals_jax.decoding.candidates import Candidates, best_candidates
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.rules import Rules

# Enough, with 60 groups, at 97 to 100 of 100 steps of QAGens of 4,000 and of 900 tokens.
_FEW_CANDIDATES = 20


@struct.dataclass
class Choices:
    """Per source the ``C = 2 * num_beams`` best continuations, best of each group first.

    The order is that of fairseq: the first candidates of all groups, then the second ones, ...
    ``totals`` are cumulative scores with penalties, ``scores`` the parts of this token in them,
    ``logp`` its plain log-probability, ``parents`` the hypotheses continued.
    """

    tokens_BC: Int[Array, "b c"]
    parents_BC: Int[Array, "b c"]
    totals_BC: Float[Array, "b c"]
    scores_BC: Float[Array, "b c"]
    logp_BC: Float[Array, "b c"]


def num_candidates(options: BeamSearch) -> int:
    """How many tokens per hypothesis the choice must see to be exact."""
    if options.num_groups == 1 or options.diversity_strength == 0.0:
        return 2 * options.num_beams // options.num_groups
    return 2 * options.num_beams


def best_choices(
    logits_BNV: Float[Array, "b n v"],
    norm_BN: Float[Array, "b n"],
    order_BN: Int[Array, "b n"],
    rules: Rules,
    totals_BN: Float[Array, "b n"],
    active_B: Bool[Array, " b"],
    options: BeamSearch,
) -> Choices:
    """`choose` from as many candidates as it takes to be exact.

    Logits, their normalisers and the rules are in the order of the model's rows; ``order_BN`` is
    the row of each hypothesis.
    """

    def among(num: int) -> tuple[Choices, Array]:
        candidates, bound_BN = best_candidates(logits_BNV, norm_BN, num, rules)
        candidates = jax.tree.map(
            lambda x: jnp.take_along_axis(x, order_BN[..., None], axis=1), candidates
        )
        chosen = choose(candidates, totals_BN, active_B, options, logits_BNV.shape[-1])
        return chosen, jnp.take_along_axis(bound_BN, order_BN, axis=1)

    num = num_candidates(options)
    if num <= _FEW_CANDIDATES:
        return among(num)[0]
    choices, bound_BN = among(_FEW_CANDIDATES)
    certain_B = _certain(choices, bound_BN, totals_BN, options)
    certain = jnp.all(certain_B | ~active_B)
    return jax.lax.cond(certain, lambda: choices, lambda: among(num)[0])


def _certain(
    choices: Choices, bound_BN: Array, totals_BN: Array, options: BeamSearch
) -> Bool[Array, " b"]:
    """Whether a token less probable than ``bound_BN`` could not have been chosen."""
    (B, N), G = totals_BN.shape, options.num_groups
    ranked_BC = choices.scores_BC if N == G else choices.totals_BC
    bound_BN = bound_BN if N == G else bound_BN + totals_BN
    last_BG = ranked_BC.reshape(B, -1, G)[:, -1]
    bound_BG = bound_BN.reshape(B, N // G, G).max(1)
    return jnp.all((last_BG > bound_BG) | (bound_BG == -jnp.inf), axis=1)


def choose(
    candidates: Candidates,
    totals_BN: Float[Array, "b n"],
    active_B: Bool[Array, " b"],
    options: BeamSearch,
    vocab_size: int,
) -> Choices:
    """The best continuations of hypotheses with cumulative scores ``totals_BN``.

    Candidates are tokens below ``vocab_size``. Sources outside ``active_B`` get arbitrary choices
    and cost no extra rounds. Equal scores are taken in the order (plain log-probability
    descending, hypothesis, token).
    """
    B, N, K = candidates.tokens_BNK.shape
    G = options.num_groups
    m = N // G
    tokens_BGM = _by_group(candidates.tokens_BNK, G)
    logp_BGM = _by_group(candidates.logp_BNK, G)
    totals_BGM = jnp.repeat(totals_BN.reshape(B, m, G).swapaxes(1, 2), K, axis=2)

    def pick(logp: Array, totals: Array, counts: Array) -> tuple[Array, Array]:
        """Scores and the places of the best, of any number of groups."""
        scores = logp - options.diversity_strength * counts
        # Alone in its group, a hypothesis needs no total: rounding could only add ties.
        ranked = scores if m == 1 else scores + totals
        return scores, jax.lax.top_k(ranked, 2 * m)[1]

    if G == 1 or options.diversity_strength == 0.0:
        scores_BGM, places_BGR = pick(logp_BGM, totals_BGM, jnp.zeros_like(logp_BGM))
    else:
        scores_BGM, places_BGR = jax.lax.platform_dependent(
            tokens_BGM,
            logp_BGM,
            totals_BGM,
            active_B,
            cpu=functools.partial(pick_in_turn, pick, vocab_size),
            default=functools.partial(pick_by_rounds, pick, 2 * m),
        )

    def chosen(x_BGM: Array) -> Array:
        x_BGR = jnp.take_along_axis(x_BGM, places_BGR, axis=2)
        return x_BGR.swapaxes(1, 2).reshape(B, 2 * N)

    parents_GM = jnp.arange(G)[:, None] + jnp.repeat(jnp.arange(m) * G, K)[None]
    return Choices(
        tokens_BC=chosen(tokens_BGM),
        parents_BC=chosen(jnp.broadcast_to(parents_GM[None], tokens_BGM.shape)),
        totals_BC=chosen(scores_BGM + totals_BGM),
        scores_BC=chosen(scores_BGM),
        logp_BC=chosen(logp_BGM),
    )


def _by_group(x_BNK: Array, G: int) -> Array:
    """``[B, N, K]`` to ``[B, G, m * K]``: hypothesis n belongs to group ``n % G``."""
    B, N, K = x_BNK.shape
    return x_BNK.reshape(B, N // G, G, K).swapaxes(1, 2).reshape(B, G, -1)


Pick = Callable[[Array, Array, Array], tuple[Array, Array]]


def pick_in_turn(
    pick: Pick,
    vocab_size: int,
    tokens_BGM: Array,
    logp_BGM: Array,
    totals_BGM: Array,
    active_B: Array,
) -> tuple[Array, Array]:
    """The picks of group after group, with a table of how often each token was counted."""
    B = tokens_BGM.shape[0]
    rows_B1 = jnp.arange(B)[:, None]

    def turn(counts_BV: Array, group: tuple[Array, Array, Array]):
        tokens_BM, logp_BM, totals_BM = group
        counts_BM = jnp.take_along_axis(counts_BV, tokens_BM, axis=1)
        scores_BM, places_BR = pick(logp_BM, totals_BM, counts_BM)
        picked_BR = jnp.take_along_axis(tokens_BM, places_BR, axis=1)
        return counts_BV.at[rows_B1, picked_BR].add(1.0), (scores_BM, places_BR)

    groups = jax.tree.map(lambda x: x.swapaxes(0, 1), (tokens_BGM, logp_BGM, totals_BGM))
    _, picked = jax.lax.scan(turn, jnp.zeros((B, vocab_size)), groups)
    return jax.tree.map(lambda x: x.swapaxes(0, 1), picked)


def pick_by_rounds(
    pick: Pick,
    num: int,
    tokens_BGM: Array,
    logp_BGM: Array,
    totals_BGM: Array,
    active_B: Array,
) -> tuple[Array, Array]:
    """The fixpoint of ``pick`` under the penalties that its own ``num`` picks per group cause."""
    B, G, _ = tokens_BGM.shape
    # [g, r]: the r-th counted token belongs to a group before g.
    earlier_GR = jnp.repeat(jnp.tri(G, k=-1, dtype=bool), num, axis=1)

    def counts(counted_BGR: Array) -> Array:
        same_BGMR = tokens_BGM[..., None] == counted_BGR.reshape(B, 1, 1, -1)
        return jnp.sum(same_BGMR & earlier_GR[None, :, None], axis=-1, dtype=jnp.float32)

    def improve(carry):
        rounds, _, counted_BGR, _, _ = carry
        scores_BGM, places_BGR = pick(logp_BGM, totals_BGM, counts(counted_BGR))
        new_BGR = jnp.take_along_axis(tokens_BGM, places_BGR, axis=2)
        changed_B = jnp.any(new_BGR != counted_BGR, axis=(1, 2)) & active_B
        return rounds + 1, jnp.any(changed_B), new_BGR, scores_BGM, places_BGR

    nothing_BGR = jnp.full((B, G, num), -1, tokens_BGM.dtype)
    first = improve((jnp.int32(0), True, nothing_BGR, None, None))
    # Round k settles group k, so round G + 1 can change nothing.
    final = jax.lax.while_loop(lambda carry: carry[1] & (carry[0] <= G), improve, first)
    return final[3], final[4]
