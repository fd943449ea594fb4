"""Greedy continuations of given beginnings, N of them for each source.

>>> continuer = Continuer(config, params, max_len=50)
>>> continuer.run(sources, [[question_1, question_2], …])     # token ids up to </s>, per beginning

A source is encoded once for all of its beginnings, which grow side by side without a search that
would mix them. Of one beginning the text is that of a beam of one with this prefix.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Int

from quals_jax.decoding.bart_step import bart_step
from quals_jax.decoding.beam import State, Step
from quals_jax.decoding.candidates import best_candidates
from quals_jax.decoding.rules import FREE, Rules
from quals_jax.models.bart import Params, bind
from quals_jax.models.config import BartConfig
from quals_jax.models.flops import bart_flops
from quals_jax.models.log_normaliser import log_normaliser
from quals_jax.parallel.batches import RowFailure, Shape, length_bucket, run_in_batches
from quals_jax.parallel.rows import jit_over_rows, pad_rows

# Beginnings of a source in one call, and source and target tokens of a call.
_PREFIXES_PER_CALL = 10
_TOKENS_PER_BATCH = {"cpu": 8_192, "gpu": 65_536, "tpu": 65_536}


@struct.dataclass
class Continuations:
    """Token ids with the beginnings and ``</s>``, then ``pad_id``; T = ``max_len + 1``.

    ``finite_B`` is False where the model gave NaN or infinity for the source.
    """

    tokens_BNT: Int[Array, "b n t"]
    finite_B: Bool[Array, " b"]


@struct.dataclass
class _Carry:
    position: Int[Array, ""]
    state: State
    inputs_BN: Int[Array, "b n"]
    tokens_BNT: Int[Array, "b n t"]
    done_BN: Bool[Array, "b n"]
    finite_B: Bool[Array, " b"]


def greedy_continuations(
    step: Step,
    state: State,
    prefix_BNP: Int[Array, "b n p"],
    max_len: int,
    *,
    pad_id: int = 1,
    eos_id: int = 2,
) -> Continuations:
    """The most probable next token again and again, from every prefix to its ``</s>``.

    ``step`` is that of `beam_search`. ``pad_id`` ends a prefix; one of padding alone stays empty.
    After ``max_len`` tokens, prefix included, ``</s>`` is forced, as in fairseq; so a prefix of
    more than ``max_len`` tokens is an error.
    """
    B, N, P = prefix_BNP.shape
    if max_len < P:
        raise ValueError(f"the prefixes have up to {P} tokens but max_len is {max_len}")

    def advance(carry: _Carry) -> _Carry:
        logits_BNV, state = step(carry.inputs_BN, carry.position, carry.state)
        norm_BN = log_normaliser(logits_BNV)
        finite_B = carry.finite_B & ~jnp.any(~carry.done_BN & ~jnp.isfinite(norm_BN), axis=1)
        given_BN = jnp.take(prefix_BNP, jnp.minimum(carry.position, P - 1), axis=2)
        given_BN = jnp.where((carry.position < P) & (given_BN != pad_id), given_BN, FREE)
        forced_BN = jnp.where(carry.position >= max_len, eos_id, given_BN)
        rules = Rules(pad_id, eos_id, may_end=carry.position >= 1, forced_BN=forced_BN)
        best, _ = best_candidates(logits_BNV, norm_BN, 1, rules)
        place_BN1 = jnp.argmax(best.logp_BNK, axis=2, keepdims=True)
        tokens_BN = jnp.take_along_axis(best.tokens_BNK, place_BN1, axis=2)[..., 0]
        tokens_BN = jnp.where(carry.done_BN | ~finite_B[:, None], pad_id, tokens_BN)
        return _Carry(
            position=carry.position + 1,
            state=state,
            inputs_BN=tokens_BN,
            tokens_BNT=jax.lax.dynamic_update_slice_in_dim(
                carry.tokens_BNT, tokens_BN[..., None], carry.position, axis=2
            ),
            done_BN=carry.done_BN | (tokens_BN == eos_id) | ~finite_B[:, None],
            finite_B=finite_B,
        )

    def unfinished(carry: _Carry) -> Array:
        return (carry.position <= max_len) & ~jnp.all(carry.done_BN)

    start = _Carry(
        position=jnp.int32(0),
        state=state,
        inputs_BN=jnp.full((B, N), eos_id, jnp.int32),
        tokens_BNT=jnp.full((B, N, max_len + 1), pad_id, jnp.int32),
        done_BN=jnp.all(prefix_BNP == pad_id, axis=2),
        finite_B=jnp.ones(B, bool),
    )
    end = jax.lax.while_loop(unfinished, advance, start)
    return Continuations(end.tokens_BNT, end.finite_B)


class Continuer:
    """Greedy continuations with one model, many sources at a time."""

    def __init__(self, config: BartConfig, params: Params, max_len: int):
        self._config = config
        self._params = params
        self._max_len = max_len
        self._run = _compiled(config, max_len)
        self._tokens_per_batch = _TOKENS_PER_BATCH.get(jax.default_backend(), 65_536)

    def run(
        self, sources: Sequence[list[int]], prefixes: Sequence[Sequence[list[int]]]
    ) -> list[list[list[int]] | RowFailure]:
        """Token ids, prefix and ``</s>`` included, of every prefix of every source.

        Sources end with ``</s>``; prefixes hold 1 to ``max_len`` tokens. A source that fails gives
        a `RowFailure`.
        """
        calls = [
            (row, group[start : start + _PREFIXES_PER_CALL])
            for row, group in enumerate(prefixes)
            for start in range(0, len(group), _PREFIXES_PER_CALL)
        ]
        limit, pad = self._config.max_positions, self._config.pad_id

        def max_rows(shape: Shape) -> int:
            tokens = shape[0] + _PREFIXES_PER_CALL * self._max_len
            return max(1, self._tokens_per_batch // tokens)

        def flops(shape: Shape) -> float:
            return bart_flops(self._config, shape[0], _PREFIXES_PER_CALL, self._max_len)

        def run(shape: Shape, batch: list[int]) -> list[list[list[int]] | RowFailure]:
            src_BS = pad_rows([sources[calls[i][0]] for i in batch], shape[0], pad, max_rows(shape))
            size = (len(src_BS), _PREFIXES_PER_CALL, self._max_len)
            prefix_BNP = np.full(size, pad, np.int32)
            for row, call in enumerate(batch):
                for n, prefix in enumerate(calls[call][1]):
                    prefix_BNP[row, n, : len(prefix)] = prefix
            found = jax.device_get(self._run(self._params, src_BS, prefix_BNP))
            return [
                _unpack(found, row, len(calls[call][1]), self._config.eos_id)
                for row, call in enumerate(batch)
            ]

        shapes = [(length_bucket(len(sources[row]), limit),) for row, _ in calls]
        results: list[list[list[int]] | RowFailure] = [[] for _ in sources]
        outcomes = run_in_batches(shapes, max_rows, flops, run)
        for (row, _), outcome in zip(calls, outcomes, strict=True):
            done = results[row]
            if isinstance(done, list):
                results[row] = outcome if isinstance(outcome, RowFailure) else done + outcome
        return results


def _unpack(
    found: Continuations, row: int, num_prefixes: int, eos_id: int
) -> list[list[int]] | RowFailure:
    if not found.finite_B[row]:
        return RowFailure("non_finite", "the model gives NaN or infinite logits for this text")
    texts = found.tokens_BNT[row, :num_prefixes].tolist()
    return [tokens[: tokens.index(eos_id) + 1] for tokens in texts]


@functools.cache
def _compiled(config: BartConfig, max_len: int) -> Callable[..., Continuations]:
    """The compiled function of a model shape, shared by all of the process."""

    def run(params: Params, src_BS: Array, prefix_BNP: Array) -> Continuations:
        model = bind(config, params)
        mask_BS = src_BS != config.pad_id
        cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
        cache = model.init_cache(src_BS.shape[0], prefix_BNP.shape[1], max_len + 1)
        return greedy_continuations(
            bart_step(model, cross, mask_BS),
            cache,
            prefix_BNP,
            max_len,
            pad_id=config.pad_id,
            eos_id=config.eos_id,
        )

    return jit_over_rows(run)
