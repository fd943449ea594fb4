"""Reads a fairseq BART checkpoint: its arguments, configuration and weights.

>>> args, tensors = read_fairseq(Path("checkpoint_best.pt"))
>>> tensors = drop_mask_row(tensors, count_symbols(Path("dict.txt")))
>>> params = params_from_torch(tensors, fairseq_config(args, tensors), "checkpoint_best.pt")

Both containers of PyTorch, half precision, and checkpoints with optimizer state (which is not
read) are accepted. See `pickle_reader` for why opening an untrusted file is safe.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quals_jax.checkpoints.pickle_values import Namespace
from quals_jax.checkpoints.torch_file import TorchFile
from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.models.config import BartConfig

NUM_SPECIAL_SYMBOLS = 4  # <s> <pad> </s> <unk> come before the lines of dict.txt
_TABLES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
_POSITIONS = "encoder.embed_positions.weight"
# What our BART computes; a checkpoint that says otherwise is another model.
_REQUIRED_ARGS = {
    "activation_fn": "gelu",
    "layernorm_embedding": True,
    "no_scale_embedding": True,
    "share_all_embeddings": True,
    "encoder_normalize_before": False,
    "decoder_normalize_before": False,
    "encoder_learned_pos": True,
    "decoder_learned_pos": True,
    "no_token_positional_embeddings": False,
    "no_cross_attention": False,
    "adaptive_softmax_cutoff": None,
    "adaptive_input": False,
    "cross_self_attention": False,
}


def read_fairseq(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Training arguments and weights (in their stored type) of a fairseq checkpoint.

    Arguments that are not plain values or lists of them are left out.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: not a fairseq checkpoint, damaged, or not to be trusted.
    """
    with TorchFile(path) as file:
        root = file.root
        if not isinstance(root, dict) or "model" not in root:
            keys = sorted(map(str, root))[:5] if isinstance(root, dict) else type(root).__name__
            raise CheckpointError(
                f"{path} is not a fairseq checkpoint: it has {keys}, expected the key 'model'"
            )
        return _plain_args(root.get("args"), path), file.tensors(root["model"])


def _plain_args(args: Any, path: Path) -> dict[str, Any]:
    attributes = args.attributes if isinstance(args, Namespace) else args
    if not isinstance(attributes, dict):
        raise CheckpointError(
            f"{path} has no training arguments (args), which tell the number of attention heads; "
            "checkpoints of fairseq 0.8 to 0.10 have them"
        )
    simple = (str, int, float, type(None))
    return {
        name: value
        for name, value in attributes.items()
        if isinstance(name, str)
        and (
            isinstance(value, simple)
            or (isinstance(value, list) and all(isinstance(item, simple) for item in value))
        )
    }


def fairseq_config(args: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> BartConfig:
    """The configuration of a fairseq BART from its arguments and the shapes of its tables.

    Raises CheckpointError for arguments of another architecture, or missing ones.
    """
    for name, expected in _REQUIRED_ARGS.items():
        value = args.get(name, expected)
        if value != expected:
            raise CheckpointError(
                f"the checkpoint was trained with {name}={value!r}; only BART ({name}={expected!r})"
                " can be read"
            )
    for name in (_TABLES[0], _POSITIONS):
        if name not in tensors or tensors[name].ndim != 2:
            raise CheckpointError(f"not a fairseq BART: there is no table {name}")
    return BartConfig(
        vocab_size=len(tensors[_TABLES[0]]),
        max_positions=len(tensors[_POSITIONS]) - 2,
        d_model=_size(args, "encoder_embed_dim"),
        encoder_layers=_size(args, "encoder_layers"),
        decoder_layers=_size(args, "decoder_layers"),
        encoder_heads=_size(args, "encoder_attention_heads"),
        decoder_heads=_size(args, "decoder_attention_heads"),
        encoder_ffn_dim=_size(args, "encoder_ffn_embed_dim"),
        decoder_ffn_dim=_size(args, "decoder_ffn_embed_dim"),
        dropout=_rate(args, "dropout"),
        attention_dropout=_rate(args, "attention_dropout"),
        # fairseq before 0.9 called it relu_dropout and keeps that name beside the new one.
        activation_dropout=_rate(args, "activation_dropout") or _rate(args, "relu_dropout"),
    )


def _size(args: Mapping[str, Any], name: str) -> int:
    value = args.get(name)
    if type(value) is not int:
        raise CheckpointError(f"not a fairseq BART: {name} is {value!r}")
    return value


def _rate(args: Mapping[str, Any], name: str) -> float:
    value = args.get(name, 0.0)
    if type(value) not in (int, float):
        raise CheckpointError(f"not a fairseq BART: {name} is {value!r}")
    return float(value)


def count_symbols(dict_path: Path) -> int:
    """Number of token ids of a fairseq ``dict.txt``, the four special ones included."""
    with dict_path.open(encoding="utf-8") as file:
        return NUM_SPECIAL_SYMBOLS + sum(bool(line.strip()) for line in file)


def drop_mask_row(tensors: Mapping[str, np.ndarray], num_symbols: int) -> dict[str, np.ndarray]:
    """The weights without the row of ``<mask>``, as fairseq's translation task loads them.

    The pre-training task of BART adds ``<mask>`` behind the dictionary; a model fine-tuned from
    bart.large has one row less. Exactly one extra row is dropped, any other difference is an error.
    """
    result = dict(tensors)
    for name in (*_TABLES, "decoder.output_projection.weight"):
        if name in result and len(result[name]) == num_symbols + 1:
            result[name] = result[name][:-1]
    rows = len(result[_TABLES[0]]) if _TABLES[0] in result else num_symbols
    if rows != num_symbols:
        raise CheckpointError(
            f"the dictionary has {num_symbols:,} symbols (4 special ones included) but the model "
            f"has {rows:,} token rows; give the dict.txt the model was trained with"
        )
    return result
