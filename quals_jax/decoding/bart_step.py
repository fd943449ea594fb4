"""Search and sampling with BART.

>>> hypotheses = search_with_bart(config, params, src_BS, BeamSearch(num_beams=4, max_len=140))

The source is encoded once and its cross-attention keys and values exist once; beams and samples
are queries. Padding is recognised by ``config.pad_id``, a source of padding alone only fills the
batch.
"""

from collections.abc import Callable

import jax
from jaxtyping import Array, Bool, Int, Key

from quals_jax.decoding.beam import Later, Step, beam_search
from quals_jax.decoding.hypotheses import Hypotheses
from quals_jax.decoding.options import BeamSearch, Sampling
from quals_jax.decoding.sampling import sample
from quals_jax.models.bart import Bart, Cache, Params, bind, longer_cache
from quals_jax.models.config import BartConfig

# A search of so many tokens is worth a second program, for the later of them.
_MANY_TOKENS = 4_000
# So many hypotheses make products efficient in thirds too.
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
    _check_room(config, options)
    model, cross, mask_BS = _encoded(config, params, src_BS)
    (B, N), T = (src_BS.shape[0], options.num_beams), options.max_len + 1
    later = None
    if B * N * T >= _MANY_TOKENS:
        # Most hypotheses are short: half of the cache is half of what a step reads.
        num_sources = min(B, max(2, B // 3)) if B * N >= _MANY_HYPOTHESES else B
        later = Later(-(-T // 2), num_sources, _starter(model, cross, mask_BS, T))
    return beam_search(
        bart_step(model, cross, mask_BS),
        model.init_cache(B, N, T if later is None else later.position),
        options,
        mask_BS.any(axis=1),
        prefix_BP=prefix_BP,
        later=later,
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
    _check_room(config, options)
    model, cross, mask_BS = _encoded(config, params, src_BS)
    return sample(
        bart_step(model, cross, mask_BS),
        model.init_cache(src_BS.shape[0], options.num_samples, options.max_len + 1),
        options,
        keys_B,
        mask_BS.any(axis=1),
        prefix_BP=prefix_BP,
        pad_id=config.pad_id,
        eos_id=config.eos_id,
    )


search_with_bart = jax.jit(search_rows, static_argnames=("config", "options"))
sample_with_bart = jax.jit(sample_rows, static_argnames=("config", "options"))


def _check_room(config: BartConfig, options: BeamSearch | Sampling) -> None:
    if options.max_len + 1 > config.max_positions:
        raise ValueError(
            f"max_len {options.max_len} and </s> do not fit the model's {config.max_positions} "
            "positions"
        )


def _encoded(config: BartConfig, params: Params, src_BS: Array) -> tuple[Bart, Cache, Array]:
    """The model, the sources' keys and values, and where the sources are not padding."""
    model = bind(config, params)
    mask_BS = src_BS != config.pad_id
    return model, model.cross_keys_values(model.encode(src_BS, mask_BS)), mask_BS


def _starter(
    model: Bart, cross: Cache, mask_BS: Array, max_len: int
) -> Callable[[Array, Cache], tuple[Step, Cache]]:
    """`Later.start` of these sources, with caches of ``max_len`` tokens."""

    def start(rows_R: Array, cache: Cache) -> tuple[Step, Cache]:
        step = bart_step(model, jax.tree.map(lambda x: x[rows_R], cross), mask_BS[rows_R])
        return step, longer_cache(cache, max_len)

    return start
