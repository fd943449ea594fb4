"""The tokenizer files of a model folder, following the model's convention about ``<s>``."""

import json
from pathlib import Path
from typing import Any

from quals_jax.text.tokenizer import Tokenizer

TOKENIZER_NAMES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
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


def _update(path: Path, changes: dict[str, Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _end_only(eos_id: int) -> dict[str, Any]:
    """A post-processor that adds a final ``</s>`` to each text and nothing else."""
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "type": "TemplateProcessing",
        "single": [first, end],
        "pair": [first, end, second, end],
        "special_tokens": {"</s>": {"id": "</s>", "ids": [eos_id], "tokens": ["</s>"]}},
    }
