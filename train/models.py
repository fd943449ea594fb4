"""The models that can be trained, BART and BERT, behind one set of functions."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

from quals_jax.checkpoints.encoder_folder import (
    is_encoder_folder,
    load_encoder_folder,
    read_pair_tokenizer,
    save_encoder_folder,
)
from quals_jax.checkpoints.huggingface import read_config
from quals_jax.checkpoints.model_folder import load_model_folder, save_model_folder
from quals_jax.checkpoints.settings import EncoderSettings, QualsSettings
from quals_jax.models import bart, bert
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig
from quals_jax.models.copying import copying_params
from quals_jax.models.parameters import Params
from quals_jax.text.tokenizer import Tokenizer
from quals_jax.text.word_piece import WordPieceTokenizer

ModelConfig = BartConfig | BertConfig
AnyTokenizer = Tokenizer | WordPieceTokenizer

# What two models may differ in and still have the same parameters.
_NOT_SIZES = {
    "dropout",
    "attention_dropout",
    "activation_dropout",
    "init_std",
    "dtype",
    "remat",
}


def bind(config: ModelConfig, params: Params) -> bart.Bart | bert.Bert:
    """The model with these parameters; costs nothing under ``jit``."""
    if isinstance(config, BertConfig):
        return bert.bind(config, params)
    return bart.bind(config, params)


def param_shapes(config: ModelConfig) -> Params:
    """The parameter tree with ``jax.ShapeDtypeStruct`` leaves."""
    if isinstance(config, BertConfig):
        return bert.param_shapes(config)
    return bart.param_shapes(config)


def with_token_ids(config: ModelConfig, tokenizer: AnyTokenizer, init_from: str) -> ModelConfig:
    """The configuration with the ids of the tokenizer and a row for each of its tokens."""
    if isinstance(config, BertConfig):
        names, size = ("cls_id", "sep_id", "pad_id", "unk_id"), tokenizer.vocab_size
    else:
        assert isinstance(tokenizer, Tokenizer)
        names, size = ("bos_id", "eos_id", "pad_id", "unk_id"), tokenizer.vocab_size
        if init_from:
            # Weights converted from fairseq have no row for <mask>.
            rows = read_config(Path(init_from)).vocab_size
            without_mask = size - (tokenizer.mask_id == size - 1)
            size = rows if rows == without_mask else size
    ids: dict[str, Any] = {name: getattr(tokenizer, name) for name in names}
    return dataclasses.replace(config, vocab_size=size, **ids)


def tokenizer_of(folder: str, config: ModelConfig) -> AnyTokenizer:
    """The tokenizer in a folder; WordPiece for BERT only."""
    if isinstance(config, BertConfig):
        return read_pair_tokenizer(Path(folder))
    return Tokenizer.from_folder(folder)


def first_params(
    config: ModelConfig,
    init_from: str,
    seed: int,
    init: Literal["random", "copying"] = "random",
) -> Params:
    """The parameters of a model folder, or where none is named those that ``init`` describes.

    Raises ValueError where the folder's model does not fit ``config``.
    """
    if not isinstance(config, BertConfig):
        if not init_from:
            draw = copying_params if init == "copying" else bart.init_params
            return draw(config, seed)
        folder = load_model_folder(init_from)
        _check_sizes(config, folder.config, init_from, _NOT_SIZES)
        return folder.params
    if not init_from:
        return bert.init_params(config, seed)
    if not is_encoder_folder(init_from):
        return bert.params_from_bart(config, load_model_folder(init_from).params, seed)
    encoder = load_encoder_folder(init_from)
    same_head = (encoder.config.head, encoder.config.labels) == (config.head, config.labels)
    _check_sizes(config, encoder.config, init_from, {*_NOT_SIZES, "head", "labels"})
    if same_head:
        return encoder.params
    fresh = bert.init_params(config, seed)
    return {name: encoder.params[name] if _is_body(name) else fresh[name] for name in fresh}


def save_model(
    folder: Path,
    config: ModelConfig,
    params: Params,
    tokenizer: AnyTokenizer,
    settings: QualsSettings | EncoderSettings,
) -> None:
    """Writes the model folder of either kind."""
    if isinstance(config, BertConfig):
        assert isinstance(settings, EncoderSettings)
        save_encoder_folder(folder, config, params, tokenizer, settings)
    else:
        assert isinstance(settings, QualsSettings)
        assert isinstance(tokenizer, Tokenizer)
        save_model_folder(folder, config, params, tokenizer, settings)


def _is_body(name: str) -> bool:
    return name not in ("head", "pooler")


def _check_sizes(config: ModelConfig, found: ModelConfig, where: str, free: set[str]) -> None:
    names = [field.name for field in dataclasses.fields(config) if field.name not in free]
    wrong = [
        f"model.{name} is {getattr(config, name)}, there {getattr(found, name)}"
        for name in names
        if getattr(found, name) != getattr(config, name)
    ]
    if wrong:
        raise ValueError(f"init_from {where} does not fit: {'; '.join(wrong)}")
