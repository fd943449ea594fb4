"""Filters and sampled runs against those of the official code."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.decoding.bart_step import bart_step
from quals_jax.decoding.options import Sampling, TopK, TopP
from quals_jax.decoding.rules import FREE, Rules
from quals_jax.decoding.sampling import kept_candidates, sample_by
from quals_jax.models.bart import bind
from tests import golden_files, golden_models, tolerances
from tests.decoding import golden_search

RECORDED = golden_files.read_json("sampling.json")
ARRAYS = golden_files.read_npz("sampling.npz")
FILTERS = {case["name"]: case for case in RECORDED["filter_cases"]}
RUNS = {case["name"]: case for case in RECORDED["sampled_runs"]}


def sampling_filter(recorded):
    # fairseq ignores the top k when both are given; here only one can be.
    top_k, top_p = recorded.get("sampling_topk", -1), recorded.get("sampling_topp", -1.0)
    return TopP(top_p) if top_p > 0 else TopK(top_k) if top_k > 0 else None


@pytest.mark.parametrize("name", FILTERS)
def test_kept_tokens_are_the_official_ones(name):
    case = FILTERS[name]
    logp_BNV = jnp.asarray(ARRAYS[name])
    shape = logp_BNV.shape[:2]
    # The recorded input is masked already, where it is.
    rules = Rules(-1, -1, jnp.bool_(True), jnp.full(shape, FREE))
    kept = kept_candidates(logp_BNV, jnp.zeros(shape), rules, sampling_filter(case))
    for row in case["rows"]:
        tokens_K = np.asarray(kept.tokens_BNK)[tuple(row["row"])]
        logp_K = np.asarray(kept.logp_BNK)[tuple(row["row"])]
        there_K = logp_K > -np.inf
        assert sorted(tokens_K[there_K].tolist()) == row["kept_sorted"]
        by_token = dict(zip(tokens_K[there_K], np.exp(logp_K[there_K]), strict=True))
        np.testing.assert_allclose(
            [by_token[token] for token in row["kept_sorted"]], row["raw_probs"], atol=1e-6
        )


@functools.partial(jax.jit, static_argnames=("config", "options"))
def run(config, params, cross, mask_BS, options, draws_TBN):
    def draw(position, growing_BN):
        # fairseq packs growing samples to the left, where the recorded numbers are for.
        slot_BN = jnp.maximum(jnp.cumsum(growing_BN, axis=1) - 1, 0)
        return jnp.take_along_axis(draws_TBN[position], slot_BN, axis=1)

    model = bind(config, params)
    cache = model.init_cache(mask_BS.shape[0], options.num_samples, options.max_len + 1)
    step = bart_step(model, cross, mask_BS)
    return sample_by(draw, step, cache, options, mask_BS.any(axis=1))


def recorded_draws(case, num_samples, max_len):
    """``[T, B, N]`` from the recorded rows: longest source first, without sources that are done."""
    lengths_B = [max(len(h["tokens"]) for h in group) for group in case["hypotheses"]]
    order = sorted(range(len(lengths_B)), key=lambda b: -len(case["source_tokens"][b]))
    draws_TBN = np.zeros((max_len + 1, golden_search.NUM_SOURCES, num_samples), np.float32)
    for position, draw in enumerate(case["draws"]):
        going = [b for b in order if position < lengths_B[b]]
        draws_TBN[position, going] = np.reshape(draw["u"], (len(going), num_samples))
    return jnp.asarray(draws_TBN)


@pytest.mark.parametrize("name", RUNS)
def test_the_recorded_draws_give_the_official_samples(name):
    case = RUNS[name]
    recorded = case["options"]
    options = Sampling(
        num_samples=recorded["beam"],
        filter=sampling_filter(recorded),
        min_len=recorded["min_len"],
        max_len=recorded["max_len_b"],
        length_penalty=recorded["lenpen"],
    )
    config, params = golden_models.load(case["model"])
    src_BS = golden_search.pad(case["source_tokens"], golden_search.SOURCE_LEN)
    cross = golden_search.encode(config, params, src_BS)
    draws_TBN = recorded_draws(case, options.num_samples, options.max_len)
    found = run(config, params, cross, src_BS != 1, options, draws_TBN)
    found = jax.tree.map(np.asarray, found)
    for b, group in enumerate(case["hypotheses"]):
        for n, hypothesis in enumerate(group):
            length = found.lengths_BN[b, n]
            assert found.tokens_BNT[b, n, :length].tolist() == hypothesis["tokens"]
            logp_T = found.logp_BNT[b, n, :length]
            close(logp_T, hypothesis["positional_scores"])
            close(found.scores_BN[b, n], hypothesis["score"])
            close(found.totals_BN[b, n] / length, hypothesis["unnormalized_score"] / length)
            np.testing.assert_array_equal(found.token_scores_BNT[b, n, :length], logp_T)
    assert not found.lengths_BN[len(case["hypotheses"]) :].any()


def close(actual, recorded):
    np.testing.assert_allclose(actual, recorded, atol=tolerances.LOG_PROBS, rtol=0)
