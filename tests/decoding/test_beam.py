"""Beam search on a toy model, against slow and simple statements of the same thing."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.decoding.beam import beam_search
from quals_jax.decoding.options import BeamSearch, greedy
from tests import tolerances
from tests.decoding import fairseq_rule, toy

# Rounding may decide between candidates closer than this; such tables are skipped.
ROBUST_GAP = 3e-5

OPTIONS = {
    "plain": BeamSearch(5, min_len=2, max_len=9, length_penalty=0.5),
    "ngrams": BeamSearch(4, max_len=12, no_repeat_ngram_size=2, length_penalty=2.0),
    "ngrams_of_3": BeamSearch(4, max_len=12, no_repeat_ngram_size=3),
    "groups_of_1": BeamSearch(7, 7, 0.5, min_len=2, max_len=11),
    "groups_of_2": BeamSearch(6, 3, 1.5, max_len=9, length_penalty=0.0),
    "groups_of_3": BeamSearch(6, 2, 0.7, min_len=3, max_len=9, no_repeat_ngram_size=2),
    "beam_of_1": greedy(min_len=1, max_len=9),
}


def assert_is_the_rule(table, options, num_sources):
    """Compares with the plain rule; False if rounding could decide the outcome."""
    expected = [
        fairseq_rule.search(
            lambda tokens, b=b: toy.log_probs(np.asarray(table), b, tokens), options
        )
        for b in range(num_sources)
    ]
    if min(gap for _, gap in expected) < ROBUST_GAP:
        return False
    found = toy.search(table, options, num_sources)
    for b, (hypotheses, _) in enumerate(expected):
        actual = toy.rows(found, b)
        assert [row[0] for row in actual] == [h.tokens[1:] for h in hypotheses]
        for (_, score, total, scores_T, logp_T), hypothesis in zip(actual, hypotheses, strict=True):
            close(score, fairseq_rule.final_score(hypothesis, options))
            close(total, hypothesis.total)
            close(scores_T, hypothesis.scores)
            close(logp_T, hypothesis.logp)
    return True


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, atol=tolerances.LOG_PROBS, rtol=0)


@pytest.mark.parametrize("name", OPTIONS)
def test_hypotheses_are_those_of_the_plain_rule(name):
    # Few, some and many ends; one table where all prefixes want the same tokens.
    kinds = [{"eos": -1.0}, {"eos": 1.0}, {"eos": 2.5}, {"eos": 1.0, "common": 3.0}]
    compared = sum(
        assert_is_the_rule(toy.table(seed, 19, **kind), OPTIONS[name], 3)
        for kind in kinds
        for seed in range(3)
    )
    assert compared >= 6


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize(("num_sources", "later"), [(9, (99, 3)), (9, (4, 4)), (3, (2, 3))])
def test_a_search_in_parts_finds_the_same(name, num_sources, later):
    # Tables where ends are rare, so that sources end at steps far apart.
    valid_B = np.arange(num_sources) != 1
    prefix_BP = np.full((num_sources, 7), toy.PAD)
    prefix_BP[2, :2], prefix_BP[-1] = (5, 7), range(5, 12)
    for seed, eos in enumerate([1.0, 1.5, 3.0]):
        table = toy.table(seed, 19, eos=eos)
        how = {"num_sources": num_sources, "valid_B": valid_B, "prefix_BP": prefix_BP}
        together = toy.search(table, OPTIONS[name], **how)
        in_parts = toy.search(table, OPTIONS[name], **how, later=later)
        jax.tree.map(np.testing.assert_array_equal, in_parts, together)
    lengths_B = together.lengths_BN.max(axis=1)
    assert lengths_B[1] == 0
    assert np.median(lengths_B) < lengths_B[-1]  # the others do not wait for this one


def test_diverse_choice_is_exact_when_few_of_many_tokens_are_looked_at():
    # Twelve groups that want the same tokens and pay more for them than for any other.
    options = BeamSearch(12, 12, 20.0, min_len=2, max_len=6)
    compared = sum(
        assert_is_the_rule(toy.table(seed, 211, eos=4.0, common=3.0), options, 3)
        for seed in range(4)
    )
    assert compared >= 2


def test_a_beam_as_wide_as_the_tree_finds_every_sequence():
    table = toy.table(0, 5)
    options = BeamSearch(4**3, min_len=0, max_len=3, length_penalty=0.0)
    logp = {}
    for length in range(4):
        for words in itertools.product((0, 3, 4), repeat=length):
            tokens = [toy.EOS, *words, toy.EOS]
            steps = [toy.log_probs(table, 0, tokens[:i])[tokens[i]] for i in range(1, len(tokens))]
            logp[tokens[1:].__str__()] = float(np.sum(steps))
    found = toy.rows(toy.search(table, options, 1), 0)
    assert [str(row[0]) for row in found] == sorted(logp, key=lambda key: -logp[key])
    close([row[2] for row in found], sorted(logp.values(), reverse=True))


def test_greedy_takes_the_most_probable_token_each_time():
    table = toy.table(3, 19, eos=1.0)
    found = toy.search(table, greedy(max_len=9), 3)
    for b in range(3):
        tokens = [toy.EOS]
        while len(tokens) == 1 or tokens[-1] != toy.EOS:
            logp_V = toy.log_probs(table, b, tokens)
            logp_V[toy.PAD] = -np.inf
            logp_V[toy.EOS] = logp_V[toy.EOS] if len(tokens) > 1 else -np.inf
            tokens.append(int(logp_V.argmax()) if len(tokens) < 10 else toy.EOS)
        assert toy.rows(found, b)[0][0] == tokens[1:]


@pytest.mark.parametrize(
    "options", [BeamSearch(5, 1, 9.0, max_len=8), BeamSearch(5, 5, 0.0, max_len=8)]
)
def test_one_group_pays_nothing_and_free_groups_repeat_each_other(options):
    table = toy.table(4, 19, eos=1.0)
    found = toy.search(table, options, 2)
    np.testing.assert_array_equal(found.token_scores_BNT, found.logp_BNT)
    if options.num_groups == 1:
        plain = toy.search(table, BeamSearch(5, max_len=8), 2)
        jax.tree.map(np.testing.assert_array_equal, found, plain)


def test_penalties_stay_in_the_scores_and_not_in_the_log_probabilities():
    table = toy.table(5, 19, eos=1.0, common=2.0)
    found = toy.search(table, OPTIONS["groups_of_1"], 2)
    paid_BNT = found.logp_BNT - found.token_scores_BNT
    assert paid_BNT.max() >= 0.5
    np.testing.assert_allclose(paid_BNT / 0.5, np.round(paid_BNT / 0.5), atol=1e-4)
    close(found.token_scores_BNT.sum(axis=2), found.totals_BN)
    for b, n in np.ndindex(2, 7):
        tokens = [toy.EOS, *found.tokens_BNT[b, n, : found.lengths_BN[b, n]].tolist()]
        for i in range(1, len(tokens)):
            logp = toy.log_probs(table, b, tokens[:i])[tokens[i]]
            close(found.logp_BNT[b, n, i - 1], logp)


@pytest.mark.parametrize("name", ["ngrams", "groups_of_2"])
def test_a_source_does_not_depend_on_its_batch(name):
    table, options = toy.table(6, 19, eos=1.0), OPTIONS[name]
    together = toy.search(table, options, 5)
    for valid_B in ([True, True, False, True, True], [False, False, False, True, False]):
        found = toy.search(table, options, valid_B=valid_B)
        for b, valid in enumerate(valid_B):
            ours = jax.tree.map(lambda x, b=b: x[b], found)
            if valid:
                alone = jax.tree.map(lambda x, b=b: x[b], together)
                jax.tree.map(np.testing.assert_array_equal, ours, alone)
            else:
                assert not ours.lengths_BN.any()
                assert (ours.scores_BN == -np.inf).all()
                assert (ours.tokens_BNT == toy.PAD).all()


def run_and_count(step, options, valid_B):
    """The result, and how many steps the loop made."""

    def counting(tokens_BN, position, state):
        calls_R, inner = state
        logits_BNV, inner = step(tokens_BN, position, inner)
        jax.debug.callback(lambda: calls.append(1))
        return logits_BNV, (calls_R, inner)

    calls = []
    B, N = len(valid_B), options.num_beams
    state = jnp.zeros(B * N), toy.start_hash(B, N)
    run = jax.jit(lambda state: beam_search(counting, state, options, jnp.asarray(valid_B)))
    found = jax.tree.map(np.asarray, run(state))
    jax.effects_barrier()
    return found, len(calls)


def test_the_loop_ends_with_the_last_real_source():
    # Source 0 ends at once, source 1 never by itself, source 2 only fills the batch.
    def step(tokens_BN, position, state):
        logits_BV = jnp.zeros((3, 7)).at[0, toy.EOS].set(9.0).at[1:, toy.EOS].set(-9.0)
        return logits_BV[:, None], state

    found, steps = run_and_count(step, BeamSearch(1, max_len=20), [True, False, False])
    assert found.lengths_BN.tolist() == [[2], [0], [0]]
    assert steps == 2
    found, steps = run_and_count(step, BeamSearch(1, max_len=20), [True, True, False])
    assert found.lengths_BN.tolist() == [[2], [21], [0]]
    assert steps == 21


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_logits_of_a_source_are_told_and_disturb_no_other(bad):
    table, options = toy.table(7, 19, eos=1.0), BeamSearch(4, 2, max_len=9)
    healthy = toy.make_step(table)

    def step(tokens_BN, position, state):
        logits_BNV, state = healthy(tokens_BN, position, state)
        broken_B = (jnp.arange(3) == 1) & (position == 2)
        return jnp.where(broken_B[:, None, None], bad, logits_BNV), state

    run = jax.jit(lambda s: beam_search(step, s, options, jnp.ones(3, bool)))
    found = jax.tree.map(np.asarray, run(toy.start_hash(3, 4)))
    expected = toy.search(table, options, 3)
    assert found.finite_B.tolist() == [True, False, True]
    assert expected.finite_B.all()
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(ours[::2], theirs[::2])
        assert not np.isnan(ours.astype(np.float32)).any()


def test_the_prefix_is_forced_and_scored():
    table, options = toy.table(8, 19, eos=1.0), BeamSearch(4, 2, 0.5, max_len=9)
    prefix_BP = np.array([[5, 6, 5], [9, toy.PAD, toy.PAD], [toy.PAD] * 3], np.int32)
    found = toy.search(table, options, prefix_BP=prefix_BP)
    free = toy.search(table, options)
    for b, prefix in enumerate(([5, 6, 5], [9], [])):
        for tokens, _, _, scores_T, logp_T in toy.rows(found, b):
            assert tokens[: len(prefix)] == prefix
            for i in range(len(prefix)):
                close(logp_T[i], toy.log_probs(table, b, [toy.EOS, *tokens[:i]])[tokens[i]])
            assert len(scores_T) == len(tokens)
    assert len(toy.rows(found, 0)) == 4
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(free), strict=True):
        np.testing.assert_array_equal(ours[2], theirs[2])


def test_a_prefix_that_leaves_no_room_is_refused():
    with pytest.raises(ValueError, match="prefix has 3 tokens but max_len is 2"):
        toy.search(
            toy.table(0, 7), BeamSearch(2, max_len=2), prefix_BP=np.full((1, 3), 4, np.int32)
        )


def test_when_masks_forbid_everything_the_hypothesis_is_missing():
    # Two words and no n-gram twice: after a few tokens nothing is left to say before max_len.
    table = toy.table(9, 5, eos=-60.0)
    options = BeamSearch(3, min_len=28, max_len=30, no_repeat_ngram_size=2)
    found = toy.search(table, options, 2)
    assert found.finite_B.all()
    assert not found.lengths_BN.any()
    assert (found.totals_BN == -np.inf).all()
