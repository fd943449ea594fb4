"""The tokenizer files of a model folder, following the model's convention about ``<s>``."""

import json
from pathlib import Path
from typing import Any

from quals_jax.text.pair_tokenizer import PairTokenizer
from quals_jax.text.tokenizer import Tokenizer
from quals_jax.text.word_piece import WordPieceTokenizer

TOKENIZER_NAMES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
)


def write_tokenizer(folder: Path, tokenizer: Tokenizer, add_bos: bool, max_tokens: int) -> None:
    """Writes the tokenizer for us and for transformers.

    Without ``add_bos`` transformers' tokenizer must not put ``<s>`` first either, or a model
    trained without it is silently fed other sources; BartTokenizer always does, so the folder then
    names the general class, which follows tokenizer.json.
    """
    tokenizer.save(folder, max_tokens=max_tokens)
    if not add_bos:
        _update(folder / "tokenizer.json", {"post_processor": _end_only(tokenizer.eos_id)})
        changes = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            # Without this the general class also returns token_type_ids, which BART refuses.
            "model_input_names": ["input_ids", "attention_mask"],
        }
        _update(folder / "tokenizer_config.json", changes)


def write_pair_tokenizer(folder: Path, tokenizer: PairTokenizer, max_tokens: int) -> None:
    """Writes the tokenizer of an encoder of pairs, for us and for transformers.

    A byte-level BPE then joins pairs as BERT does, not with BART's ``</s></s>``.
    """
    if isinstance(tokenizer, WordPieceTokenizer):
        tokenizer.save(folder, max_tokens=max_tokens)
        return
    assert isinstance(tokenizer, Tokenizer)
    tokenizer.save(folder, max_tokens=max_tokens)
    processor = _bert_pairs(tokenizer.cls_id, tokenizer.sep_id)
    _update(folder / "tokenizer.json", {"post_processor": processor})
    changes = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    }
    _update(folder / "tokenizer_config.json", changes)


def _update(path: Path, changes: dict[str, Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _end_only(eos_id: int) -> dict[str, Any]:
    """A post-processor that adds a final ``</s>`` to each text and nothing else."""
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return _template([first, end], [first, end, second, end], {"</s>": eos_id})


def _bert_pairs(cls_id: int, sep_id: int) -> dict[str, Any]:
    """``<s> A </s> B </s>``, the second text and its end in segment 1."""
    start = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    first = [start, *({kind: {"id": i, "type_id": 0}} for kind, i in _text_and_end("A"))]
    second = [{kind: {"id": i, "type_id": 1}} for kind, i in _text_and_end("B")]
    return _template(first, first + second, {"<s>": cls_id, "</s>": sep_id})


def _text_and_end(name: str) -> list[tuple[str, str]]:
    return [("Sequence", name), ("SpecialToken", "</s>")]


def _template(single: list[Any], pair: list[Any], special: dict[str, int]) -> dict[str, Any]:
    tokens = {name: {"id": name, "ids": [i], "tokens": [name]} for name, i in special.items()}
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": pair,
        "special_tokens": tokens,
    }
