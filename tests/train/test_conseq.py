"""The contrastive loss: against the official criterion, a float64 oracle, and known facts."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from tests.golden_files import read_json, read_npz
from tests.tolerances import GRADIENT, LOSS, NUMERICAL_GRADIENT
from train.conseq import contrastive_loss
from train.losses import label_smoothed_nll

PAD = 1
CASES = [c for c in read_json("loss.json")["cases"] if "/hell" in c["name"]]
ORDINARY = [c for c in CASES if c["inputs"] in ("nopad", "pads", "tinypos", "vocab5")]
SIDES = ("pos", "neg")


@pytest.fixture(scope="module")
def arrays():
    return read_npz("loss.npz")


@functools.cache
def compiled(label_smoothing, hellinger):
    """(logits_BNTV, targets_BNT, weight_BN) -> the gradient of the loss, and the sums."""

    def loss(logits_BNTV, targets_BNT, weight_BN):
        sums = contrastive_loss(
            logits_BNTV,
            jnp.eye(logits_BNTV.shape[-1]),  # decoder states times the identity are the logits
            targets_BNT,
            label_smoothing=label_smoothing,
            pad_id=PAD,
            hellinger=hellinger,
            weight_BN=weight_BN,
            chunk_tokens=14,
        )
        return sums.loss, sums

    return jax.jit(jax.grad(loss, has_aux=True))


def of_case(case, arrays, sides=SIDES):
    """Sums and gradients (S+, S-) of recorded inputs, padded to one shape."""
    logits = [arrays[f"{case['inputs']}/{side}_logits"] for side in SIDES]
    targets = [arrays[f"{case['inputs']}/{side}_target"] for side in SIDES]
    logits_BNTV = np.zeros((4, 2, 9, logits[0].shape[-1]), np.float32)
    targets_BNT = np.full((4, 2, 9), PAD, np.int32)
    weight_BN = np.ones((4, 2), np.float32)
    for n, (values, ids) in enumerate(zip(logits, targets, strict=True)):
        rows, width = ids.shape
        logits_BNTV[:rows, n, :width] = values
        if SIDES[n] in sides:
            targets_BNT[:rows, n, :width] = ids
        weight_BN[:rows, n] = arrays.get(f"{case['inputs']}/{SIDES[n]}_weights", np.ones(rows))
    run = compiled(case["label_smoothing"], case["use_hellinger_loss"])
    grad_BNTV, sums = run(logits_BNTV, targets_BNT, weight_BN)
    grads = [np.asarray(grad_BNTV)[: t.shape[0], n, : t.shape[1]] for n, t in enumerate(targets)]
    return sums, grads


def assert_gradient(grad, expected, err_msg=""):
    scale = np.abs(expected).max()
    atol = GRADIENT * scale + 1e-30  # a p below that is 0 in float32
    np.testing.assert_allclose(grad, expected, atol=atol, rtol=0, err_msg=err_msg)


@pytest.mark.parametrize("case", ORDINARY, ids=lambda case: case["name"])
def test_loss_equals_the_official_criterion(case, arrays):
    sums, grads = of_case(case, arrays)
    recorded = case["float32"]
    assert float(sums.loss) == pytest.approx(recorded["loss"], rel=LOSS)
    assert float(sums.negative_loss) == pytest.approx(recorded["negative_nll"], rel=LOSS)
    if case["use_hellinger_loss"] < 2:  # there the official log has distances
        assert float(sums.nll) == pytest.approx(recorded["positive_nll"], rel=LOSS)
    # With sentence_avg the official divisor is the number of sentences; ours never is.
    assert int(sums.num_tokens) == recorded["logging_output"]["ntokens"]
    for side, grad in zip(SIDES, grads, strict=True):
        expected = arrays[f"{case['name']}/grad_{side}"]
        defined = np.isfinite(expected).all(axis=-1)  # (1 - sqrt(p))^2 at p = 0 in float32
        assert defined.all() or (side, case["inputs"]) == ("pos", "tinypos")
        assert_gradient(grad[defined], expected[defined], side)
        assert np.isfinite(grad).all()
        assert np.abs(grad[~defined]).max(initial=0.0) < 1e-6


def log_softmax64(logits):
    logits = np.asarray(logits, np.float64)
    top = logits.max(axis=-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))


def oracle(logits_NTV, targets_NT, label_smoothing, hellinger, weight_N):
    """Loss and gradient in float64 by the chain rule through every probability, one by one."""
    logp_NTV = log_softmax64(logits_NTV)
    V, loss, grad_NTV = logp_NTV.shape[-1], 0.0, np.zeros_like(logp_NTV)
    for n, t in zip(*np.nonzero(targets_NT != PAD), strict=True):
        p_V, y = np.exp(logp_NTV[n, t]), targets_NT[n, t]
        share_V = np.full(V, label_smoothing / V)
        share_V[y] += 1 - label_smoothing
        dp_V = np.zeros(V)
        if hellinger > 1 - n:
            q = p_V[y] if n == 0 else 1 - p_V[y]
            value = (1 - np.sqrt(q)) ** 2
            dp_V[y] = (-1 if n == 0 else 1) * (1 - np.sqrt(q)) / np.sqrt(q)
        else:
            q_V = p_V if n == 0 else 1 - p_V
            value = -(share_V * np.log(q_V)).sum()
            dp_V = (-1 if n == 0 else 1) * share_V / q_V
        loss += weight_N[n] * value
        grad_NTV[n, t] = weight_N[n] * p_V * (dp_V - (dp_V * p_V).sum())
    return loss, grad_NTV


@pytest.mark.parametrize("hellinger", [0, 1, 2])
def test_loss_and_gradients_are_those_of_a_float64_oracle(hellinger):
    B, N, T, D, V = 2, 2, 5, 7, 13
    rng = np.random.default_rng(hellinger)
    hidden = rng.standard_normal((B, N, T, D)).astype(np.float32)
    table = rng.standard_normal((V, D)).astype(np.float32)
    targets = rng.integers(2, V, (B, N, T)).astype(np.int32)
    targets[0, 1, 3:] = targets[1, 0] = PAD
    weight = rng.uniform(0.2, 2.0, (B, N)).astype(np.float32)

    def loss(hidden, table):
        return contrastive_loss(
            hidden,
            table,
            jnp.asarray(targets),
            label_smoothing=0.1,
            pad_id=PAD,
            negative_weight=0.3,
            hellinger=hellinger,
            weight_BN=jnp.asarray(weight),
            chunk_tokens=6,
        ).loss

    value, grads = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))(hidden, table)
    hidden, table = hidden.astype(np.float64), table.astype(np.float64)
    weight_BN = weight * np.array([1.0, 0.3])
    parts = [
        oracle(hidden[b] @ table.T, targets[b], 0.1, hellinger, weight_BN[b]) for b in range(B)
    ]
    dlogits = np.stack([grad for _, grad in parts])
    assert float(value) == pytest.approx(sum(loss for loss, _ in parts), rel=LOSS)
    assert_gradient(grads[0], dlogits @ table)
    assert_gradient(grads[1], np.einsum("bntv,bntd->vd", dlogits, hidden))


def one_token(logits_V, target, label_smoothing, hellinger, n):
    """Gradient of the logits and the sums of one S+ (n = 0) or S- (n = 1) token."""
    logits_BNTV = np.zeros((4, 2, 9, len(logits_V)), np.float32)
    targets_BNT = np.full((4, 2, 9), PAD, np.int32)
    logits_BNTV[2, n, 3], targets_BNT[2, n, 3] = logits_V, target
    run = compiled(label_smoothing, hellinger)
    grad, sums = run(logits_BNTV, targets_BNT, np.ones((4, 2), np.float32))
    assert float(sums.num_tokens) == 1
    return np.asarray(grad)[2, n, 3], sums


def test_saturated_tokens_have_their_exact_loss_and_gradient(arrays):
    """Where 1 - p is lost to rounding the official value is noise, then the clamp at 46.05."""
    logits = arrays["clamp/neg_logits"].reshape(12, -1)
    targets = arrays["clamp/neg_target"].reshape(12)
    recorded = -arrays["clamp/neg_log_one_minus_p_at_target_float64"].reshape(12)
    is_noise = recorded > 30
    assert is_noise.sum() == 2
    for token, target in enumerate(targets):
        others = np.delete(logits[token].astype(np.float64), target)
        log_sum = others.max() + np.log(np.exp(others - others.max()).sum())
        log_odds = logits[token, target] - log_sum
        exact = np.logaddexp(log_odds, 0.0)
        if not is_noise[token]:
            assert exact == pytest.approx(recorded[token], rel=LOSS, abs=1e-9)
        grad, sums = one_token(logits[token], target, 0.0, 0, n=1)
        assert float(sums.loss) == pytest.approx(exact, rel=LOSS, abs=1e-30)
        # p pushes the target down; the rest goes to the others in proportion to their p.
        p = 1.0 / (1.0 + np.exp(-log_odds))
        assert grad[target] == pytest.approx(p, rel=LOSS, abs=1e-30)
        assert_gradient(np.delete(grad, target), -p * np.exp(others - log_sum))


@pytest.mark.parametrize("hellinger", [0, 1, 2])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_gradients_are_finite_and_bounded_for_every_p(hellinger, label_smoothing):
    """S+ at p -> 0 and S- at p -> 1, and the reverse: no gradient leaves [-1, 1]."""
    for target_logit in (-3e4, -300.0, -60.0, 20.0, 60.0, 3e4):
        for n in (0, 1):
            logits_V = np.array([0.5, 0.0, 0.0, target_logit, -1.0], np.float32)
            grad, sums = one_token(logits_V, 3, label_smoothing, hellinger, n)
            assert np.isfinite(float(sums.loss))
            assert np.isfinite(grad).all()
            assert np.abs(grad).max() <= 1.0 + 1e-6
            if hellinger == 0 and target_logit > 0 and n == 1:
                # The official clamp leaves 0 here.
                assert grad[3] == pytest.approx(1.0 - label_smoothing * 4 / 5, rel=LOSS)


@pytest.mark.parametrize("hellinger", [0, 1, 2])
def test_positives_are_pushed_up_and_negatives_down(hellinger, arrays):
    [case] = [
        c
        for c in ORDINARY
        if c["inputs"] == "nopad"
        and (c["use_hellinger_loss"], c["label_smoothing"]) == (hellinger, 0.0)
    ]
    _, grads = of_case(case, arrays)
    for side, grad, sign in zip(SIDES, grads, (-1, 1), strict=True):
        target = arrays[f"nopad/{side}_target"][..., None]
        at_target = np.take_along_axis(grad, target, axis=-1)
        assert (sign * at_target > 0).all()
        # One class against all others: every other logit moves the other way.
        assert (sign * (grad - at_target * (np.arange(120) == target)) <= 0).all()


def random_inputs(B=3, T=7, D=11, V=13):
    N, rng = 2, np.random.default_rng(0)
    hidden = jnp.asarray(rng.standard_normal((B, N, T, D)), jnp.float32)
    table = jnp.asarray(rng.standard_normal((V, D)), jnp.float32)
    targets = rng.integers(2, V, (B, N, T))
    targets[0, 0, 4:] = targets[-1, 1, 1:] = PAD
    return hidden, table, jnp.asarray(targets, jnp.int32)


def conseq(hidden, table, targets, **options):
    return contrastive_loss(hidden, table, targets, label_smoothing=0.1, pad_id=PAD, **options)


def test_without_negatives_it_is_the_likelihood():
    hidden, table, targets = random_inputs()

    def likelihood(hidden):
        sums = label_smoothed_nll(
            hidden[:, :1], table, targets[:, :1], label_smoothing=0.1, pad_id=PAD
        )
        return sums.loss, sums

    def no_negatives(hidden):
        sums = conseq(hidden, table, targets.at[:, 1].set(PAD))
        return sums.loss, sums

    def alone(hidden):
        sums = conseq(hidden[:, :1], table, targets[:, :1])
        return sums.loss, sums

    expected_grad, expected = jax.jit(jax.grad(likelihood, has_aux=True))(hidden)
    for loss in (no_negatives, alone):
        grad, sums = jax.jit(jax.grad(loss, has_aux=True))(hidden)
        assert [float(x) for x in sums] == [float(x) for x in expected]
        np.testing.assert_array_equal(grad, expected_grad)


def test_the_weight_scales_the_negative_term_and_counts_no_tokens():
    hidden, table, targets = random_inputs()
    run = jax.jit(lambda weight: conseq(hidden, table, targets, negative_weight=weight))
    off, once, twice = (run(jnp.float32(weight)) for weight in (0.0, 1.0, 2.0))
    assert float(off.num_tokens) == float(once.num_tokens) == 18 + 15
    assert float(off.negative_loss) == float(once.negative_loss)  # logs show it without weight
    term = float(once.loss) - float(off.loss)
    assert term > 0.5
    assert float(twice.loss) == pytest.approx(float(off.loss) + 2 * term, rel=LOSS)


def test_masked_equals_computed_on_the_subset():
    hidden, table, targets = random_inputs()
    run = jax.jit(lambda hidden, targets: conseq(hidden, table, targets))
    whole = run(hidden, targets.at[1].set(PAD).at[:, :, 4:].set(PAD))
    kept = np.array([0, 2])
    subset = run(hidden[kept, :, :4], targets[kept, :, :4])
    np.testing.assert_allclose(whole, subset, rtol=LOSS)


@pytest.mark.parametrize("hellinger", [0, 2])
def test_gradients_are_slopes_of_the_loss(hellinger):
    hidden, table, targets = random_inputs(B=1, T=3, D=5, V=7)

    def loss(hidden, table):
        return conseq(hidden, table, targets, hellinger=hellinger, negative_weight=0.7).loss

    tolerance = {"rtol": NUMERICAL_GRADIENT, "atol": NUMERICAL_GRADIENT, "eps": 1e-2}
    check_grads(jax.jit(loss), (hidden, table), order=1, modes=["rev"], **tolerance)


def test_weights_of_targets_multiply_their_losses(arrays):
    """As in the official code for S+. There S- gets log(1 - p^w), which is not a weight."""
    [case] = [c for c in CASES if c["name"] == "weights/hell0_eps0.1"]
    _, grads = of_case(case, arrays)
    unweighted = {k: v for k, v in arrays.items() if not k.endswith("weights")}
    _, plain_grads = of_case(case, unweighted)
    assert_gradient(grads[0], arrays[f"{case['name']}/grad_pos"])
    weights = arrays["weights/neg_weights"]
    assert_gradient(grads[1], weights[:, None, None] * plain_grads[1])
    without_negatives, _ = of_case(case, arrays, sides=["pos"])
    positive = case["float32"]["positive_loss"]
    assert float(without_negatives.loss) == pytest.approx(positive, rel=LOSS)


def test_no_array_of_all_logits_is_made():
    hidden, table, targets = random_inputs(B=2, T=64, D=11, V=257)

    def loss(hidden, table):
        return conseq(hidden, table, targets, chunk_tokens=32).loss

    jaxpr = str(jax.make_jaxpr(jax.grad(loss, argnums=(0, 1)))(hidden, table))
    assert "[2,16,257]" in jaxpr  # one chunk
    for shape in ("[2,64,257]", "[2,2,64,257]", "[4,2,16,257]"):
        assert shape not in jaxpr


def test_an_unknown_variant_is_an_error():
    with pytest.raises(ValueError, match="hellinger is 3, expected 0, 1 or 2"):
        conseq(*random_inputs(), hellinger=3)
