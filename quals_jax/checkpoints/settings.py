"""quals.json: what a model folder says about its model beyond the files of Hugging Face."""

import dataclasses
from pathlib import Path
from typing import Any, TypeVar

from quals_jax.checkpoints.folder_hashes import FolderHashes
from quals_jax.checkpoints.huggingface import write_json
from quals_jax.checkpoints.weight_file import CheckpointError, read_json_object
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig

SETTINGS_NAME = "quals.json"
_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class QualsSettings(FolderHashes):
    """Conventions and origin of a model; `FolderHashes` are filled in when a folder is written.

    Attributes:
        separator_id: the token between question and answer; None = the tokenizer's own, if any.
        add_bos: sources begin with ``<s>`` (Hugging Face's habit; fairseq's has none).
        forced_bos_id: token id that every output begins with, or None.
        max_source_tokens: BPE tokens of a source, special ones not counted; 0 = `max_positions` - 2
            (1022, fairseq's limit), filled in when a folder is written.
        training_data: a sentence about what the model was trained on.
        source: the file the weights were converted from, with its sha256; empty = trained here.
    """

    separator_id: int | None = None
    add_bos: bool = False
    forced_bos_id: int | None = None
    max_source_tokens: int = 0
    training_data: str = ""
    source: str = ""

    def completed(self, config: BartConfig) -> "QualsSettings":
        """With `max_source_tokens` filled in; ValueError for ids or lengths the model lacks."""
        for name in ("separator_id", "forced_bos_id"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < config.vocab_size:
                raise ValueError(
                    f"{name} is {value}, but the model has token ids 0 to {config.vocab_size - 1}"
                )
        limit = config.max_positions - 2
        if not 0 <= self.max_source_tokens <= limit or limit < 1:
            raise ValueError(
                f"max_source_tokens is {self.max_source_tokens}, but the model has room for {limit}"
            )
        return dataclasses.replace(self, max_source_tokens=self.max_source_tokens or limit)


@dataclasses.dataclass(frozen=True)
class EncoderSettings(FolderHashes):
    """Conventions and origin of an encoder of pairs of texts.

    Attributes:
        max_tokens: of a pair, special ids counted; 0 = all positions, filled in when a folder is
            written.
        training_data, source: as in `QualsSettings`.
    """

    max_tokens: int = 0
    training_data: str = ""
    source: str = ""

    def completed(self, config: BertConfig) -> "EncoderSettings":
        """With `max_tokens` filled in; ValueError for more than the model has positions."""
        if not 0 <= self.max_tokens <= config.max_positions:
            raise ValueError(
                f"max_tokens is {self.max_tokens}, but the model has {config.max_positions} "
                "positions"
            )
        return dataclasses.replace(self, max_tokens=self.max_tokens or config.max_positions)


Settings = TypeVar("Settings", bound=FolderHashes)


def read_settings(folder: Path, kind: type[Settings] = QualsSettings) -> Settings:
    """Reads quals.json.

    Raises CheckpointError for unknown or missing keys and wrong types, naming the file.
    """
    path = folder / SETTINGS_NAME
    content = read_json_object(path)
    if content.pop("format", None) != _FORMAT:
        raise CheckpointError(
            f"{path} is not of format {_FORMAT}: written by another version of quals-jax; update it"
        )
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if content.keys() != fields.keys():
        raise CheckpointError(
            f"{path} has wrong keys: missing {sorted(fields.keys() - content.keys())}, unknown "
            f"{sorted(content.keys() - fields.keys())}; convert or fetch the model again"
        )
    for name, value in content.items():
        allowed = {"separator_id": (int, type(None)), "forced_bos_id": (int, type(None))}
        types = allowed.get(name, (type(fields[name].default),))
        if type(value) not in types:
            raise CheckpointError(f"{path}: {name} is {value!r}, expected {types[0].__name__}")
    return kind(**content)


def write_settings(folder: Path, settings: FolderHashes) -> None:
    """Writes quals.json."""
    content: dict[str, Any] = {"format": _FORMAT, **dataclasses.asdict(settings)}
    write_json(folder / SETTINGS_NAME, content)
