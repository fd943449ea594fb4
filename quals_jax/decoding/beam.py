"""Beam search and diverse beam search, exactly as fairseq orders and scores them.

>>> hypotheses = beam_search(step, state, BeamSearch(num_beams=4, max_len=140), valid_B)

The search knows no model: ``step(tokens_BN, position, state) -> (logits_BNV, state)`` gives the
scores of the next token for N hypotheses of each of B sources; leaves of ``state`` are
``[B * N, ...]`` and belong to hypotheses (those of the first source first), while what belongs to a
source lives in the closure. The first call gets ``</s>`` at position 0. Call it under ``jax.jit``:
it is one ``while_loop``, in a large search followed by others (`Later`).

fairseq's rules. A hypothesis ends when ``</s>`` is among the first N of the 2N candidates of its
source; it does not shrink the beam: the first N candidates that are not ``</s>`` go on, so that
the survivors move up and change groups. A source is done when N hypotheses have ended, without
comparison to unfinished ones. At ``max_len`` tokens ``</s>`` is forced.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int

from quals_jax.decoding.groups import Choices, best_choices
from quals_jax.decoding.hypotheses import Hypotheses, best_first, normalised
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.rows import move_rows, plan_moves, positions_of, to_rows
from quals_jax.decoding.rules import check_prefix, next_rules, start_history
from quals_jax.models.log_normaliser import log_normaliser

State = Any
Step = Callable[[Array, Array, State], tuple[Array, State]]


@dataclasses.dataclass(frozen=True)
class Later:
    """How a large search goes on from some step, a few sources at a time.

    That is from ``position`` on, or as soon as no more than ``num_sources`` are unfinished, so that
    the others need not wait for them. ``start(rows_R, state)`` gives the step for these R =
    ``num_sources`` sources, and their state with room for all tokens: until then it needs room for
    ``position`` tokens only. It is a second program, which for a small search takes longer to
    compile than it saves.
    """

    position: int
    num_sources: int
    start: Callable[[Array, State], tuple[Step, State]]


@struct.dataclass
class _Links:
    """What each step appended to which hypothesis of the step before; T steps."""

    tokens_TBN: Int[Array, "t b n"]
    parents_TBN: Int[Array, "t b n"]
    scores_TBN: Float[Array, "t b n"]
    logp_TBN: Float[Array, "t b n"]


@struct.dataclass
class _Ended:
    """Finished hypotheses in order of their end: the parent and the final ``</s>``."""

    lengths_BN: Int[Array, "b n"]
    parents_BN: Int[Array, "b n"]
    totals_BN: Float[Array, "b n"]
    scores_BN: Float[Array, "b n"]
    logp_BN: Float[Array, "b n"]
    num_B: Int[Array, " b"]


@struct.dataclass
class _Carry:
    """The loop's state; row order for what the model sees, hypothesis order for the rest."""

    position: Int[Array, ""]
    rows: tuple[State, Array | None]  # the model's state; the tokens so far, if n-grams need them
    tokens_BN: Int[Array, "b n"]  # next decoder inputs, in row order
    order_BN: Int[Array, "b n"]  # hypothesis -> row
    totals_BN: Float[Array, "b n"]
    links: _Links
    ended: _Ended
    done_B: Bool[Array, " b"]
    finite_B: Bool[Array, " b"]


# What a search leaves: links, ended hypotheses, and which sources had finite logits.
_Found = tuple[_Links, _Ended, Array]


def beam_search(
    step: Step,
    state: State,
    options: BeamSearch,
    valid_B: Bool[Array, " b"],
    *,
    prefix_BP: Int[Array, "b p"] | None = None,
    later: Later | None = None,
    pad_id: int = 1,
    eos_id: int = 2,
) -> Hypotheses:
    """The ``num_beams`` hypotheses of every source that end first, best first.

    ``valid_B`` is False for rows that only fill the batch: they get no hypotheses and never keep
    the loop running. ``prefix_BP`` forces the first tokens, ``pad_id`` ends a shorter prefix; its
    scores are part of the hypothesis. ``later`` changes nothing but the time it takes.

    Differs from fairseq: forced tokens are exempt from n-gram blocking and the minimum length, and
    a hypothesis of probability 0 never ends.
    """
    check_prefix(prefix_BP, options)
    carry = _start(state, options, valid_B, pad_id, eos_id)
    end = options.max_len + 1
    if later is None:
        carry = _search_on(carry, step, options, prefix_BP, pad_id, eos_id, end)
    else:
        end = min(later.position, end)
        leave = later.num_sources if later.num_sources < valid_B.shape[0] else 0
        carry = _search_on(carry, step, options, prefix_BP, pad_id, eos_id, end, leave)
        carry = _search_later(carry, later, options, prefix_BP, pad_id, eos_id)
    return _collect(carry, options, pad_id, eos_id)


def _search_on(
    carry: _Carry,
    step: Step,
    options: BeamSearch,
    prefix_BP: Array | None,
    pad_id: int,
    eos_id: int,
    end: int,
    leave: int = 0,
) -> _Carry:
    """Steps below position ``end`` until no more than ``leave`` sources are unfinished."""

    def unfinished(carry: _Carry) -> Array:
        return (carry.position < end) & (jnp.sum(~carry.done_B) > leave)

    def advance(carry: _Carry) -> _Carry:
        return _advance(carry, step, options, prefix_BP, pad_id, eos_id)

    return jax.lax.while_loop(unfinished, advance, carry)


def _search_later(
    carry: _Carry,
    later: Later,
    options: BeamSearch,
    prefix_BP: Array | None,
    pad_id: int,
    eos_id: int,
) -> _Carry:
    """Ends the search of unfinished sources, some at a time."""
    unfinished_first_B = jnp.argsort(carry.done_B, stable=True)
    num_rounds = -(-jnp.sum(~carry.done_B) // later.num_sources)

    def search(rounds: tuple[Array, _Found]) -> tuple[Array, _Found]:
        i, found = rounds
        # The last of them may begin earlier, with sources that come out the same once more.
        rows_R = jax.lax.dynamic_slice_in_dim(
            unfinished_first_B, i * later.num_sources, later.num_sources
        )
        some = _of_sources(carry, rows_R)
        state, history_RNT = some.rows
        step, state = later.start(rows_R, state)
        some = dataclasses.replace(some, rows=(state, history_RNT))
        prefix_RP = None if prefix_BP is None else prefix_BP[rows_R]
        some = _search_on(some, step, options, prefix_RP, pad_id, eos_id, options.max_len + 1)
        return i + 1, _with_sources(found, rows_R, some)

    found = carry.links, carry.ended, carry.finite_B
    _, found = jax.lax.while_loop(
        lambda rounds: rounds[0] < num_rounds, search, (jnp.int32(0), found)
    )
    links, ended, finite_B = found
    return dataclasses.replace(carry, links=links, ended=ended, finite_B=finite_B)


def _advance(
    carry: _Carry,
    step: Step,
    options: BeamSearch,
    prefix_BP: Array | None,
    pad_id: int,
    eos_id: int,
) -> _Carry:
    """One step of all sources."""
    B, N = carry.tokens_BN.shape
    state, history_BNT = carry.rows
    logits_BNV, state = step(carry.tokens_BN, carry.position, state)
    rules = next_rules(carry.position, history_BNT, options, prefix_BP, (B, N), pad_id, eos_id)
    norm_BN = log_normaliser(logits_BNV)
    finite_BN = jnp.take_along_axis(jnp.isfinite(norm_BN), carry.order_BN, axis=1)
    broken_B = jnp.any(~finite_BN & (carry.totals_BN > -jnp.inf), axis=1)
    finite_B = carry.finite_B & (carry.done_B | ~broken_B)
    done_B = carry.done_B | ~finite_B

    choices = best_choices(
        logits_BNV, norm_BN, carry.order_BN, rules, carry.totals_BN, ~done_B, options
    )
    ended = _end(carry.ended, choices, ~done_B, carry.position, eos_id)
    done_B |= ended.num_B == N

    going_BN = positions_of(choices.tokens_BC != eos_id, N)
    kept = jax.tree.map(lambda x: jnp.take_along_axis(x, going_BN, axis=1), choices)
    # The rows are all alike at the first step, and of no interest once a source is done.
    stay_B1 = (done_B | (carry.position == 0))[:, None]
    order_BN, moves = plan_moves(
        jnp.where(stay_B1, jnp.arange(N)[None], kept.parents_BC), carry.order_BN
    )
    tokens_BN = to_rows(kept.tokens_BC, order_BN)
    state = move_rows(state, moves)
    if history_BNT is not None:
        history_BNT = move_rows(history_BNT.reshape(B * N, -1), moves).reshape(B, N, -1)
        history_BNT = jax.lax.dynamic_update_slice_in_dim(
            history_BNT, tokens_BN[..., None], carry.position + 1, axis=2
        )
    new = _Links(kept.tokens_BC, kept.parents_BC, kept.scores_BC, kept.logp_BC)
    return _Carry(
        position=carry.position + 1,
        rows=(state, history_BNT),
        tokens_BN=tokens_BN,
        order_BN=order_BN,
        totals_BN=kept.totals_BC,
        links=jax.tree.map(lambda x, y: x.at[carry.position].set(y), carry.links, new),
        ended=ended,
        done_B=done_B,
        finite_B=finite_B,
    )


def _of_sources(carry: _Carry, rows_R: Array) -> _Carry:
    """The search of some of the sources."""
    N = carry.totals_BN.shape[1]
    state, history_BNT = carry.rows
    hypotheses = (rows_R[:, None] * N + jnp.arange(N)[None]).reshape(-1)

    def some(tree: Any) -> Any:
        return jax.tree.map(lambda x: x[rows_R], tree)

    return _Carry(
        position=carry.position,
        rows=(jax.tree.map(lambda x: x[hypotheses], state), some(history_BNT)),
        tokens_BN=some(carry.tokens_BN),
        order_BN=some(carry.order_BN),
        totals_BN=some(carry.totals_BN),
        links=jax.tree.map(lambda x_TBN: x_TBN[:, rows_R], carry.links),
        ended=some(carry.ended),
        done_B=some(carry.done_B),
        finite_B=some(carry.finite_B),
    )


def _with_sources(found: _Found, rows_R: Array, some: _Carry) -> _Found:
    """``found`` with what the search of some of the sources gave."""
    links, ended, finite_B = found

    def put(x: Array, y: Array) -> Array:
        return x.at[rows_R].set(y)

    return (
        jax.tree.map(lambda x, y: x.at[:, rows_R].set(y), links, some.links),
        jax.tree.map(put, ended, some.ended),
        put(finite_B, some.finite_B),
    )


def _start(state: State, options: BeamSearch, valid_B: Array, pad_id: int, eos_id: int) -> _Carry:
    B, N, T = valid_B.shape[0], options.num_beams, options.max_len + 1
    zeros_BN, int_BN = jnp.zeros((B, N)), jnp.zeros((B, N), jnp.int32)
    zeros_TBN, int_TBN = jnp.zeros((T, B, N)), jnp.zeros((T, B, N), jnp.int32)
    # All hypotheses start alike: only the first of each group may branch out.
    first_N = jnp.arange(N) < options.num_groups
    return _Carry(
        position=jnp.int32(0),
        rows=(state, start_history(options, (B, N), pad_id, eos_id)),
        tokens_BN=jnp.full((B, N), eos_id, jnp.int32),
        order_BN=jnp.broadcast_to(jnp.arange(N, dtype=jnp.int32)[None], (B, N)),
        totals_BN=jnp.broadcast_to(jnp.where(first_N, 0.0, -jnp.inf)[None], (B, N)),
        links=_Links(int_TBN, int_TBN, zeros_TBN, zeros_TBN),
        ended=_Ended(int_BN, int_BN, zeros_BN, zeros_BN, zeros_BN, jnp.zeros(B, jnp.int32)),
        done_B=~valid_B,
        finite_B=jnp.ones(B, bool),
    )


def _end(ended: _Ended, choices: Choices, active_B: Array, position: Array, eos_id: int) -> _Ended:
    """Appends the hypotheses that end here, in candidate order, while there is room."""
    N = ended.lengths_BN.shape[1]
    ends_BN = (choices.tokens_BC[:, :N] == eos_id) & (choices.totals_BC[:, :N] > -jnp.inf)
    ends_BN &= active_B[:, None]
    # Place p takes the ending candidate number p - num.
    number_BN = jnp.arange(N)[None] - ended.num_B[:, None]
    candidate_BN = jnp.take_along_axis(positions_of(ends_BN, N), jnp.maximum(number_BN, 0), axis=1)
    new_BN = (number_BN >= 0) & (number_BN < jnp.sum(ends_BN, axis=1)[:, None])

    def append(old_BN: Array, x_BC: Array) -> Array:
        return jnp.where(new_BN, jnp.take_along_axis(x_BC, candidate_BN, axis=1), old_BN)

    return _Ended(
        lengths_BN=jnp.where(new_BN, position + 1, ended.lengths_BN),
        parents_BN=append(ended.parents_BN, choices.parents_BC),
        totals_BN=append(ended.totals_BN, choices.totals_BC),
        scores_BN=append(ended.scores_BN, choices.scores_BC),
        logp_BN=append(ended.logp_BN, choices.logp_BC),
        num_B=jnp.minimum(ended.num_B + jnp.sum(ends_BN, axis=1, dtype=jnp.int32), N),
    )


def _collect(carry: _Carry, options: BeamSearch, pad_id: int, eos_id: int) -> Hypotheses:
    """Follows the links back from the ends."""
    ended, links = carry.ended, carry.links

    def back(at_BN: Array, link: tuple[Array, _Links]):
        position, here = link
        before_BN = position < ended.lengths_BN - 1
        last_BN = position == ended.lengths_BN - 1

        def value(x_BN: Array, final_BN: Array | int, beyond: int) -> Array:
            x_BN = jnp.take_along_axis(x_BN, at_BN, axis=1)
            return jnp.where(before_BN, x_BN, jnp.where(last_BN, final_BN, beyond))

        values = (
            value(here.tokens_TBN, eos_id, pad_id),
            value(here.scores_TBN, ended.scores_BN, 0),
            value(here.logp_TBN, ended.logp_BN, 0),
        )
        parents_BN = jnp.take_along_axis(here.parents_TBN, at_BN, axis=1)
        return jnp.where(before_BN, parents_BN, at_BN), values

    positions = jnp.arange(options.max_len + 1)
    _, values = jax.lax.scan(back, ended.parents_BN, (positions, links), reverse=True)
    tokens, scores, logp = (jnp.moveaxis(x_TBN, 0, 2) for x_TBN in values)
    empty_BN = ended.lengths_BN == 0
    return best_first(
        Hypotheses(
            tokens_BNT=tokens,
            lengths_BN=ended.lengths_BN,
            scores_BN=normalised(
                ended.totals_BN, ended.lengths_BN, options.max_len, options.length_penalty
            ),
            totals_BN=jnp.where(empty_BN, -jnp.inf, ended.totals_BN),
            token_scores_BNT=scores,
            logp_BNT=logp,
            finite_B=carry.finite_B,
        )
    )
