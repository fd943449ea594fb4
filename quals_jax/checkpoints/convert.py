"""Converts checkpoints of fairseq and Hugging Face to model folders, and model folders back.

>>> convert_checkpoint("checkpoint_best.pt", "models/qagen", tokenizer="gpt2_bpe")
>>> export_model("models/qagen", "to_upload")
"""

import dataclasses
from pathlib import Path
from typing import Any

from quals_jax.checkpoints.fairseq import (
    count_symbols,
    drop_mask_row,
    fairseq_config,
    read_fairseq,
)
from quals_jax.checkpoints.huggingface import (
    read_config,
    read_forced_bos,
    read_tensors,
    weight_files,
    weights_sha256,
)
from quals_jax.checkpoints.model_folder import load_model_folder, save_model_folder
from quals_jax.checkpoints.names import ignored_heads, params_from_torch
from quals_jax.checkpoints.settings import SETTINGS_NAME, QualsSettings
from quals_jax.checkpoints.weight_file import CheckpointError, WeightType, sha256_file
from quals_jax.models.config import BartConfig
from quals_jax.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class Conversion:
    """What `convert_checkpoint` did: the new folder and remarks for the user."""

    folder: Path
    config: BartConfig
    settings: QualsSettings
    notes: tuple[str, ...] = ()


def convert_checkpoint(
    source: str | Path,
    output: str | Path,
    *,
    tokenizer: str | Path | None = None,
    dictionary: str | Path | None = None,
    separator_id: int | None = None,
    add_bos: bool | None = None,
    max_source_tokens: int = 0,
    training_data: str = "",
    sha256: str | None = None,
) -> Conversion:
    """Writes the model folder ``output`` from a fairseq ``.pt`` file or a Hugging Face folder.

    Args:
        source: the file or folder.
        output: the folder to write; a model folder there is replaced, nothing else is.
        tokenizer: folder of the tokenizer files; None = beside the weights.
        dictionary: fairseq's dict.txt; None = beside the weights or the tokenizer, if there is one.
            It tells whether the token table has a row for ``<mask>``, which is dropped.
        separator_id: token between question and answer; None = the tokenizer's own.
        add_bos: sources begin with ``<s>``; None = no for fairseq, yes for Hugging Face.
        max_source_tokens: limit on BPE tokens of a source; 0 = what the positions allow.
        training_data: a sentence for the model card.
        sha256: expected hash of the source's weights (a legacy ``.pt`` has no checksums of its
            own, so a flipped bit is found only this way).

    Raises:
        FileNotFoundError: the source, its tokenizer or its dictionary is missing.
        ValueError: damaged, untrusted or not BART; the message has the file and the way out.
    """
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(f"there is no checkpoint {source}")
    read = _read_huggingface if source.is_dir() else _read_fairseq
    found = read(source, tokenizer, dictionary, sha256)
    settings = dataclasses.replace(
        found.settings,
        training_data=training_data or found.settings.training_data,
        max_source_tokens=max_source_tokens or found.settings.max_source_tokens,
    )
    if separator_id is not None:
        settings = dataclasses.replace(settings, separator_id=separator_id)
    if add_bos is not None:
        settings = dataclasses.replace(settings, add_bos=add_bos)
    settings = save_model_folder(output, found.config, found.params, found.tokenizer, settings)
    return Conversion(Path(output), found.config, settings, tuple(found.notes))


def export_model(
    model_dir: str | Path, output: str | Path, weights: WeightType = "float32"
) -> Path:
    """Writes a checked copy of a model folder, ready for transformers or for the hub.

    As float32 the weights have the values of ``model_dir``. Errors are those of
    `load_model_folder` and `save_model_folder`.
    """
    import jax

    model = load_model_folder(model_dir)
    params = jax.device_get(model.params)
    save_model_folder(output, model.config, params, model.tokenizer, model.quals, weights)
    return Path(output)


@dataclasses.dataclass(frozen=True)
class _Found:
    config: BartConfig
    params: dict[str, Any]
    tokenizer: Tokenizer
    settings: QualsSettings
    notes: list[str]


def _read_fairseq(
    path: Path, tokenizer: str | Path | None, dictionary: str | Path | None, sha256: str | None
) -> _Found:
    digest = _checked_sha256(path, sha256_file(path), sha256)
    args, tensors = read_fairseq(path)
    notes = _head_notes(list(tensors))
    tokenizer_folder = Path(tokenizer) if tokenizer is not None else path.parent
    dict_path = _find_dictionary(dictionary, path.parent, tokenizer_folder)
    rows = len(tensors.get("encoder.embed_tokens.weight", ()))
    if dict_path is not None:
        tensors = drop_mask_row(tensors, count_symbols(dict_path))
    config = fairseq_config(args, tensors)
    words = Tokenizer.from_folder(tokenizer_folder)
    if dict_path is None and words.mask_id == rows - 1:
        notes.append(
            f"no dict.txt was given or found, so all {rows:,} token rows are kept, <mask> among "
            "them as in bart.large; fairseq's fine-tuning and generation drop that row, which "
            "changes every probability a little: give its dict.txt to do the same"
        )
    if dict_path is not None and config.vocab_size == rows - 1:
        notes.append(f"the row of <mask>, {rows - 1}, is not in {dict_path.name} and was dropped")
    params = params_from_torch(tensors, config, str(path))
    settings = QualsSettings(source=f"fairseq {path.name}, sha256 {digest}")
    return _Found(config, params, words, settings, notes)


def _read_huggingface(
    folder: Path, tokenizer: str | Path | None, dictionary: str | Path | None, sha256: str | None
) -> _Found:
    if dictionary is not None:
        raise ValueError(
            f"dictionary is for fairseq's .pt files; {folder} is a Hugging Face folder"
        )
    digest = _checked_sha256(folder, weights_sha256(folder), sha256)
    if (folder / SETTINGS_NAME).is_file():
        model = load_model_folder(folder)
        config, params, settings, notes = model.config, model.params, model.quals, []
    else:
        config = read_config(folder)
        tensors = read_tensors(folder)
        notes = _head_notes(list(tensors))
        params = params_from_torch(tensors, config, str(weight_files(folder)[0]))
        settings = QualsSettings(
            add_bos=True,
            forced_bos_id=read_forced_bos(folder),
            source=f"Hugging Face {folder.resolve().name}, sha256 {digest}",
        )
    return _Found(config, params, Tokenizer.from_folder(tokenizer or folder), settings, notes)


def _checked_sha256(path: Path, found: str, expected: str | None) -> str:
    if expected is not None and found != expected.lower():
        raise CheckpointError(
            f"{path}: sha256 of the weights is {found}, expected {expected.lower()}; fetch it again"
        )
    return found


def _find_dictionary(dictionary: str | Path | None, *folders: Path) -> Path | None:
    if dictionary is not None:
        if not Path(dictionary).is_file():
            raise FileNotFoundError(f"there is no dictionary {dictionary}")
        return Path(dictionary)
    return next((f / "dict.txt" for f in folders if (f / "dict.txt").is_file()), None)


def _head_notes(names: list[str]) -> list[str]:
    heads = ignored_heads(names)
    return [f"left out {len(heads)} tensors of classification heads"] if heads else []
