"""BERT with a head in a Hugging Face folder: config.json and tensor names.

>>> config = read_bert_config(Path("bert-large-squad"))
>>> params, left_out = params_from_bert(read_tensors(folder), config, "model.safetensors")

Read are BertForQuestionAnswering and BertForSequenceClassification, which the names of the tensors
tell apart; also BERT's old names of the norms' parameters, ``gamma`` and ``beta``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quals_jax.checkpoints.huggingface import CONFIG_NAME, write_json
from quals_jax.checkpoints.names import Wanted, tensors_of_tree, tree_of_tensors
from quals_jax.checkpoints.weight_file import CheckpointError, read_json_object
from quals_jax.models.bert_config import BertConfig, HeadName

# Our field -> Hugging Face's key and its default there.
_KEYS: dict[str, tuple[str, int | float]] = {
    "vocab_size": ("vocab_size", 30522),
    "d_model": ("hidden_size", 768),
    "encoder_layers": ("num_hidden_layers", 12),
    "encoder_heads": ("num_attention_heads", 12),
    "encoder_ffn_dim": ("intermediate_size", 3072),
    "max_positions": ("max_position_embeddings", 512),
    "num_segments": ("type_vocab_size", 2),
    "dropout": ("hidden_dropout_prob", 0.1),
    "attention_dropout": ("attention_probs_dropout_prob", 0.1),
    "init_std": ("initializer_range", 0.02),
    "norm_eps": ("layer_norm_eps", 1e-12),
}
_MARK_SHARED = "quals_mark_shared"  # ours, absent elsewhere
_REQUIRED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
_ARCHITECTURES: dict[HeadName, str] = {
    "span": "BertForQuestionAnswering",
    "classification": "BertForSequenceClassification",
}
_HEADS: dict[HeadName, str] = {"span": "qa_outputs", "classification": "classifier"}
# Of pre-training, or of no use here: question answering has no pooler.
_LEFT_OUT = re.compile(r"cls\.|bert\.embeddings\.position_ids$")

_LAYER = {
    "self_attn/q_proj": "attention.self.query",
    "self_attn/k_proj": "attention.self.key",
    "self_attn/v_proj": "attention.self.value",
    "self_attn/out_proj": "attention.output.dense",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
    "self_attn_layer_norm": "attention.output.LayerNorm",
    "final_layer_norm": "output.LayerNorm",
}


def read_bert_config(folder: Path, tokenizer_ids: Mapping[str, int]) -> BertConfig:
    """The configuration of a BERT folder; ``tokenizer_ids`` are cls_id, sep_id, pad_id, unk_id.

    The head is what config.json's ``architectures`` says. Raises FileNotFoundError, or
    CheckpointError for another architecture or unusable values.
    """
    path = folder / CONFIG_NAME
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {CONFIG_NAME}; it is not a model folder")
    content = read_json_object(path)
    for key, expected in _REQUIRED.items():
        if content.get(key, expected) != expected:
            raise CheckpointError(
                f"{path} has {key}: {content[key]!r}; only BERT ({key}: {expected!r}) can be read "
                "here"
            )
    head = _head(content, path)
    fields: dict[str, Any] = dict(tokenizer_ids)
    for field, (key, default) in _KEYS.items():
        value = content.get(key, default)
        if type(value) is not int and (isinstance(default, int) or type(value) is not float):
            raise CheckpointError(f"{path}: {key} is {value!r}, expected a number")
        fields[field] = value
    fields["mark_shared"] = content.get(_MARK_SHARED, False) is True
    labels = _labels(content, path) if head == "classification" else ()
    try:
        return BertConfig(**fields, head=head, labels=labels)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def write_bert_config(folder: Path, config: BertConfig) -> None:
    """Writes config.json for transformers."""
    content: dict[str, Any] = {
        "architectures": [_ARCHITECTURES[config.head]],
        **_REQUIRED,
        **{key: getattr(config, field) for field, (key, _) in _KEYS.items()},
        "pad_token_id": config.pad_id,
        "torch_dtype": "float32",
    }
    if config.mark_shared:  # transformers reads such a folder when it is given our segments
        content[_MARK_SHARED] = True
    if config.head == "classification":
        content["id2label"] = {str(i): label for i, label in enumerate(config.labels)}
        content["label2id"] = {label: i for i, label in enumerate(config.labels)}
    write_json(folder / CONFIG_NAME, content)


def params_from_bert(
    tensors: Mapping[str, np.ndarray], config: BertConfig, where: str
) -> tuple[dict[str, Any], list[str]]:
    """Our parameter tree (float32), strictly, and the names of tensors that were left out.

    Left out are the heads of pre-training and the pooler of a model with a span head. Raises
    CheckpointError for missing, unknown or differently shaped tensors and for bad values.
    """
    wanted = _wanted(config)
    found, left_out = {}, []
    for name, values in tensors.items():
        name = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name)
        name = re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name)
        is_pooler = config.head == "span" and name.startswith("bert.pooler.")
        if _LEFT_OUT.match(name) or is_pooler:
            left_out.append(name)
        else:
            found[name] = values
    return tree_of_tensors(wanted, found, where), sorted(left_out)


def params_to_bert(params: Mapping[str, Any], config: BertConfig) -> dict[str, np.ndarray]:
    """Hugging Face's tensors of a parameter tree; CheckpointError where it does not fit."""
    return tensors_of_tree(_wanted(config), params)


def _head(content: Mapping[str, Any], path: Path) -> HeadName:
    named = content.get("architectures") or []
    for head, architecture in _ARCHITECTURES.items():
        if architecture in named:
            return head
    raise CheckpointError(
        f"{path} has architectures: {named}; only {' and '.join(_ARCHITECTURES.values())} can be "
        "read"
    )


def _labels(content: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    names = content.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    numbers = [str(i) for i in range(len(names))]
    if not isinstance(names, dict) or sorted(names) != sorted(numbers):
        raise CheckpointError(f"{path}: id2label is {names!r}, expected names of 0, 1, ...")
    return tuple(str(names[number]) for number in numbers)


def _wanted(config: BertConfig) -> Wanted:
    D, F = config.d_model, config.encoder_ffn_dim
    wanted: dict[str, tuple[str, tuple[int, ...]]] = {}

    def table(path: str, name: str, rows: int) -> None:
        wanted[f"bert.embeddings.{name}.weight"] = (f"{path}/embedding", (rows, D))

    def norm(path: str, name: str) -> None:
        wanted[f"{name}.weight"] = (f"{path}/scale", (D,))
        wanted[f"{name}.bias"] = (f"{path}/bias", (D,))

    def linear(path: str, name: str, d_in: int, d_out: int) -> None:
        wanted[f"{name}.weight"] = (f"{path}/kernel", (d_out, d_in))
        wanted[f"{name}.bias"] = (f"{path}/bias", (d_out,))

    table("words", "word_embeddings", config.vocab_size)
    table("positions", "position_embeddings", config.max_positions)
    table("segments", "token_type_embeddings", config.num_segments)
    norm("layernorm_embedding", "bert.embeddings.LayerNorm")
    for i in range(config.encoder_layers):
        for path, name in _LAYER.items():
            path, name = f"layers_{i}/{path}", f"bert.encoder.layer.{i}.{name}"
            if path.endswith("_norm"):
                norm(path, name)
            else:
                d_in, d_out = {"fc1": (D, F), "fc2": (F, D)}.get(path[-3:], (D, D))
                linear(path, name, d_in, d_out)
    if config.head == "classification":
        linear("pooler", "bert.pooler.dense", D, D)
    linear("head", _HEADS[config.head], D, config.num_outputs)
    return wanted
