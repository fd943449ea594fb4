"""BART in a Hugging Face folder: config.json, generation_config.json and weights.

>>> config = read_config(Path("bart-base"))
>>> params = read_params(Path("bart-base"), config)
>>> write_config(folder, config); write_params(folder, config, params)

Hugging Face numbers positions from the left edge, padding included, so it agrees with fairseq and
with us on right-padded sources only.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from quals_jax.checkpoints.names import params_from_torch, params_to_torch
from quals_jax.checkpoints.torch_file import TorchFile
from quals_jax.checkpoints.weight_file import (
    CheckpointError,
    WeightType,
    read_json_object,
    read_safetensors,
    sha256_file,
    write_safetensors,
)
from quals_jax.models.config import BartConfig

CONFIG_NAME = "config.json"
GENERATION_NAME = "generation_config.json"
WEIGHTS_NAME = "model.safetensors"
_INDEX_NAME = "model.safetensors.index.json"
_PICKLE_NAME = "pytorch_model.bin"

# Our field -> Hugging Face's key.
_KEYS = {
    "vocab_size": "vocab_size",
    "d_model": "d_model",
    "encoder_layers": "encoder_layers",
    "decoder_layers": "decoder_layers",
    "encoder_heads": "encoder_attention_heads",
    "decoder_heads": "decoder_attention_heads",
    "encoder_ffn_dim": "encoder_ffn_dim",
    "decoder_ffn_dim": "decoder_ffn_dim",
    "max_positions": "max_position_embeddings",
    "dropout": "dropout",
    "attention_dropout": "attention_dropout",
    "activation_dropout": "activation_dropout",
    "init_std": "init_std",
    "bos_id": "bos_token_id",
    "pad_id": "pad_token_id",
    "eos_id": "eos_token_id",
}
# BartConfig of transformers leaves keys out that have its default value.
_DEFAULTS = {
    "vocab_size": 50265,
    "d_model": 1024,
    "encoder_layers": 12,
    "decoder_layers": 12,
    "encoder_attention_heads": 16,
    "decoder_attention_heads": 16,
    "encoder_ffn_dim": 4096,
    "decoder_ffn_dim": 4096,
    "max_position_embeddings": 1024,
    "dropout": 0.1,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "init_std": 0.02,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
# What our BART computes; a folder that says otherwise holds another model.
_REQUIRED = {
    "model_type": "bart",
    "activation_function": "gelu",
    "scale_embedding": False,
    "tie_word_embeddings": True,
    "is_encoder_decoder": True,
    "normalize_before": False,
    "normalize_embedding": True,
    "add_final_layer_norm": False,
    "static_position_embeddings": False,
    "extra_pos_embeddings": 2,
}


def read_config(folder: Path) -> BartConfig:
    """The configuration of a Hugging Face BART folder.

    Raises FileNotFoundError, or CheckpointError for another architecture or unusable values.
    """
    path = folder / CONFIG_NAME
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {CONFIG_NAME}; it is not a model folder")
    content = read_json_object(path)
    for key, expected in _REQUIRED.items():
        if content.get(key, expected) != expected:
            raise CheckpointError(
                f"{path} has {key}: {content[key]!r}; only BART ({key}: {expected!r}) can be read"
            )
    fields = {field: content.get(key, _DEFAULTS[key]) for field, key in _KEYS.items()}
    start = content.get("decoder_start_token_id", fields["eos_id"])
    if start != fields["eos_id"]:
        raise CheckpointError(f"{path}: the decoder starts at {start}, not at </s> as BART's does")
    for field, value in fields.items():
        whole = isinstance(_DEFAULTS[_KEYS[field]], int)
        if type(value) is not int and (whole or type(value) is not float):
            raise CheckpointError(f"{path}: {_KEYS[field]} is {value!r}, expected a number")
    try:
        return BartConfig(**fields)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def read_forced_bos(folder: Path) -> int | None:
    """The token id that every output begins with (``<s>`` in bart-large-cnn), if there is one."""
    content: dict[str, Any] = {}
    for name in (CONFIG_NAME, GENERATION_NAME):  # the second one overrides
        if (folder / name).is_file():
            content |= read_json_object(folder / name)
    forced = content.get("forced_bos_token_id")
    if forced is None and content.get("force_bos_token_to_be_generated"):
        forced = content.get("bos_token_id", 0)
    if forced is not None and type(forced) is not int:
        raise CheckpointError(f"{folder}: forced_bos_token_id is {forced!r}, expected a token id")
    return forced


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights: safetensors in one or several files, else PyTorch's.

    Raises FileNotFoundError where there are none, CheckpointError for a bad index.
    """
    if (folder / WEIGHTS_NAME).is_file():
        return [folder / WEIGHTS_NAME]
    if (folder / _INDEX_NAME).is_file():
        return [folder / name for name in sorted(set(_read_index(folder).values()))]
    if (folder / _PICKLE_NAME).is_file():
        return [folder / _PICKLE_NAME]
    found = sorted(path.name for path in folder.iterdir())
    raise FileNotFoundError(
        f"{folder} has no {WEIGHTS_NAME}, {_INDEX_NAME} or {_PICKLE_NAME} (found {found[:10]}); "
        "fetch the weights too"
    )


def weights_sha256(folder: Path) -> str:
    """sha256 of the weight file; of names and hashes where there are several."""
    files = weight_files(folder)
    if len(files) == 1:
        return sha256_file(files[0])
    for path in files:
        if not path.is_file():
            raise FileNotFoundError(f"no weight file {path}, which {_INDEX_NAME} names")
    listing = "".join(f"{sha256_file(path)}  {path.name}\n" for path in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def read_params(folder: Path, config: BartConfig) -> dict[str, Any]:
    """The parameter tree, float32 NumPy arrays, checked against ``config``."""
    return params_from_torch(read_tensors(folder), config, str(weight_files(folder)[0]))


def read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """All tensors by Hugging Face's names, in their stored type."""
    files = weight_files(folder)
    if files[0].name == _PICKLE_NAME:
        with TorchFile(files[0]) as file:
            return file.tensors(file.root)
    if files == [folder / WEIGHTS_NAME]:
        return read_safetensors(files[0])
    index = _read_index(folder)
    tensors: dict[str, np.ndarray] = {}
    for path in files:
        shard = read_safetensors(path)
        named = {name for name, file in index.items() if file == path.name}
        if shard.keys() != named:
            odd = sorted(shard.keys() ^ named)[:5]
            raise CheckpointError(
                f"{path} and {_INDEX_NAME} disagree about {odd}; fetch both again"
            )
        tensors |= shard
    return tensors


def _read_index(folder: Path) -> dict[str, str]:
    path = folder / _INDEX_NAME
    index = read_json_object(path).get("weight_map")
    if not isinstance(index, dict) or not index:
        raise CheckpointError(f"{path} has no weight_map; fetch it again")
    for name in index.values():
        if not isinstance(name, str) or not name or Path(name).name != name or "\\" in name:
            raise CheckpointError(f"{path} names {name!r}, which is not a file of this folder")
    return index


def write_config(
    folder: Path,
    config: BartConfig,
    forced_bos_id: int | None = None,
    weights: WeightType = "float32",
) -> None:
    """Writes config.json and generation_config.json for transformers."""
    ids = {
        "bos_token_id": config.bos_id,
        "decoder_start_token_id": config.eos_id,
        "eos_token_id": config.eos_id,
        "forced_bos_token_id": forced_bos_id,
        # transformers' own default would replace the probability of the last </s> by 1.
        "forced_eos_token_id": None,
        "pad_token_id": config.pad_id,
    }
    content = {
        "architectures": ["BartForConditionalGeneration"],
        **_REQUIRED,  # transformers knows half of them by now; CTranslate2 asks for the rest
        **{key: getattr(config, field) for field, key in _KEYS.items()},
        **ids,
        "num_hidden_layers": config.encoder_layers,
        "torch_dtype": weights,
    }
    write_json(folder / CONFIG_NAME, content)
    write_json(folder / GENERATION_NAME, ids)


def write_params(
    folder: Path, config: BartConfig, params: Any, weights: WeightType = "float32"
) -> None:
    """Writes model.safetensors; the same parameters give the same bytes.

    bfloat16 is half as large; numbers are rounded to 8 bits of precision, to even.
    """
    import ml_dtypes  # noqa: F401  registers the name "bfloat16" with NumPy

    tensors = params_to_torch(params, config)
    stored = {name: value.astype(weights, copy=False) for name, value in tensors.items()}
    write_safetensors(folder / WEIGHTS_NAME, stored)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes JSON with sorted keys."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
