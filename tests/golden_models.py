"""The recorded models in ``tests/golden/models``, read from their fairseq checkpoints."""

import functools

from quals_jax.checkpoints.fairseq import fairseq_config, read_fairseq
from quals_jax.checkpoints.names import params_from_torch
from quals_jax.models.bart import Params
from quals_jax.models.config import BartConfig
from tests import golden_files


@functools.cache
def load(name: str) -> tuple[BartConfig, Params]:
    """Configuration and parameters of ``small_p1``, ``small_p2``, ``rand_p`` or ``full_p``."""
    path = golden_files.path(f"models/{name}/model.pt")
    args, tensors = read_fairseq(path)
    config = fairseq_config(args, tensors)
    return config, params_from_torch(tensors, config, str(path))
