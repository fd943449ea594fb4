"""A model folder: weights, configuration, tokenizer and conventions of one model.

>>> save_model_folder("models/qagen", config, params, tokenizer)
>>> model = load_model_folder("models/qagen")        # .config .params .tokenizer .quals

It is a Hugging Face folder (PyTorch's transformers reads it) plus quals.json. Plain Hugging Face
folders are read too, with Hugging Face's conventions. Nothing is ever downloaded.
"""

import dataclasses
import os
from pathlib import Path
from typing import Any, Literal

from quals_jax.checkpoints.folder_writing import new_folder
from quals_jax.checkpoints.huggingface import (
    CONFIG_NAME,
    GENERATION_NAME,
    WEIGHTS_NAME,
    read_config,
    read_forced_bos,
    read_params,
    write_config,
    write_params,
)
from quals_jax.checkpoints.model_card import CARD_NAME, model_card
from quals_jax.checkpoints.settings import (
    SETTINGS_NAME,
    QualsSettings,
    read_settings,
    write_settings,
)
from quals_jax.checkpoints.tokenizer_files import TOKENIZER_NAMES, write_tokenizer
from quals_jax.checkpoints.weight_file import CheckpointError, WeightType
from quals_jax.models.config import BartConfig
from quals_jax.text.tokenizer import Tokenizer

__all__ = ["ModelFolder", "QualsSettings", "load_model_folder", "save_model_folder"]

_OUR_FILES = {
    *(CONFIG_NAME, GENERATION_NAME, WEIGHTS_NAME, CARD_NAME, SETTINGS_NAME),
    *TOKENIZER_NAMES,
}


@dataclasses.dataclass(frozen=True)
class ModelFolder:
    """A loaded model: configuration, parameters (float32 arrays), tokenizer and conventions."""

    path: Path
    config: BartConfig
    params: dict[str, Any]
    tokenizer: Tokenizer
    quals: QualsSettings


def load_model_folder(
    folder: str | Path, dtype: Literal["float32", "bfloat16"] = "float32"
) -> ModelFolder:
    """Loads a model folder and checks it completely; ``dtype`` is that of the matrix products.

    Raises:
        FileNotFoundError: no such folder, or files are missing in it.
        ValueError: damaged files, files of another model, another architecture, NaN in weights.
    """
    import jax.numpy as jnp
    from jax import tree

    path = existing_folder(folder)
    config = dataclasses.replace(read_config(path), dtype=dtype)
    tokenizer = Tokenizer.from_folder(path)
    _check_vocabulary(tokenizer, config, path)
    quals = _checked_settings(path, tokenizer, config)
    params = tree.map(jnp.asarray, read_params(path, config))
    return ModelFolder(path, config, params, tokenizer, quals)


def save_model_folder(
    folder: str | Path,
    config: BartConfig,
    params: dict[str, Any],
    tokenizer: Tokenizer,
    settings: QualsSettings | None = None,
    weights: WeightType = "float32",
) -> QualsSettings:
    """Writes a model folder at once and returns its settings with all hashes filled in.

    A folder written by this function may be replaced; anything else is left alone. ``weights`` is
    the type of the numbers in the file; those of `load_model_folder` are float32 whatever it is.

    Raises:
        FileExistsError: there is something at ``folder`` that is not ours.
        ValueError: the parameters, the tokenizer or the settings do not fit ``config``.
    """
    path = Path(folder)
    _check_vocabulary(tokenizer, config, path)
    settings = (settings or QualsSettings()).completed(config)
    with new_folder(path, owned=why_not_ours) as temporary:
        write_config(temporary, config, settings.forced_bos_id, weights)
        write_params(temporary, config, params, weights)
        write_tokenizer(temporary, tokenizer, settings.add_bos, config.max_positions)
        settings = settings.with_hashes(temporary, tokenizer.sha256)
        card = model_card(path.name, config, settings, weights)
        (temporary / CARD_NAME).write_text(card, "utf-8")
        write_settings(temporary, settings)
    return settings


def why_not_ours(folder: Path) -> str:
    """Why a folder must not be replaced; empty if it holds nothing but files we wrote."""
    if not (folder / SETTINGS_NAME).is_file():
        return f"it has no {SETTINGS_NAME}, so it was not written by quals-jax"
    others = sorted({path.name for path in folder.iterdir()} - _OUR_FILES)
    return f"it holds other files: {', '.join(others[:5])}" if others else ""


def existing_folder(folder: str | Path) -> Path:
    """The folder; FileNotFoundError says what is there instead, or how to fetch a model."""
    path = Path(folder)
    if path.is_dir():
        return path
    if path.exists():
        raise FileNotFoundError(
            f"{path} is a file, expected a model folder; convert a checkpoint with `quals convert`"
        )
    hint = ""
    if not path.is_absolute() and len(path.parts) <= 2:
        hint = (
            " Nothing is downloaded here: fetch a model of the Hugging Face hub with "
            f"`hf download {path.as_posix()} --local-dir DIR` and give DIR."
        )
    raise FileNotFoundError(f"there is no model folder {os.path.abspath(path)}.{hint}")


def _check_vocabulary(tokenizer: Tokenizer, config: BartConfig, path: Path) -> None:
    """Refuses a tokenizer of another model; a last ``<mask>`` may lack its row, as in fairseq."""
    size = tokenizer.vocab_size - (tokenizer.mask_id == config.vocab_size)
    if size > config.vocab_size:
        raise CheckpointError(
            f"{path}: the tokenizer has {tokenizer.vocab_size:,} tokens, the model only "
            f"{config.vocab_size:,}; they do not belong together"
        )
    for name in ("bos_id", "pad_id", "eos_id", "unk_id"):
        if getattr(tokenizer, name) != getattr(config, name):
            raise CheckpointError(
                f"{path}: {name} is {getattr(tokenizer, name)} in the tokenizer and "
                f"{getattr(config, name)} in the model; they do not belong together"
            )


def _checked_settings(path: Path, tokenizer: Tokenizer, config: BartConfig) -> QualsSettings:
    """The settings of a folder whose files are those it was written with."""
    if not (path / SETTINGS_NAME).is_file():
        settings = QualsSettings(
            add_bos=True,
            forced_bos_id=read_forced_bos(path),
            source=f"Hugging Face {path.resolve().name}",
        )
        return settings.with_hashes(path, tokenizer.sha256).completed(config)
    settings = read_settings(path)
    settings.check(path, tokenizer.sha256)
    try:
        return settings.completed(config)
    except ValueError as error:
        raise CheckpointError(f"{path / SETTINGS_NAME}: {error}") from error
