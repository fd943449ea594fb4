"""The smoke variants of the training experiments, from data to model folder."""

import io
import math

import pytest

from quals_jax.checkpoints.model_folder import load_model_folder
from train.command import find_experiment
from train.loop import train


@pytest.mark.parametrize("name", ["denoise", "qagen_squad", "qagen_squad_newsqa"])
def test_smoke_variant_trains_and_exports(name, tmp_path):
    _, summary = train(find_experiment(f"{name}:smoke"), tmp_path, stream=io.StringIO())
    assert summary.step == summary.num_steps
    assert math.isfinite(summary.best_dev_loss)
    assert load_model_folder(tmp_path / "model").config.encoder_layers == 1
