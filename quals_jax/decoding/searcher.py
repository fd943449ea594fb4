"""Searching and sampling for any number of sources of any length.

>>> searcher = Searcher(config, params, BeamSearch(num_beams=4, max_len=60))
>>> for hypotheses in searcher.search(sources):
...     hypotheses[0].tokens
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from quals_jax.decoding.bart_step import sample_rows, search_rows
from quals_jax.decoding.hypotheses import Hypotheses
from quals_jax.decoding.options import BeamSearch, Sampling
from quals_jax.models.bart import Params
from quals_jax.models.config import BartConfig
from quals_jax.models.flops import bart_flops
from quals_jax.parallel.batches import RowFailure, Shape, length_bucket, run_in_batches
from quals_jax.parallel.rows import jit_over_rows, pad_rows

# Hypotheses advancing together: their logits are the largest array, 200 kB each at BART's
# vocabulary. An accelerator needs a few thousand rows per step to be compute-bound.
_HYPOTHESES_PER_BATCH = {"cpu": 240, "gpu": 3840, "tpu": 1920}


class Hypothesis(NamedTuple):
    """One finished hypothesis; its tokens end with ``</s>``.

    ``score`` is length-normalised, ``total_score`` the sum of ``search_scores``, which hold the
    penalties of a diverse search; ``log_probs`` are plain (nats per token).
    """

    tokens: list[int]
    score: float
    total_score: float
    search_scores: np.ndarray
    log_probs: np.ndarray


class Searcher:
    """Beam search or sampling with one model and one set of options, in batches of few shapes."""

    def __init__(
        self,
        config: BartConfig,
        params: Params,
        options: BeamSearch | Sampling,
        forced_bos_id: int | None = None,
    ):
        """``forced_bos_id``: the token every hypothesis begins with, where the model has one."""
        self._config = config
        self._params = params
        self._run = _compiled(config, options, forced_bos_id)
        per_batch = _HYPOTHESES_PER_BATCH.get(jax.default_backend(), 1920)
        num = options.num_beams if isinstance(options, BeamSearch) else options.num_samples
        self._num, self._max_len = num, options.max_len
        self._max_rows = max(1, per_batch // num)

    def search(
        self,
        sources: Sequence[list[int]],
        report: Callable[[int], None] = lambda done: None,
        *,
        ids: Sequence[str] | None = None,
        seed: int = 0,
    ) -> list[list[Hypothesis] | RowFailure]:
        """The hypotheses of every source (token ids with ``</s>``), best first.

        For sampling, the draws of a source depend on ``seed`` and its id (by default its place in
        ``sources``) alone, not on its batch. A row that fails gives a `RowFailure`.
        """
        limit = self._config.max_positions
        names = ids if ids is not None else [str(i) for i in range(len(sources))]

        def run(shape: Shape, batch: list[int]) -> list[list[Hypothesis] | RowFailure]:
            pad = self._config.pad_id
            src_BS = pad_rows([sources[i] for i in batch], shape[0], pad, self._max_rows)
            keys = [_key_data(seed, names[i]) for i in batch]
            keys += [np.zeros(2, np.uint32)] * (len(src_BS) - len(batch))
            found = jax.device_get(self._run(self._params, src_BS, np.stack(keys)))
            return [_unpack(found, row) for row in range(len(batch))]

        shapes = [(length_bucket(len(source), limit),) for source in sources]

        def flops(shape: Shape) -> float:
            return bart_flops(self._config, shape[0], self._num, self._max_len)

        return run_in_batches(shapes, lambda shape: self._max_rows, flops, run, report)


def _key_data(seed: int, name: str) -> np.ndarray:
    """The key of a row, from the seed and its id."""
    digest = hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest()
    return np.frombuffer(digest[:8], np.uint32)


@functools.cache
def _compiled(
    config: BartConfig, options: BeamSearch | Sampling, forced_bos_id: int | None
) -> Callable[..., Hypotheses]:
    """The compiled search of a model shape, shared by all searchers of the process."""

    def run(params: Params, src_BS: Array, key_data_B2: Array) -> Hypotheses:
        prefix_B1 = None
        if forced_bos_id is not None:
            prefix_B1 = jnp.full((src_BS.shape[0], 1), forced_bos_id, jnp.int32)
        if isinstance(options, BeamSearch):
            return search_rows(config, params, src_BS, options, prefix_B1)
        keys_B = jax.random.wrap_key_data(jnp.asarray(key_data_B2), impl="threefry2x32")
        return sample_rows(config, params, src_BS, options, keys_B, prefix_B1)

    return jit_over_rows(run)


def _unpack(found: Hypotheses, row: int) -> list[Hypothesis] | RowFailure:
    if not found.finite_B[row]:
        return RowFailure("non_finite", "the model gives NaN or infinite logits for this text")
    hypotheses = []
    for n, length in enumerate(found.lengths_BN[row]):
        if length:
            hypotheses.append(
                Hypothesis(
                    tokens=found.tokens_BNT[row, n, :length].tolist(),
                    score=float(found.scores_BN[row, n]),
                    total_score=float(found.totals_BN[row, n]),
                    search_scores=np.asarray(found.token_scores_BNT[row, n, :length]),
                    log_probs=np.asarray(found.logp_BNT[row, n, :length]),
                )
            )
    return hypotheses
