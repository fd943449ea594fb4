"""Search and sampling with BART.

>>> hypotheses = search_with_bart(config, params, src_BS, BeamSearch(num_beams=4, max_len=140))

The source is encoded once and its cross-attention keys and values exist once; beams and samples
are queries. Padding is recognised by ``config.pad_id``, a source of padding alone only fills the
batch.
"""

from collections.abc import Callable

import jax
from jaxtyping import Array, Bool, Int, Key

from quals_jax.decoding.beam import Step, beam_search
from quals_jax.decoding.hypotheses import Hypotheses
from quals_jax.decoding.options import BeamSearch, Sampling
from quals_jax.decoding.sampling import sample
from quals_jax.models.bart import Bart, Cache, Params, bind
from quals_jax.models.config import BartConfig

# So many hypotheses at a time are worth a second program for the last of them.
_MANY_HYPOTHESES = 240


def bart_step(model: Bart, cross: Cache, mask_BS: Bool[Array, "b s"]) -> Step:
    """The step callback of `beam_search` and `sample` for encoded sources."""

    def step(tokens_BN: Array, position: Array, cache: Cache) -> tuple[Array, Cache]:
        hidden_BND, cache = model.decode_step(tokens_BN, position, cache, cross, mask_BS)
        return model.logits(hidden_BND), cache

    return step


def search_rows(
    config: BartConfig,
    params: Params,
    src_BS: Int[Array, "b s"],
    options: BeamSearch,
    prefix_BP: Int[Array, "b p"] | None = None,
) -> Hypotheses:
    """`beam_search` with BART, to be traced; `search_with_bart` is the compiled function."""
    step_of, cache, valid_B = _prepare(config, params, src_BS, options.num_beams, options)
    is_large = valid_B.shape[0] * options.num_beams >= _MANY_HYPOTHESES
    return beam_search(
        step_of(None),
        cache,
        options,
        valid_B,
        prefix_BP=prefix_BP,
        step_of=step_of if is_large else None,
        pad_id=config.pad_id,
        eos_id=config.eos_id,
    )


def sample_rows(
    config: BartConfig,
    params: Params,
    src_BS: Int[Array, "b s"],
    options: Sampling,
    keys_B: Key[Array, " b"],
    prefix_BP: Int[Array, "b p"] | None = None,
) -> Hypotheses:
    """`sample` with BART, to be traced; `sample_with_bart` is the compiled function."""
    step_of, cache, valid_B = _prepare(config, params, src_BS, options.num_samples, options)
    ids = {"pad_id": config.pad_id, "eos_id": config.eos_id}
    return sample(step_of(None), cache, options, keys_B, valid_B, prefix_BP=prefix_BP, **ids)


search_with_bart = jax.jit(search_rows, static_argnames=("config", "options"))
sample_with_bart = jax.jit(sample_rows, static_argnames=("config", "options"))


def _prepare(
    config: BartConfig, params: Params, src_BS: Array, N: int, options: BeamSearch | Sampling
) -> tuple[Callable[[Array | None], Step], Cache, Array]:
    """The step of some sources (None: of all), an empty cache, and which rows are sources."""
    if options.max_len + 1 > config.max_positions:
        raise ValueError(
            f"max_len {options.max_len} and </s> do not fit the model's {config.max_positions} "
            "positions"
        )
    model = bind(config, params)
    mask_BS = src_BS != config.pad_id
    cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
    cache = model.init_cache(src_BS.shape[0], N, options.max_len + 1)

    def step_of(rows_R: Array | None) -> Step:
        if rows_R is None:
            return bart_step(model, cross, mask_BS)
        return bart_step(model, jax.tree.map(lambda x: x[rows_R], cross), mask_BS[rows_R])

    return step_of, cache, mask_BS.any(axis=1)
