"""The smoke variants of the training experiments, from data to model folder."""

import io
import math

import pytest

from quals_jax.checkpoints.model_folder import load_model_folder
from train.command import experiment_names, find_experiment
from train.loop import train

# Some experiments share their smoke variant; each is run once, under its first name.
_NAMES = {find_experiment(f"{name}:smoke"): name for name in reversed(experiment_names())}


@pytest.mark.parametrize("name", sorted(_NAMES.values()))
def test_smoke_variant_trains_and_exports(name, tmp_path):
    _, summary = train(find_experiment(f"{name}:smoke"), tmp_path, stream=io.StringIO())
    assert summary.step == summary.num_steps
    assert math.isfinite(summary.best_dev_loss)
    assert load_model_folder(tmp_path / "model").config.encoder_layers == 1
