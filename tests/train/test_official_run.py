"""The official trainer's runs, update by update, and the official gradients of a whole model."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quals_jax.checkpoints.names import params_to_torch
from tests import golden_models
from tests.golden_files import read_json, read_npz
from tests.tolerances import GRADIENT, LOSS, PARAMS
from train.config import ConSeqConfig
from train.conseq import conseq_loss
from train.optim import OptimConfig, make_optimizer
from train.schedules import ScheduleConfig
from train.step import Batch, Trainer, likelihood_loss

PAD = 1
RECORD = read_json("train.json")
OPTIM = OptimConfig(
    learning_rate=0.003,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.01,
    clip_norm=0.1,
    schedule=ScheduleConfig("polynomial_decay", warmup_steps=3, total_steps=20),
)
CONSEQ_OPTIM = dataclasses.replace(
    OPTIM, learning_rate=0.002, schedule=ScheduleConfig("polynomial_decay", total_steps=20)
)
# The second ConSeq run left total-num-update alone: a million.
SLOW = dataclasses.replace(CONSEQ_OPTIM.schedule, total_steps=1_000_000)
RUNS = {  # name: hellinger (None: likelihood alone), optimizer
    "mle": (None, OPTIM),
    "conseq_hell0": (0, CONSEQ_OPTIM),
    "conseq_hell1": (1, dataclasses.replace(CONSEQ_OPTIM, schedule=SLOW)),
}
GRADIENTS = [c for c in read_json("loss.json")["model_cases"] if c["model"] == RECORD["model"]]


@functools.cache
def trainer_of(hellinger, label_smoothing):
    """One trainer per loss, so that runs and gradients share what is compiled."""
    config, _ = golden_models.load(RECORD["model"])
    loss_fn = likelihood_loss(label_smoothing)
    if hellinger is not None:
        loss_fn = conseq_loss(ConSeqConfig(hellinger=hellinger), label_smoothing)
    optimizer, schedule = make_optimizer(dict(RUNS.values()).get(hellinger, OPTIM), num_steps=0)
    return Trainer(config, loss_fn, optimizer, schedule, dropout_key=None)


def make_batch(sources, *sides):
    """Sources with one target of each side, all padded to one shape so that one compile serves."""
    return Batch(padded(sources, 24), jnp.stack([padded(side, 16) for side in sides], axis=1))


def batches_of(update):
    """The recorded batches. The official code encodes the sources once for S+, once for S-."""
    for micro_batch in update["micro_batches"]:
        positive, *negative = micro_batch.values()
        assert all(side["src_tokens"] == positive["src_tokens"] for side in negative)
        sides = [side["target"] for side in (positive, *negative)]
        yield make_batch(positive["src_tokens"], *sides)


def padded(rows, width, num_rows=8):
    array = np.full((num_rows, width), PAD, np.int32)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return jnp.asarray(array)


def official_names(params, config):
    """The parameters under fairseq's names, the tied table once as ``encoder.embed_tokens``."""
    tensors = params_to_torch(params, config)
    del tensors["final_logits_bias"]
    tensors["model.encoder.embed_tokens.weight"] = tensors.pop("model.shared.weight")
    return {name.removeprefix("model."): value for name, value in tensors.items()}


@pytest.fixture(scope="module", params=RUNS)
def run(request):
    """Our run beside the recorded one: name, (metrics, parameters) after each update, records."""
    config, params = golden_models.load(RECORD["model"])
    trainer = trainer_of(RUNS[request.param][0], 0.1)
    state = trainer.init(jax.tree.map(jnp.asarray, params))
    recorded, done = RECORD["runs"][request.param]["updates"], []
    for update in recorded:
        state, metrics = trainer.update(state, list(batches_of(update)))
        done.append((metrics, official_names(jax.device_get(state.params), config)))
    assert trainer.num_compilations <= 3
    return request.param, done, recorded


def test_losses_sample_sizes_and_learning_rates_are_the_recorded_ones(run):
    _, updates, records = run
    for (metrics, _), recorded in zip(updates, records, strict=True):
        assert float(metrics.sums.loss) == pytest.approx(sum(recorded["micro_losses"]), rel=LOSS)
        assert float(metrics.sums.num_tokens) == recorded["sample_size"]
        assert float(metrics.learning_rate) == pytest.approx(recorded["lr_used"], rel=1e-6)


def test_gradient_norms_are_the_recorded_ones(run):
    _, updates, records = run
    for (metrics, _), recorded in zip(updates, records, strict=True):
        norm = recorded["grad_norm_before_clip"]
        assert float(metrics.grad_norm) == pytest.approx(norm, rel=LOSS)


def test_parameter_norms_after_every_update_are_the_recorded_ones(run):
    _, updates, records = run
    for (_, params), recorded in zip(updates, records, strict=True):
        norms = {name: float(np.linalg.norm(values)) for name, values in params.items()}
        assert norms == pytest.approx(recorded["param_norms_after"], rel=1e-4, abs=1e-5)


def test_final_parameters_are_the_recorded_ones(run):
    name, updates, _ = run
    final = {
        key.removeprefix(f"{name}/final/"): values
        for key, values in read_npz("train.npz").items()
        if key.startswith(f"{name}/")
    }
    assert final.keys() == updates[-1][1].keys()
    for key, values in updates[-1][1].items():
        # Adam turns the rounding that is a key bias's gradient (see below) into steps.
        tolerance = 10 * PARAMS if key.endswith("k_proj.bias") else PARAMS
        np.testing.assert_allclose(values, final[key], rtol=PARAMS, atol=tolerance, err_msg=key)


@pytest.mark.parametrize("case", GRADIENTS, ids=lambda case: case["name"])
def test_gradient_of_every_parameter_is_the_recorded_one(case):
    config, params = golden_models.load(case["model"])
    sides = [case[f"{side}_tokens"] for side in ("positive", "negative")]
    batch = make_batch(case["source_tokens"], *(side for side in sides if side is not None))
    trainer = trainer_of(case["use_hellinger_loss"], case["label_smoothing"])
    state = trainer.init(jax.tree.map(jnp.asarray, params))
    sums, grads = trainer.gradients(state.params, batch, state.step)
    assert float(sums.loss) == pytest.approx(case["loss"], rel=LOSS)
    assert float(sums.num_tokens) == case["sample_size"]
    grads = official_names(jax.device_get(grads), config)
    norm = np.sqrt(sum(np.square(g).sum() for g in grads.values()))
    assert norm == pytest.approx(case["grad_norm"], rel=LOSS)
    recorded = read_npz("loss_model_grads.npz")
    for name, grad in grads.items():
        expected = recorded[f"{case['name']}/{name}"]
        # A key bias shifts all scores of a query alike: its gradient is zero, and what is recorded
        # is rounding. It is compared on the scale of its kernel's gradient.
        expected_scale = recorded[f"{case['name']}/{name.replace('k_proj.bias', 'k_proj.weight')}"]
        scale = float(np.abs(expected_scale).max())
        np.testing.assert_allclose(grad, expected, atol=GRADIENT * scale, rtol=0, err_msg=name)
