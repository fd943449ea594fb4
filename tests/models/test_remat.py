import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from quals_jax.models.bart import bind, init_params
from quals_jax.models.config import BartConfig
from tests.tolerances import GRADIENT
from train.step import compiler_options

CONFIG = BartConfig(
    vocab_size=31,
    d_model=8,
    encoder_layers=2,
    decoder_layers=1,
    encoder_heads=2,
    decoder_heads=2,
    encoder_ffn_dim=64,
    decoder_ffn_dim=64,
    max_positions=64,
    dropout=0.2,
    attention_dropout=0.0,
    init_std=0.3,
)


@pytest.fixture(scope="module")
def compiled():
    """By ``remat``: the compiled gradient of a loss over all hidden states, and its value."""
    rng = np.random.default_rng(0)
    src_BS = jnp.asarray(rng.integers(4, 31, (8, 53)), jnp.int32).at[1, 40:].set(CONFIG.pad_id)
    prev_BNT = jnp.asarray(rng.integers(4, 31, (8, 2, 17)), jnp.int32)
    params = init_params(CONFIG, 0)

    def gradient(remat):
        config = dataclasses.replace(CONFIG, remat=remat)

        def loss(params):
            model = bind(config, params)
            rngs = nnx.Rngs(dropout=7)
            mask_BS = src_BS != CONFIG.pad_id
            cross = model.cross_keys_values(model.encode(src_BS, mask_BS, rngs))
            hidden_BNTD = model.decode(prev_BNT, cross, mask_BS, rngs)
            return jnp.square(hidden_BNTD[..., 0]).mean()

        options = compiler_options(config)
        return jax.jit(jax.grad(loss), compiler_options=options).lower(params).compile()

    functions = {remat: gradient(remat) for remat in (False, True)}
    return functions, {remat: jax.device_get(f(params)) for remat, f in functions.items()}


def test_rematerialised_gradients_are_the_same_dropout_included(compiled):
    _, gradients = compiled
    plain, again = jax.tree.leaves(gradients[False]), jax.tree.leaves(gradients[True])
    # The gradient of the keys' biases is zero but for rounding: it is no scale to compare with.
    largest = max(np.abs(x).max() for x in plain)
    for x, y in zip(plain, again, strict=True):
        np.testing.assert_allclose(y, x, atol=GRADIENT * largest, rtol=0)


def test_rematerialisation_needs_less_memory(compiled):
    functions, _ = compiled
    plain, again = (functions[r].memory_analysis().temp_size_in_bytes for r in (False, True))
    assert again < 0.75 * plain
