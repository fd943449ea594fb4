"""The choice among groups: its shortcuts take nothing from the result."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.decoding.candidates import best_candidates
from quals_jax.decoding.groups import best_choices, choose, pick_by_rounds, pick_in_turn
from quals_jax.decoding.options import BeamSearch
from quals_jax.decoding.rules import FREE, Rules
from quals_jax.models.log_normaliser import log_normaliser


@pytest.mark.parametrize(("num_beams", "num_groups"), [(30, 30), (24, 12), (24, 1)])
@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_few_candidates_choose_as_the_whole_vocabulary_does(num_beams, num_groups, alike):
    """Hypotheses that expect different tokens, and such that fight for the same; many ties."""
    B, N, V = 4, num_beams, 211
    options = BeamSearch(N, num_groups, 0.5, max_len=9)
    rng = np.random.default_rng(0)
    own, common = rng.standard_normal((B, N, V)), rng.standard_normal((B, 1, V))
    logits_BNV = jnp.asarray(np.round(4 * ((1 - alike) * own + alike * common)) / 4, jnp.float32)
    forced_B1 = np.array([[FREE], [FREE], [7], [FREE]])
    # In source 3 all but ten tokens are forbidden.
    banned_B1T = np.where(np.arange(B)[:, None, None] == 3, np.arange(10, V), FREE)
    rules = Rules(
        pad_id=1,
        eos_id=2,
        may_end=jnp.bool_(False),
        forced_BN=jnp.asarray(np.broadcast_to(forced_B1, (B, N)), jnp.int32),
        banned_BNT=jnp.asarray(np.repeat(banned_B1T, N, axis=1), jnp.int32),
    )
    norm_BN = log_normaliser(logits_BNV)
    order_BN = jnp.asarray(np.stack([rng.permutation(N) for _ in range(B)]), jnp.int32)
    totals_BN = -jnp.asarray(rng.integers(0, 3, (B, N)), jnp.float32)
    active_B = jnp.ones(B, bool)

    found = best_choices(logits_BNV, norm_BN, order_BN, rules, totals_BN, active_B, options)
    every, _ = best_candidates(logits_BNV, norm_BN, V, rules)
    every = jax.tree.map(lambda x: jnp.take_along_axis(x, order_BN[..., None], axis=1), every)
    expected = choose(every, totals_BN, active_B, options, V)
    possible = np.asarray(expected.totals_BC) > -np.inf
    assert possible[:3].mean() > 0.5
    np.testing.assert_array_equal(found.totals_BC, expected.totals_BC)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(np.asarray(ours)[possible], np.asarray(theirs)[possible])


@pytest.mark.parametrize(("num_groups", "num_beams"), [(7, 7), (3, 6)])
def test_groups_in_turn_and_by_rounds_pick_the_same(num_groups, num_beams):
    """The form for CPUs and the one for accelerators, with ties and forbidden tokens."""
    B, V, per_group, strength = 5, 23, num_beams // num_groups, 0.5
    rng = np.random.default_rng(3)
    M = per_group * min(2 * num_beams, V)
    tokens = np.stack(
        [
            np.concatenate([rng.permutation(V)[: M // per_group] for _ in range(per_group)])
            for _ in range(B * num_groups)
        ]
    ).reshape(B, num_groups, M)
    # Halves: many candidates are equal after a penalty.
    logp = -0.5 * rng.integers(1, 9, tokens.shape).astype(np.float32)
    logp[rng.random(tokens.shape) < 0.1] = -np.inf
    totals = -rng.integers(0, 3, tokens.shape).astype(np.float32)

    def pick(logp, totals, counts):
        scores = logp - strength * counts
        return scores, jax.lax.top_k(scores + totals, 2 * per_group)[1]

    arguments = (jnp.asarray(tokens), jnp.asarray(logp), jnp.asarray(totals), jnp.ones(B, bool))
    in_turn = pick_in_turn(pick, V, *arguments)
    by_rounds = pick_by_rounds(pick, 2 * per_group, *arguments)
    np.testing.assert_array_equal(in_turn[0], by_rounds[0])
    np.testing.assert_array_equal(in_turn[1], by_rounds[1])
    assert not np.array_equal(in_turn[0], logp)  # somebody paid
