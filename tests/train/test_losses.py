import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.golden_files import read_json, read_npz
from tests.tolerances import GRADIENT, LOSS
from train.losses import label_smoothed_nll

PAD = 1
PLAIN = [c for c in read_json("loss.json")["cases"] if "/plain_" in c["name"]]


@pytest.fixture(scope="module")
def arrays():
    return read_npz("loss.npz")


def from_logits(logits_BTV, target_BT, label_smoothing, **options):
    """The loss of given logits: decoder states times the identity are the logits."""
    table_VV = jnp.eye(logits_BTV.shape[-1])
    return label_smoothed_nll(
        logits_BTV[:, None],
        table_VV,
        target_BT[:, None],
        label_smoothing=label_smoothing,
        pad_id=PAD,
        **options,
    )


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["name"])
def test_loss_equals_the_official_criterion(case, arrays):
    tag = case["name"].split("/")[0]
    logits, target = arrays[f"{tag}/pos_logits"], jnp.asarray(arrays[f"{tag}/pos_target"])

    def loss(logits_BTV):
        sums = from_logits(logits_BTV, target, case["label_smoothing"], chunk_tokens=7)
        return sums.loss, sums

    grad, sums = jax.jit(jax.grad(loss, has_aux=True))(jnp.asarray(logits))
    recorded = case["float32"]
    assert float(sums.loss) == pytest.approx(recorded["loss"], rel=LOSS)
    assert float(sums.nll) == pytest.approx(recorded["logging_output"]["nll_loss"], rel=LOSS)
    assert int(sums.num_tokens) == recorded["sample_size"]
    expected = arrays[f"{case['name']}/grad_pos"]
    np.testing.assert_allclose(grad, expected, atol=GRADIENT * np.abs(expected).max())


def random_inputs(B=3, N=5, T=7, D=11, V=13):
    rng = np.random.default_rng(0)
    hidden = jnp.asarray(rng.standard_normal((B, N, T, D)), jnp.float32)
    table = jnp.asarray(rng.standard_normal((V, D)), jnp.float32)
    targets = rng.integers(2, V, (B, N, T))
    lengths = rng.integers(0, T + 1, (B, N))
    targets[np.arange(T) >= lengths[..., None]] = PAD
    return hidden, table, jnp.asarray(targets, jnp.int32)


def reference(hidden, table, targets, eps, weight):
    """The same loss, written without chunks and differentiated by JAX."""
    logp = jax.nn.log_softmax(jnp.einsum("bntd,vd->bntv", hidden, table))
    picked = jnp.take_along_axis(logp, targets[..., None], axis=-1)[..., 0]
    loss = -(1 - eps) * picked - eps / table.shape[0] * logp.sum(-1)
    return (loss * (targets != PAD) * weight[:, :, None]).sum()


@pytest.mark.parametrize("chunk_tokens", [1, 20, 10_000])
def test_chunks_change_neither_loss_nor_gradient(chunk_tokens):
    hidden, table, targets = random_inputs()
    weight = jnp.asarray(np.random.default_rng(1).standard_normal((3, 5)), jnp.float32)

    def chunked(hidden, table):
        sums = label_smoothed_nll(
            hidden,
            table,
            targets,
            label_smoothing=0.1,
            pad_id=PAD,
            weight_BN=weight,
            chunk_tokens=chunk_tokens,
        )
        return 3.0 * sums.loss

    value, grads = jax.jit(jax.value_and_grad(chunked, argnums=(0, 1)))(hidden, table)
    expected, expected_grads = jax.jit(
        jax.value_and_grad(lambda h, t: 3.0 * reference(h, t, targets, 0.1, weight), argnums=(0, 1))
    )(hidden, table)
    np.testing.assert_allclose(value, expected, rtol=LOSS)
    for grad, expected_grad in zip(grads, expected_grads, strict=True):
        scale = float(jnp.abs(expected_grad).max())
        np.testing.assert_allclose(grad, expected_grad, atol=GRADIENT * scale)


def test_the_value_is_the_same_with_and_without_gradient():
    hidden, table, targets = random_inputs()

    def sums(hidden):
        return label_smoothed_nll(hidden, table, targets, label_smoothing=0.1, pad_id=PAD)

    with_gradient = jax.value_and_grad(lambda h: (sums(h).loss, sums(h))[0])(hidden)[0]
    assert float(with_gradient) == float(sums(hidden).loss)


def test_correct_counts_real_tokens_whose_logit_is_largest():
    logits = jnp.asarray([[[0.0, 0, 5, 1], [0.0, 0, 1, 5], [0.0, 9, 1, 5]]])
    sums = from_logits(logits, jnp.asarray([[2, 2, PAD]]), 0.0)
    assert (float(sums.correct), float(sums.num_tokens)) == (1.0, 2.0)


def test_a_batch_of_padding_alone_has_loss_and_gradient_zero():
    hidden, table, targets = random_inputs()

    def loss(hidden):
        everything_padded = jnp.full_like(targets, PAD)
        return label_smoothed_nll(
            hidden, table, everything_padded, label_smoothing=0.1, pad_id=PAD
        ).loss

    value, grad = jax.jit(jax.value_and_grad(loss))(hidden)
    assert float(value) == 0.0
    assert not np.any(np.asarray(grad))


def test_no_array_of_all_logits_is_made():
    hidden, table, targets = random_inputs(B=2, N=3, T=64, D=11, V=257)

    def loss(hidden, table):
        return label_smoothed_nll(
            hidden, table, targets % 200 + 2, label_smoothing=0.1, pad_id=PAD, chunk_tokens=32
        ).loss

    jaxpr = str(jax.make_jaxpr(jax.grad(loss, argnums=(0, 1)))(hidden, table))
    assert "[2,16,257]" in jaxpr  # one chunk
    assert "[2,192,257]" not in jaxpr
    assert "[2,3,64,257]" not in jaxpr
    assert "[12,2,16,257]" not in jaxpr  # chunks stacked up by the scan
