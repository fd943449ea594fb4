"""Runs the recorded models under a search; cases of one shape and options share a compilation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from quals_jax.decoding.bart_step import bart_step
from quals_jax.decoding.beam import beam_search
from quals_jax.decoding.options import BeamSearch
from quals_jax.models.bart import bind
from tests import golden_models

# The machine code that users run, where the search is long enough to pay for its optimisation.
OPTIMISED = {"xla_backend_optimization_level": 3}
NUM_SOURCES, SOURCE_LEN, PREFIX_LEN = 5, 48, 8  # the largest of any recorded case


def pad(rows, width, num_rows=NUM_SOURCES):
    padded = np.ones((num_rows, width), np.int32)
    for row, tokens in zip(padded, rows, strict=False):
        row[: len(tokens)] = tokens
    return padded


def beam_options(recorded):
    """fairseq's names to ours."""
    return BeamSearch(
        num_beams=recorded["beam"],
        num_groups=recorded.get("diverse_beam_groups", 1),
        diversity_strength=recorded.get("diverse_beam_strength", 0.5),
        min_len=recorded.get("min_len", 1),
        max_len=recorded["max_len_b"],
        length_penalty=recorded.get("lenpen", 1.0),
        no_repeat_ngram_size=recorded.get("no_repeat_ngram_size", 0),
    )


@functools.partial(jax.jit, static_argnames="config")
def encode(config, params, src_BS):
    model = bind(config, params)
    return model.cross_keys_values(model.encode(src_BS, src_BS != config.pad_id))


def _search(config, params, cross, mask_BS, options, prefix_BP):
    model = bind(config, params)
    cache = model.init_cache(mask_BS.shape[0], options.num_beams, options.max_len + 1)
    step = bart_step(model, cross, mask_BS)
    return beam_search(step, cache, options, mask_BS.any(axis=1), prefix_BP=prefix_BP)


_static = {"static_argnames": ("config", "options")}
_search_optimised = jax.jit(_search, **_static, compiler_options=OPTIMISED)
_search_plainly = jax.jit(_search, **_static)


def search(model_name, sources, options, prefixes=None):
    """`Hypotheses` of NumPy arrays; rows beyond ``sources`` are padding."""
    config, params = golden_models.load(model_name)
    src_BS = pad(sources, SOURCE_LEN)
    cross = encode(config, params, src_BS)
    prefix_BP = None if prefixes is None else jnp.asarray(pad(prefixes, PREFIX_LEN))
    run = _search_optimised if options.num_beams >= 60 else _search_plainly
    found = run(config, params, cross, src_BS != 1, options, prefix_BP)
    return jax.tree.map(np.asarray, found)
