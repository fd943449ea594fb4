"""The smoke variants of the training experiments, from data to model folder."""

import io
import math

import pytest

from quals_jax.checkpoints.encoder_folder import is_encoder_folder, load_encoder_folder
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
    folder = tmp_path / "model"
    load = load_encoder_folder if is_encoder_folder(folder) else load_model_folder
    assert load(folder).config.encoder_layers == 1
