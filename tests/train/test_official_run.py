"""The official trainer's run `mle`, update by update, and its gradients of a whole model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.names import params_to_torch
from tests import golden_models
from tests.golden_files import read_json, read_npz
from tests.tolerances import GRADIENT, LOSS, PARAMS
from train.optim import OptimConfig, make_optimizer
from train.schedules import ScheduleConfig
from train.step import Batch, Trainer, likelihood_loss

PAD = 1
RECORD = read_json("train.json")
RUN = RECORD["runs"]["mle"]
OPTIM = OptimConfig(
    learning_rate=0.003,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.01,
    clip_norm=0.1,
    schedule=ScheduleConfig("polynomial_decay", warmup_steps=3, total_steps=20),
)


def batches_of(update):
    """The recorded batches, all padded to one shape so that one compilation serves them."""
    for micro_batch in update["micro_batches"]:
        batch = micro_batch["source-target"]
        yield Batch(padded(batch["src_tokens"], 8, 24), padded(batch["target"], 8, 16)[:, None])


def official_names(params, config):
    """The parameters under fairseq's names, the tied table once as ``encoder.embed_tokens``."""
    tensors = params_to_torch(params, config)
    del tensors["final_logits_bias"]
    tensors["model.encoder.embed_tokens.weight"] = tensors.pop("model.shared.weight")
    return {name.removeprefix("model."): value for name, value in tensors.items()}


@pytest.fixture(scope="module")
def trainer():
    config, _ = golden_models.load(RECORD["model"])
    optimizer, schedule = make_optimizer(OPTIM, num_steps=0)
    return Trainer(config, likelihood_loss(0.1), optimizer, schedule, dropout_key=None)


@pytest.fixture(scope="module")
def updates(trainer):
    """Our run: (metrics, parameters) after each update."""
    config, params = golden_models.load(RECORD["model"])
    state = trainer.init(jax.tree.map(jnp.asarray, params))
    done = []
    for update in RUN["updates"]:
        state, metrics = trainer.update(state, list(batches_of(update)))
        done.append((metrics, official_names(jax.device_get(state.params), config)))
    return done


def test_losses_sample_sizes_and_learning_rates_are_the_recorded_ones(updates):
    for (metrics, _), recorded in zip(updates, RUN["updates"], strict=True):
        assert float(metrics.sums.loss) == pytest.approx(sum(recorded["micro_losses"]), rel=LOSS)
        assert float(metrics.sums.num_tokens) == recorded["sample_size"]
        assert float(metrics.learning_rate) == pytest.approx(recorded["lr_used"], rel=1e-6)


def test_gradient_norms_are_the_recorded_ones(updates):
    for (metrics, _), recorded in zip(updates, RUN["updates"], strict=True):
        norm = recorded["grad_norm_before_clip"]
        assert float(metrics.grad_norm) == pytest.approx(norm, rel=LOSS)


def test_parameter_norms_after_every_update_are_the_recorded_ones(updates):
    for (_, params), recorded in zip(updates, RUN["updates"], strict=True):
        norms = {name: float(np.linalg.norm(values)) for name, values in params.items()}
        assert norms == pytest.approx(recorded["param_norms_after"], rel=1e-4, abs=1e-5)


def test_final_parameters_are_the_recorded_ones(updates):
    final = read_npz("train.npz")
    names = {n.removeprefix("mle/final/") for n in final if n.startswith("mle/")}
    assert names == set(updates[-1][1])
    for name, values in updates[-1][1].items():
        recorded = final[f"mle/final/{name}"]
        # Adam turns the rounding that is a key bias's gradient (see below) into steps.
        tolerance = 10 * PARAMS if name.endswith("k_proj.bias") else PARAMS
        np.testing.assert_allclose(values, recorded, rtol=PARAMS, atol=tolerance, err_msg=name)


def test_gradient_of_every_parameter_is_the_recorded_one(trainer):
    [case] = [c for c in read_json("loss.json")["model_cases"] if c["criterion"] == "plain"]
    assert (case["model"], case["label_smoothing"]) == (RECORD["model"], 0.1)
    recorded = read_npz("loss_model_grads.npz")
    config, params = golden_models.load(case["model"])
    batch = Batch(
        padded(case["source_tokens"], 8, 24), padded(case["positive_tokens"], 8, 16)[:, None]
    )
    sums, grads = trainer.gradients(jax.tree.map(jnp.asarray, params), batch, jnp.int32(0))
    assert float(sums.loss) == pytest.approx(case["loss"], rel=LOSS)
    assert float(sums.num_tokens) == case["sample_size"]
    grads = official_names(jax.device_get(grads), config)
    norm = np.sqrt(sum(np.square(g).sum() for g in grads.values()))
    assert norm == pytest.approx(case["grad_norm"], rel=LOSS)
    for name, grad in grads.items():
        expected = recorded[f"{case['name']}/{name}"]
        # A key bias shifts all scores of a query alike: its gradient is zero, and what is recorded
        # is rounding. It is compared on the scale of its kernel's gradient.
        expected_scale = recorded[f"{case['name']}/{name.replace('k_proj.bias', 'k_proj.weight')}"]
        scale = float(np.abs(expected_scale).max())
        np.testing.assert_allclose(grad, expected, atol=GRADIENT * scale, rtol=0, err_msg=name)


def padded(rows, num_rows, width):
    array = np.full((num_rows, width), PAD, np.int32)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return jnp.asarray(array)
