"""What a BART begins its training with."""

import dataclasses

import jax
import numpy as np
import pytest

from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.models.copying import copying_params
from train.command import find_experiment
from train.models import first_params

CONFIG = dataclasses.replace(BartConfig.tiny(vocab_size=50), d_model=32, encoder_ffn_dim=64)


@pytest.mark.parametrize(("init", "draw"), [("random", init_params), ("copying", copying_params)])
def test_parameters_are_drawn_as_init_says(init, draw):
    found = first_params(CONFIG, "", 7, init)
    jax.tree.map(np.testing.assert_array_equal, found, draw(CONFIG, 7))


def test_parameters_come_from_one_place_only():
    experiment = find_experiment("open_qagen")
    assert experiment.init_from
    with pytest.raises(ValueError, match="init is copying, but init_from names a folder"):
        dataclasses.replace(experiment, init="copying")


def test_a_bert_cannot_copy():
    with pytest.raises(ValueError, match="init is copying, but model is a BertConfig"):
        dataclasses.replace(find_experiment("qa_squad"), init="copying")
