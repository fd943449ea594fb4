import dataclasses
import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from tests.tolerances import BFLOAT16_LOSS, GRADIENT, LOSS
from train.optim import OptimConfig, make_optimizer
from train.step import Batch, Trainer, likelihood_loss

CONFIG = BartConfig(
    vocab_size=23,
    d_model=8,
    encoder_layers=1,
    decoder_layers=1,
    encoder_heads=2,
    decoder_heads=2,
    encoder_ffn_dim=13,
    decoder_ffn_dim=13,
    max_positions=16,
    dropout=0.2,
    attention_dropout=0.0,
    init_std=0.2,
)


def make_trainer(key, layout=None, config=CONFIG):
    optimizer, schedule = make_optimizer(OptimConfig(learning_rate=0.01), num_steps=50)
    return Trainer(config, likelihood_loss(0.1), optimizer, schedule, key, layout)


def random_batch(seed=0, rows=4):
    rng = np.random.default_rng(seed)
    src_BS = rng.integers(4, 23, (rows, 7)).astype(np.int32)
    src_BS[1, 5:] = 1
    targets_BNT = rng.integers(4, 23, (rows, 2, 5)).astype(np.int32)
    targets_BNT[0, 1, 3:] = 1
    targets_BNT[2, 0] = 1
    return Batch(jnp.asarray(src_BS), jnp.asarray(targets_BNT))


def rows_of(batch, rows, num_rows=4):
    """These rows, filled up with rows that only pad."""
    src = np.full_like(batch.src_BS[:num_rows], 1)
    src[:, 0] = 2
    targets = np.full_like(batch.targets_BNT[:num_rows], 1)
    src[: len(rows)], targets[: len(rows)] = batch.src_BS[rows, :], batch.targets_BNT[rows, :]
    return Batch(jnp.asarray(src), jnp.asarray(targets))


@pytest.fixture(scope="module")
def plain():
    return make_trainer(None)


@pytest.fixture(scope="module")
def dropped():
    return make_trainer(jax.random.key(3))


def first_state(trainer):
    return trainer.init(init_params(CONFIG, 0))


def params_after(trainer, batches):
    state, metrics = trainer.update(first_state(trainer), batches)
    return jax.device_get(state.params), jax.device_get(metrics)


def assert_close(a, b, tolerance):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, atol=tolerance, rtol=tolerance)


def test_accumulated_batches_with_rows_that_only_pad_equal_one_batch(plain):
    batch = random_batch()
    whole, metrics = params_after(plain, [batch])
    parts = [rows_of(batch, [0]), rows_of(batch, [1, 2, 3])]
    accumulated, sums = params_after(plain, parts)
    assert float(sums.sums.num_tokens) == float(metrics.sums.num_tokens) == 4 * 2 * 5 - 2 - 5
    np.testing.assert_allclose(sums.sums.loss, metrics.sums.loss, rtol=LOSS)
    np.testing.assert_allclose(sums.grad_norm, metrics.grad_norm, rtol=LOSS)
    assert_close(accumulated, whole, GRADIENT)


def test_dropout_follows_from_key_step_and_batch(dropped):
    def losses(trainer):
        state, found = first_state(trainer), []
        for _ in range(2):
            state, metrics = trainer.update(state, [random_batch(), random_batch()])
            found.append(float(metrics.sums.loss))
        return found

    once = losses(dropped)
    assert once == losses(dropped)
    # Two equal batches of one step do not get the same mask.
    doubled = 2 * float(params_after(dropped, [random_batch()])[1].sums.loss)
    assert once[0] != doubled


def test_dropout_changes_the_loss(plain, dropped):
    with_dropout = params_after(dropped, [random_batch()])[1].sums.loss
    assert float(with_dropout) != float(params_after(plain, [random_batch()])[1].sums.loss)


def test_an_update_takes_the_place_of_the_state_before(plain):
    state = first_state(plain)
    plain.update(state, [random_batch()])
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))


def test_bfloat16_products_train_float32_parameters_with_nearly_the_same_losses(plain):
    half = make_trainer(None, config=dataclasses.replace(CONFIG, dtype="bfloat16"))
    losses = {}
    for trainer in (plain, half):
        state, losses[trainer] = first_state(trainer), []
        for _ in range(12):
            state, metrics = trainer.update(state, [random_batch()])
            losses[trainer].append(float(metrics.sums.loss))
        floats = [x.dtype for x in jax.tree.leaves((state, metrics)) if x.dtype.kind not in "ib"]
        assert set(floats) == {jnp.dtype("float32")}
    assert losses[half] != losses[plain]
    assert losses[half][-1] < 0.9 * losses[half][0]
    np.testing.assert_allclose(losses[half], losses[plain], rtol=BFLOAT16_LOSS)


def test_each_shape_is_compiled_once():
    trainer = make_trainer(None)
    state = first_state(trainer)
    for _ in range(3):
        state, _ = trainer.update(state, [random_batch()])
    assert trainer.num_compilations == 2


_FOUR_DEVICES = """
import json, jax, numpy as np
from quals_jax.parallel.mesh import data_mesh, rows_to_devices
from quals_jax.parallel.rules import Layout
from tests.train.test_step import CONFIG, init_params, make_trainer, random_batch
from train.step import Batch
layout = Layout(mesh := data_mesh())
trainer = make_trainer(None, layout)
state = trainer.init(layout.place(init_params(CONFIG, 0)))
losses = []
for seed in range(3):
    batch = rows_to_devices(Batch(*map(np.asarray, random_batch(seed=seed))), mesh)
    state, metrics = trainer.update(state, [batch])
    losses.append(float(metrics.sums.loss))
sizes = [len(x.sharding.device_set) for x in jax.tree.leaves((state, batch))]
print(json.dumps({"losses": losses, "devices": sorted(set(sizes)),
                  "rows": batch.src_BS.addressable_shards[0].data.shape[0],
                  "compilations": trainer.num_compilations}))
"""


def test_four_devices_train_as_one_does(plain):
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "4"}
    done = subprocess.run(
        [sys.executable, "-c", _FOUR_DEVICES], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    state, losses = first_state(plain), []
    for seed in range(3):
        state, metrics = plain.update(state, [random_batch(seed=seed)])
        losses.append(float(metrics.sums.loss))
    np.testing.assert_allclose(found["losses"], losses, rtol=LOSS)
    assert (found["devices"], found["rows"], found["compilations"]) == ([4], 1, 2)
