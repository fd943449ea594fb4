"""Searching with BART itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.huggingface import read_config, read_params
from quals_jax.decoding.bart_step import sample_rows, search_rows, search_with_bart
from quals_jax.decoding.options import BeamSearch, Sampling, TopK, greedy
from quals_jax.decoding.sampling import sample_keys
from quals_jax.models.bart import bind
from quals_jax.models.config import BartConfig
from quals_jax.scoring import token_log_probs
from tests import golden_files, golden_models, tolerances
from tests.decoding.golden_search import pad

HUGGING_FACE = golden_files.read_json("huggingface/tiny.json")
search_jitted = jax.jit(search_rows, static_argnames=("config", "options"))
sample_jitted = jax.jit(sample_rows, static_argnames=("config", "options"))
score_jitted = jax.jit(
    lambda config, params, src_BS, targets_BNT: token_log_probs(
        bind(config, params), src_BS, src_BS != config.pad_id, targets_BNT
    ),
    static_argnums=0,
)

TINY = golden_files.path("huggingface/tiny")


def hugging_face_search(sources, options):
    config = read_config(TINY)
    found = search_jitted(config, read_params(TINY, config), pad(sources, 12), options)
    return jax.tree.map(np.asarray, found)


def texts(found, b):
    return [
        row[:length].tolist()
        for row, length in zip(found.tokens_BNT[b], found.lengths_BN[b], strict=True)
    ]


def hugging_face_options(recorded):
    return BeamSearch(
        recorded["num_beams"],
        min_len=recorded["min_new_tokens"],
        max_len=HUGGING_FACE["common_options"]["max_new_tokens"] - 1,
        length_penalty=recorded["length_penalty"],
        no_repeat_ngram_size=recorded.get("no_repeat_ngram_size", 0),
    )


HUGGING_FACE_OPTIONS = sorted(
    {hugging_face_options(case["options"]) for case in HUGGING_FACE["beam"]}, key=str
)


@pytest.mark.parametrize("options", HUGGING_FACE_OPTIONS)
def test_beams_of_transformers_where_its_rules_agree_with_fairseqs(options):
    cases = [
        case
        for case in HUGGING_FACE["beam"]
        if case["same_as_fairseq"] and hugging_face_options(case["options"]) == options
    ]
    assert cases
    for start in range(0, len(cases), 5):
        batch = cases[start : start + 5]
        found = hugging_face_search([case["source"] for case in batch], options)
        for b, case in enumerate(batch):
            assert texts(found, b) == [h["tokens"] for h in case["hypotheses"]]
            scores = [h["score"] for h in case["hypotheses"]]
            np.testing.assert_allclose(
                found.scores_BN[b], scores, atol=tolerances.LOG_PROBS, rtol=0
            )


def test_greedy_texts_of_transformers():
    cases = HUGGING_FACE["greedy"]
    (min_len,) = {case["min_new_tokens"] for case in cases}
    max_len = HUGGING_FACE["common_options"]["max_new_tokens"] - 1
    found = hugging_face_search([case["source"] for case in cases], greedy(min_len, max_len))
    assert [texts(found, b)[0] for b in range(len(cases))] == [case["tokens"] for case in cases]


CONFIG, PARAMS = golden_models.load("small_p2")
OPTIONS = BeamSearch(6, 3, min_len=2, max_len=12)
RNG = np.random.default_rng(1)
SOURCES = [[*RNG.integers(4, 118, length).tolist(), 2] for length in (5, 9, 14, 7, 20)]


def search(src_BS):
    return jax.tree.map(np.asarray, search_jitted(CONFIG, PARAMS, src_BS, OPTIONS))


def assert_same(found, expected, b, c):
    assert texts(found, b) == texts(expected, c)
    for name in ("scores_BN", "token_scores_BNT", "logp_BNT"):
        np.testing.assert_allclose(
            getattr(found, name)[b], getattr(expected, name)[c], atol=tolerances.LOG_PROBS, rtol=0
        )


def test_hypotheses_do_not_depend_on_padding_batch_or_order():
    together = search(pad(SOURCES, 24))
    longer = search(pad(SOURCES[::-1], 40, num_rows=7))
    left = np.stack([np.roll(row, (row == CONFIG.pad_id).sum()) for row in pad(SOURCES, 24)])
    left = search(left)
    for b in range(5):
        assert_same(longer, together, 4 - b, b)
        assert_same(left, together, b, b)
    assert not longer.lengths_BN[5:].any()


def test_log_probabilities_of_the_search_are_the_teacher_forced_ones():
    src_BS = pad(SOURCES, 24)
    found = search(src_BS)

    logp_BNT = score_jitted(CONFIG, PARAMS, src_BS, jnp.asarray(found.tokens_BNT))
    np.testing.assert_allclose(found.logp_BNT, logp_BNT, atol=tolerances.LOG_PROBS, rtol=0)
    assert (found.token_scores_BNT < found.logp_BNT - 0.4).any()  # penalties are elsewhere


def test_samples_are_scored_by_the_model_and_do_not_depend_on_the_batch():
    options = Sampling(3, TopK(20), min_len=2, max_len=12)
    ids = jnp.asarray([8, 3, 11, 5, 4])
    key = jax.random.key(0)

    def draw(src_BS, ids):
        found = sample_jitted(CONFIG, PARAMS, src_BS, options, sample_keys(key, ids))
        return jax.tree.map(np.asarray, found)

    src_BS = pad(SOURCES, 24)
    together = draw(src_BS, ids)
    shuffled = draw(src_BS[::-1], ids[::-1])
    for b in range(5):
        assert_same(shuffled, together, 4 - b, b)
    logp_BNT = score_jitted(CONFIG, PARAMS, src_BS, jnp.asarray(together.tokens_BNT))
    np.testing.assert_allclose(together.logp_BNT, logp_BNT, atol=tolerances.LOG_PROBS, rtol=0)


def test_more_tokens_than_the_model_has_positions_are_refused():
    with pytest.raises(ValueError, match="max_len 256 and </s> do not fit the model's 256"):
        search_with_bart(BartConfig.tiny(), {}, pad([[2]], 3), BeamSearch(2, max_len=256))
