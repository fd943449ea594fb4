"""Facts of the model that hold for any weights; the recorded outputs are in test_golden_forward."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from quals_jax.models.bart import Bart, bind, init_params, param_shapes
from quals_jax.models.config import BartConfig
from quals_jax.scoring import Scorer, token_log_probs
from tests import tolerances

# Every axis another prime, so that a swapped axis cannot pass unseen.
B, N, S, T, V = 2, 3, 11, 7, 53
CONFIG = BartConfig(
    vocab_size=V,
    d_model=20,
    encoder_layers=2,
    decoder_layers=3,
    encoder_heads=2,
    decoder_heads=5,
    encoder_ffn_dim=17,
    decoder_ffn_dim=19,
    max_positions=31,
    init_std=0.5,
)
PARAMS = init_params(CONFIG, seed=3)
RNG = np.random.default_rng(5)
SRC_BS = jnp.asarray(RNG.integers(4, V, (B, S)))
MASK_BS = jnp.ones((B, S), bool)
PREV_BNT = jnp.asarray(RNG.integers(4, V, (B, N, T)))


@jax.jit
def teacher_forced(params, src_BS, mask_BS, prev_BNT):
    model = bind(CONFIG, params)
    cross = model.cross_keys_values(model.encode(src_BS, mask_BS))
    return model.logits(model.decode(prev_BNT, cross, mask_BS))


def test_cached_steps_equal_the_full_forward_at_every_position():
    expected_BNTV = teacher_forced(PARAMS, SRC_BS, MASK_BS, PREV_BNT)

    @jax.jit
    def stepwise(params):
        model = bind(CONFIG, params)
        cross = model.cross_keys_values(model.encode(SRC_BS, MASK_BS))

        def step(cache, position):
            tokens_BN = jax.lax.dynamic_index_in_dim(PREV_BNT, position, 2, keepdims=False)
            hidden_BND, cache = model.decode_step(tokens_BN, position, cache, cross, MASK_BS)
            return cache, model.logits(hidden_BND)

        cache = model.init_cache(B, N, T + 2)
        return jax.lax.scan(step, cache, jnp.arange(T))[1]

    actual_BNTV = jnp.moveaxis(stepwise(PARAMS), 0, 2)
    np.testing.assert_allclose(actual_BNTV, expected_BNTV, atol=tolerances.LOGITS)


def test_padding_on_either_side_of_the_source_changes_nothing():
    expected = teacher_forced(PARAMS, SRC_BS, MASK_BS, PREV_BNT)
    for left, right in [(4, 0), (0, 4), (3, 1)]:
        width = ((0, 0), (left, right))
        src = jnp.pad(SRC_BS, width, constant_values=CONFIG.pad_id)
        actual = teacher_forced(PARAMS, src, jnp.pad(MASK_BS, width), PREV_BNT)
        np.testing.assert_allclose(actual, expected, atol=tolerances.LOGITS)


def test_hypotheses_of_a_source_do_not_see_each_other():
    alone = teacher_forced(PARAMS, SRC_BS, MASK_BS, PREV_BNT[:, 1:2])
    together = teacher_forced(PARAMS, SRC_BS, MASK_BS, PREV_BNT)
    np.testing.assert_allclose(alone[:, 0], together[:, 1], atol=tolerances.LOGITS)


def test_a_token_influences_no_earlier_position():
    changed = PREV_BNT.at[:, :, 4].set(50)
    before = teacher_forced(PARAMS, SRC_BS, MASK_BS, PREV_BNT)
    after = teacher_forced(PARAMS, SRC_BS, MASK_BS, changed)
    np.testing.assert_array_equal(before[:, :, :4], after[:, :, :4])
    assert np.abs(before[:, :, 4:] - after[:, :, 4:]).max(axis=(0, 1, 3)).min() > 0.01


def test_dropout_changes_the_output_and_is_a_function_of_its_key():
    @jax.jit
    def encode(key):
        return bind(CONFIG, PARAMS).encode(SRC_BS, MASK_BS, nnx.Rngs(dropout=key))

    without = jax.jit(lambda: bind(CONFIG, PARAMS).encode(SRC_BS, MASK_BS))()
    one, other = jax.random.key(1), jax.random.key(2)
    np.testing.assert_array_equal(encode(one), encode(one))
    assert np.abs(encode(one) - encode(other)).max() > 0.1
    assert np.abs(encode(one) - without).max() > 0.1


def test_bfloat16_keeps_the_logits_close_and_float32():
    config = BartConfig(**{**vars(CONFIG), "dtype": "bfloat16"})

    @jax.jit
    def forward(params):
        model = bind(config, params)
        cross = model.cross_keys_values(model.encode(SRC_BS, MASK_BS))
        return model.logits(model.decode(PREV_BNT, cross, MASK_BS))

    logits = forward(PARAMS)
    exact = teacher_forced(PARAMS, SRC_BS, MASK_BS, PREV_BNT)
    assert logits.dtype == jnp.float32
    kl = jnp.sum(
        jax.nn.softmax(exact) * (jax.nn.log_softmax(exact) - jax.nn.log_softmax(logits)), -1
    )
    assert float(kl.max()) < tolerances.BFLOAT16_KL


def test_init_is_the_same_for_the_same_seed_and_fills_every_parameter():
    again, other = init_params(CONFIG, seed=3), init_params(CONFIG, seed=4)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), PARAMS, again))
    assert not bool((PARAMS["shared"]["embedding"] == other["shared"]["embedding"]).any())
    shapes = jax.tree.map(lambda leaf: leaf.shape, param_shapes(CONFIG))
    assert jax.tree.map(lambda leaf: leaf.shape, PARAMS) == shapes


def test_large_has_the_parameter_count_of_bart_large():
    # facebook/bart-large: 406,291,456 with its <mask> row, which the official models drop.
    count = sum(leaf.size for leaf in jax.tree.leaves(param_shapes(BartConfig.large())))
    assert count == 406_291_456 - 1024


@pytest.mark.parametrize(
    ("field", "value"), [("d_model", 21), ("dropout", 1.0), ("dtype", "float16"), ("vocab_size", 0)]
)
def test_impossible_configurations_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        BartConfig(**{**vars(CONFIG), field: value})


def test_log_probs_are_those_of_the_logits_and_zero_at_padding():
    targets_BNT = PREV_BNT.at[:, :, -1].set(CONFIG.eos_id).at[1, 2, 4:].set(CONFIG.pad_id)
    score = jax.jit(lambda p, t: token_log_probs(bind(CONFIG, p), SRC_BS, MASK_BS, t))
    actual = score(PARAMS, targets_BNT)
    start = jnp.full((B, N, 1), CONFIG.eos_id)
    prev = jnp.concatenate([start, targets_BNT[:, :, :-1]], axis=2)
    logp = jax.nn.log_softmax(teacher_forced(PARAMS, SRC_BS, MASK_BS, prev))
    expected = jnp.take_along_axis(logp, targets_BNT[..., None], axis=3)[..., 0]
    expected = expected.at[1, 2, 4:].set(0.0)
    np.testing.assert_allclose(actual, expected, atol=tolerances.LOG_PROBS)
    assert (np.asarray(actual[1, 2, 4:]) == 0).all()


@pytest.mark.parametrize(("num_tokens", "num_projections"), [(0, 0), (239, 1), (240, 1), (241, 2)])
def test_only_tokens_are_projected_onto_the_vocabulary(monkeypatch, num_tokens, num_projections):
    # Of 600 places: tokens spread among padding, as many as two projections of 240 rows hold.
    places = RNG.permutation(600)[:num_tokens]
    targets_R = np.full(600, CONFIG.pad_id)
    targets_R[places] = RNG.integers(4, V, num_tokens)
    targets_BNT = jnp.asarray(targets_R.reshape(B, 12, 25))
    calls, project = [], Bart.logits

    def counting(self, hidden_CD):
        jax.debug.callback(lambda: calls.append(1))
        return project(self, hidden_CD)

    monkeypatch.setattr(Bart, "logits", counting)
    score = jax.jit(lambda p, t: token_log_probs(bind(CONFIG, p), SRC_BS, MASK_BS, t))
    actual = np.asarray(score(PARAMS, targets_BNT)).reshape(-1)
    jax.effects_barrier()
    assert len(calls) == num_projections
    assert (actual < 0).sum() == num_tokens
    assert (actual[places] < 0).all()

    monkeypatch.undo()
    prev = jnp.concatenate([jnp.full((B, 12, 1), CONFIG.eos_id), targets_BNT[:, :, :-1]], axis=2)
    logp = jax.nn.log_softmax(teacher_forced(PARAMS, SRC_BS, MASK_BS, prev)).reshape(600, V)
    expected = np.asarray(logp)[places, targets_R[places]]
    np.testing.assert_allclose(actual[places], expected, atol=tolerances.LOG_PROBS)


def test_scorer_gives_each_source_its_own_targets_whatever_its_batch():
    sources = [[*RNG.integers(4, V, n).tolist(), 2] for n in (3, 9, 5, 20, 9)]
    targets = [
        [[*RNG.integers(4, V, n).tolist(), 2] for n in lengths]
        for lengths in ([4], [2, 6, 11], [], [1] * 13, [7, 3])
    ]
    scorer = Scorer(CONFIG, PARAMS)
    together = scorer.score(sources, targets)
    assert [[len(logp) for logp in group] for group in together] == [
        [len(target) for target in group] for group in targets
    ]
    one_by_one = jax.jit(
        lambda src_BS, targets_BNT: token_log_probs(
            bind(CONFIG, PARAMS), src_BS, src_BS != CONFIG.pad_id, targets_BNT
        )
    )
    for source, group, logps in zip(sources, targets, together, strict=True):
        src_BS = np.full((1, 25), CONFIG.pad_id)
        src_BS[0, : len(source)] = source
        for target, logp in zip(group, logps, strict=True):
            target_BNT = np.full((1, 1, 13), CONFIG.pad_id)
            target_BNT[0, 0, : len(target)] = target
            alone = one_by_one(src_BS, target_BNT)[0, 0, : len(target)]
            np.testing.assert_allclose(logp, alone, atol=tolerances.LOG_PROBS)
