"""Sampling on the toy model."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.decoding.options import Sampling, TopK, TopP, greedy
from quals_jax.decoding.sampling import invert_cdf, sample, sample_keys
from tests.decoding import toy


def draw(table, options, ids, seed=0, valid_B=None, break_source=None):
    ids_B = jnp.asarray(ids)
    valid_B = jnp.ones(len(ids), bool) if valid_B is None else jnp.asarray(valid_B)
    key = jax.random.key(seed)
    return jax.tree.map(np.asarray, _draw(options, break_source, table, key, ids_B, valid_B))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _draw(options, break_source, table, key, ids_B, valid_B):
    # The hash starts from the id, so that a record has the same model wherever it stands.
    start_R = jnp.repeat(7 * ids_B, options.num_samples)
    healthy = toy.make_step(table)

    def step(tokens_BN, position, hash_R):
        logits_BNV, hash_R = healthy(tokens_BN, position, hash_R)
        if break_source is not None:
            broken_B = (jnp.arange(len(ids_B)) == break_source) & (position == 1)
            logits_BNV = jnp.where(broken_B[:, None, None], jnp.nan, logits_BNV)
        return logits_BNV, hash_R

    return sample(step, start_R, options, sample_keys(key, ids_B), valid_B)


TABLE = toy.table(0, 19, eos=1.0)
OPTIONS = Sampling(4, TopK(6), min_len=2, max_len=9, no_repeat_ngram_size=2)


def test_samples_of_a_record_do_not_depend_on_its_batch():
    together = draw(TABLE, OPTIONS, [11, 5, 3])
    shuffled = draw(TABLE, OPTIONS, [3, 11, 8], valid_B=[True, True, False])
    for ours, theirs in zip(jax.tree.leaves(shuffled), jax.tree.leaves(together), strict=True):
        np.testing.assert_array_equal(ours[:2], theirs[[2, 0]])
    assert not shuffled.lengths_BN[2].any()
    assert (together.lengths_BN >= 3).all()
    assert (together.lengths_BN <= 10).all()


def test_more_samples_of_a_record_include_the_fewer():
    few = draw(TABLE, Sampling(2, TopK(6), max_len=9), [11, 5, 3])
    many = draw(TABLE, Sampling(4, TopK(6), max_len=9), [11, 5, 3])
    for b in range(3):
        texts = [row[0] for row in toy.rows(many, b)]
        assert all(row[0] in texts for row in toy.rows(few, b))


def test_another_seed_gives_other_samples():
    first, second = (draw(TABLE, OPTIONS, [11, 5, 3], seed) for seed in (0, 1))
    assert (first.tokens_BNT != second.tokens_BNT).any()


def test_the_top_1_is_the_greedy_text():
    sampled = draw(TABLE, Sampling(2, TopK(1), max_len=9), [0, 1, 2])
    best = toy.search(TABLE, greedy(max_len=9), 3)
    for b in range(3):
        for tokens, *_, logp_T in toy.rows(sampled, b):
            assert tokens == toy.rows(best, b)[0][0]
            np.testing.assert_array_equal(logp_T, toy.rows(best, b)[0][-1])


@pytest.mark.parametrize("keep", [None, TopK(4), TopP(0.7)])
def test_tokens_are_drawn_as_often_as_they_are_probable(keep):
    num = 20_000
    found = draw(TABLE, Sampling(num, keep, max_len=1), [4])
    counts_V = np.bincount(found.tokens_BNT[0, :, 0], minlength=19)
    p_V = np.exp(toy.log_probs(TABLE, 4, [toy.EOS])).astype(np.float64)
    p_V[[toy.PAD, toy.EOS]] = 0.0
    order_V = np.argsort(-p_V)
    if isinstance(keep, TopK):
        p_V[order_V[keep.k :]] = 0.0
    if isinstance(keep, TopP):
        p_V[order_V[1:][np.cumsum(p_V[order_V])[:-1] >= keep.p]] = 0.0
    p_V /= p_V.sum()
    assert not counts_V[p_V == 0].any()
    deviations_V = (counts_V / num - p_V) / np.sqrt(np.maximum(p_V, 1e-9) / num)
    assert np.abs(deviations_V[p_V > 0]).max() < 4.5


def test_broken_logits_of_a_source_are_told_and_disturb_no_other():
    found = draw(TABLE, OPTIONS, [11, 5, 3], break_source=1)
    healthy = draw(TABLE, OPTIONS, [11, 5, 3])
    assert found.finite_B.tolist() == [True, False, True]
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(healthy), strict=True):
        np.testing.assert_array_equal(ours[::2], theirs[::2])
        assert not np.isnan(ours.astype(np.float32)).any()


def test_the_largest_uniform_number_never_gives_an_impossible_token():
    logp = jnp.log(jnp.array([[[0.3, 0.0, 0.2, 0.0], [0.0, 0.0, 1e-30, 0.0]]]))
    almost_1 = jnp.full((1, 2), np.nextafter(np.float32(1), np.float32(0)))
    assert invert_cdf(logp, almost_1).tolist() == [[2, 2]]
    assert invert_cdf(logp, jnp.zeros((1, 2))).tolist() == [[0, 2]]
