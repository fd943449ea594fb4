"""Teacher-forced log-probabilities: how probable are N given targets of each source?

`token_log_probs` is the computation on arrays; `Scorer` takes lists of token ids of any number and
length, makes batches of few shapes and runs them on all local devices.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from quals_jax.models.bart import Bart, Cache, Params, bind
from quals_jax.models.config import BartConfig
from quals_jax.models.flops import bart_flops
from quals_jax.models.log_normaliser import log_normaliser
from quals_jax.parallel.batches import RowFailure, Shape, length_bucket, run_in_batches
from quals_jax.parallel.rows import jit_over_rows, pad_rows

# Source and target tokens in one device call: 16 documents of 1024 tokens fill an accelerator.
_TOKENS_PER_BATCH = {"cpu": 4_096, "gpu": 65_536, "tpu": 65_536}
# Targets of a source in one call; more are scored in several.
_TARGETS_PER_CALL = (4, 10, 20, 40)

# Rows of hidden states projected onto the vocabulary at a time: [240, 50264] float32 is 48 MB.
_ROWS_PER_CHUNK = 240


def token_log_probs(
    model: Bart,
    src_BS: Int[Array, "b s"],
    mask_BS: Bool[Array, "b s"],
    targets_BNT: Int[Array, "b n t"],
) -> Float[Array, "b n t"]:
    """Log-probability (nats) of every target token given its source and the tokens before it.

    Targets end with ``</s>`` and are padded on the right with ``pad_id``; padding gets 0. Each
    source is encoded once, whatever N is.
    """
    cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
    return target_log_probs(model, cross, mask_BS, targets_BNT)


def target_log_probs(
    model: Bart, cross: Cache, mask_BS: Bool[Array, "b s"], targets_BNT: Int[Array, "b n t"]
) -> Float[Array, "b n t"]:
    """`token_log_probs` for sources whose cross-attention keys and values are at hand."""
    config = model.config
    start = jnp.full_like(targets_BNT[:, :, :1], config.eos_id)
    prev_BNT = jnp.concatenate([start, targets_BNT[:, :, :-1]], axis=2)
    hidden_BNTD = model.decode(prev_BNT, cross, mask_BS)
    hidden_RD = hidden_BNTD.reshape(-1, config.d_model)
    logp_R = _chosen_log_probs(model, hidden_RD, targets_BNT.reshape(-1))
    return logp_R.reshape(targets_BNT.shape)


def _chosen_log_probs(model: Bart, hidden_RD: Array, targets_R: Array) -> Array:
    """Log-softmax at the targets, 0 at padding, without ever holding the logits of all rows.

    Padding, about half of the rows where pairs of many lengths meet, is not projected.
    """
    R = targets_R.shape[0]
    C = min(R, _ROWS_PER_CHUNK)
    wanted_R = targets_R != model.config.pad_id
    order = jnp.pad(jnp.argsort(~wanted_R, stable=True), (0, -R % C))  # row 0 may come again

    def score(i: Array, logp_R: Array) -> Array:
        rows_C = jax.lax.dynamic_slice_in_dim(order, i * C, C)
        logits_CV = model.logits(hidden_RD[rows_C])
        chosen_C = jnp.take_along_axis(logits_CV, targets_R[rows_C][:, None], axis=1)[:, 0]
        return logp_R.at[rows_C].set(chosen_C - log_normaliser(logits_CV))

    num_chunks = -(-jnp.sum(wanted_R) // C)
    logp_R = jax.lax.fori_loop(0, num_chunks, score, jnp.zeros(R))
    return jnp.where(wanted_R, logp_R, 0.0)


class Scorer:
    """Scores targets with one model, many sources at a time."""

    def __init__(self, config: BartConfig, params: Params):
        self._config = config
        self._params = params
        self._log_probs = _compiled(config)
        self._tokens_per_batch = _TOKENS_PER_BATCH.get(jax.default_backend(), 65_536)

    def score(
        self,
        sources: Sequence[list[int]],
        targets: Sequence[Sequence[list[int]]],
        report: Callable[[int], None] = lambda done: None,
    ) -> list[list[np.ndarray] | RowFailure]:
        """Log-probabilities (nats) of every token of every target, an array per target.

        ``sources[i]`` (with its final ``</s>``) is encoded once per 40 targets. A row that fails,
        for want of memory or because of NaN, gives a `RowFailure` and disturbs no other row.
        ``report`` is told of the calls finished (one per 40 targets).
        """
        calls = [
            (row, start)
            for row, group in enumerate(targets)
            for start in range(0, len(group), _TARGETS_PER_CALL[-1])
        ]

        def chunk(call: int) -> Sequence[list[int]]:
            row, start = calls[call]
            return targets[row][start : start + _TARGETS_PER_CALL[-1]]

        longest = self._config.max_positions
        shapes = []
        for call, (row, _) in enumerate(calls):
            num_targets = next(n for n in _TARGETS_PER_CALL if n >= len(chunk(call)))
            target_len = length_bucket(max(map(len, chunk(call))), longest)
            shapes.append((length_bucket(len(sources[row]), longest), num_targets, target_len))

        def max_rows(shape: Shape) -> int:
            source_len, num_targets, target_len = shape
            return max(1, self._tokens_per_batch // (source_len + num_targets * target_len))

        def run(shape: Shape, batch: list[int]) -> list[list[np.ndarray] | RowFailure]:
            source_len, num_targets, target_len = shape
            pad, limit = self._config.pad_id, max_rows(shape)
            src_BS = pad_rows([sources[calls[i][0]] for i in batch], source_len, pad, limit)
            targets_BNT = np.full((len(src_BS), num_targets, target_len), pad, np.int32)
            for row, call in enumerate(batch):
                for n, target in enumerate(chunk(call)):
                    targets_BNT[row, n, : len(target)] = target
            logp_BNT = np.asarray(self._log_probs(self._params, src_BS, targets_BNT))
            return [_unpack(chunk(call), logp_BNT[row]) for row, call in enumerate(batch)]

        results: list[list[np.ndarray] | RowFailure] = [[] for _ in sources]
        outcomes = run_in_batches(
            shapes, max_rows, lambda shape: bart_flops(self._config, *shape), run, report
        )
        for (row, _), outcome in zip(calls, outcomes, strict=True):
            done = results[row]
            if isinstance(done, list):
                results[row] = outcome if isinstance(outcome, RowFailure) else done + outcome
        return results


def _unpack(targets: Sequence[list[int]], logp_NT: np.ndarray) -> list[np.ndarray] | RowFailure:
    logps = [logp_NT[n, : len(target)] for n, target in enumerate(targets)]
    if not all(np.isfinite(logp).all() for logp in logps):
        return RowFailure("non_finite", "the model gives NaN or infinite log-probabilities")
    return logps


@functools.cache
def _compiled(config: BartConfig) -> Callable[..., Array]:
    """The compiled function of a model shape, shared by all scorers of the process."""

    def log_probs(params: Params, src_BS: Array, targets_BNT: Array) -> Array:
        return token_log_probs(bind(config, params), src_BS, src_BS != config.pad_id, targets_BNT)

    return jit_over_rows(log_probs)
