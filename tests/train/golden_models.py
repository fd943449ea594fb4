"""The recorded models as our parameters, and our parameters under the official names."""

import dataclasses
import functools

import numpy as np

from quals_jax.checkpoints.fairseq import fairseq_config, read_fairseq
from quals_jax.checkpoints.names import params_from_torch, params_to_torch
from quals_jax.models.bart import Params
from quals_jax.models.config import BartConfig
from tests.golden_files import path


@functools.cache
def golden_model(name: str) -> tuple[BartConfig, Params]:
    """Configuration (without dropout) and parameters of ``models/<name>``."""
    args, tensors = read_fairseq(path(f"models/{name}/model.pt"))
    config = dataclasses.replace(
        fairseq_config(args, tensors), dropout=0.0, attention_dropout=0.0, activation_dropout=0.0
    )
    return config, params_from_torch(tensors, config, name)


def official_names(params: Params, config: BartConfig) -> dict[str, np.ndarray]:
    """The parameters under fairseq's names, the tied table once as ``encoder.embed_tokens``."""
    tensors = params_to_torch(params, config)
    del tensors["final_logits_bias"]
    tensors["model.encoder.embed_tokens.weight"] = tensors.pop("model.shared.weight")
    return {name.removeprefix("model."): value for name, value in tensors.items()}
