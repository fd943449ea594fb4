"""The recorded models in ``tests/golden/models``, read from their fairseq checkpoints."""

import functools

from quals_jax.checkpoints.fairseq import fairseq_config, read_fairseq
from quals_jax.checkpoints.model_folder import ModelFolder, QualsSettings
from quals_jax.checkpoints.names import params_from_torch
from quals_jax.models.bart import Params
from quals_jax.models.config import BartConfig
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files


@functools.cache
def load(name: str) -> tuple[BartConfig, Params]:
    """Configuration and parameters of ``small_p1``, ``small_p2``, ``rand_p`` or ``full_p``."""
    path = golden_files.path(f"models/{name}/model.pt")
    args, tensors = read_fairseq(path)
    config = fairseq_config(args, tensors)
    return config, params_from_torch(tensors, config, str(path))


@functools.cache
def qagen(name: str = "full_p") -> ModelFolder:
    """The recorded toy QAGen with the part of BART's vocabulary that the recorded texts use."""
    config, params = load(name)
    folder = golden_files.path("bpe")
    settings = QualsSettings(separator_id=50259, weights_sha256="0" * 64).completed(config)
    return ModelFolder(folder, config, params, Tokenizer.from_folder(folder), settings)
