"""A model folder of an encoder of pairs of texts: BERT with a head for spans or for classes.

>>> save_encoder_folder("models/answers", config, params, tokenizer)
>>> model = load_encoder_folder("models/answers")       # .config .params .tokenizer .settings

It is a Hugging Face folder (BertForQuestionAnswering or BertForSequenceClassification) plus
quals.json. The tokenizer is BERT's WordPiece, or a byte-level BPE as our own small models have.
Plain Hugging Face folders are read too. Nothing is ever downloaded.
"""

import dataclasses
from pathlib import Path
from typing import Any, Literal

from quals_jax.checkpoints.bert_huggingface import (
    params_from_bert,
    params_to_bert,
    read_bert_config,
    write_bert_config,
)
from quals_jax.checkpoints.folder_writing import new_folder
from quals_jax.checkpoints.huggingface import CONFIG_NAME, WEIGHTS_NAME, read_tensors, weight_files
from quals_jax.checkpoints.model_card import CARD_NAME, encoder_card
from quals_jax.checkpoints.model_folder import existing_folder, why_not_ours
from quals_jax.checkpoints.settings import (
    SETTINGS_NAME,
    EncoderSettings,
    read_settings,
    write_settings,
)
from quals_jax.checkpoints.tokenizer_files import write_pair_tokenizer
from quals_jax.checkpoints.weight_file import (
    CheckpointError,
    read_json_object,
    write_safetensors,
)
from quals_jax.models.bert_config import BertConfig
from quals_jax.text.pair_tokenizer import PairTokenizer
from quals_jax.text.tokenizer import Tokenizer
from quals_jax.text.word_piece import WordPieceTokenizer

_IDS = ("cls_id", "sep_id", "pad_id", "unk_id")


@dataclasses.dataclass(frozen=True)
class EncoderFolder:
    """A loaded model; ``left_out`` names tensors of its file that have no use here."""

    path: Path
    config: BertConfig
    params: dict[str, Any]
    tokenizer: PairTokenizer
    settings: EncoderSettings
    left_out: tuple[str, ...] = ()


def load_encoder_folder(
    folder: str | Path, dtype: Literal["float32", "bfloat16"] = "float32"
) -> EncoderFolder:
    """Loads a model folder and checks it completely; ``dtype`` is that of the matrix products.

    Raises:
        FileNotFoundError: no such folder, or files are missing in it.
        ValueError: damaged files, files of another model, another architecture, NaN in weights.
    """
    import jax.numpy as jnp
    from jax import tree

    path = existing_folder(folder)
    tokenizer = read_pair_tokenizer(path)
    config = read_bert_config(path, {name: getattr(tokenizer, name) for name in _IDS})
    _check_vocabulary(tokenizer, config, path)
    if (path / SETTINGS_NAME).is_file():
        settings = read_settings(path, EncoderSettings)
        settings.check(path, tokenizer.sha256)
    else:
        settings = EncoderSettings(source=f"Hugging Face {path.resolve().name}")
        settings = settings.with_hashes(path, tokenizer.sha256)
    try:
        settings = settings.completed(config)
    except ValueError as error:
        raise CheckpointError(f"{path / SETTINGS_NAME}: {error}") from error
    where = str(weight_files(path)[0])
    params, left_out = params_from_bert(read_tensors(path), config, where)
    params = tree.map(jnp.asarray, params)
    config = dataclasses.replace(config, dtype=dtype)
    return EncoderFolder(path, config, params, tokenizer, settings, tuple(left_out))


def save_encoder_folder(
    folder: str | Path,
    config: BertConfig,
    params: dict[str, Any],
    tokenizer: PairTokenizer,
    settings: EncoderSettings | None = None,
) -> EncoderSettings:
    """Writes a model folder at once and returns its settings with all hashes filled in.

    Raises as `save_model_folder` does.
    """
    path = Path(folder)
    _check_vocabulary(tokenizer, config, path)
    settings = (settings or EncoderSettings()).completed(config)
    with new_folder(path, owned=why_not_ours) as temporary:
        write_bert_config(temporary, config)
        write_safetensors(temporary / WEIGHTS_NAME, params_to_bert(params, config))
        write_pair_tokenizer(temporary, tokenizer, config.max_positions)
        settings = settings.with_hashes(temporary, tokenizer.sha256)
        (temporary / CARD_NAME).write_text(encoder_card(path.name, config, settings), "utf-8")
        write_settings(temporary, settings)
    return settings


def is_encoder_folder(folder: str | Path) -> bool:
    """Whether a folder's config.json says that it holds a BERT."""
    path = Path(folder) / CONFIG_NAME
    return path.is_file() and read_json_object(path).get("model_type") == "bert"


def read_pair_tokenizer(path: Path) -> Tokenizer | WordPieceTokenizer:
    """The tokenizer in a folder: byte-level BPE where there are merges, else WordPiece."""
    if (path / "merges.txt").is_file():
        return Tokenizer.from_folder(path)
    return WordPieceTokenizer.from_folder(path)


def _check_vocabulary(tokenizer: PairTokenizer, config: BertConfig, path: Path) -> None:
    if tokenizer.vocab_size > config.vocab_size:
        raise CheckpointError(
            f"{path}: the tokenizer has {tokenizer.vocab_size:,} tokens, the model only "
            f"{config.vocab_size:,}; they do not belong together"
        )
    for name in _IDS:
        if getattr(tokenizer, name) != getattr(config, name):
            raise CheckpointError(
                f"{path}: {name} is {getattr(tokenizer, name)} in the tokenizer and "
                f"{getattr(config, name)} in the model; they do not belong together"
            )
