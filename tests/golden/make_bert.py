"""Makes ``bert/``: what PyTorch's transformers says about tiny BERTs and their tokenizers.

Needs torch and transformers 4.56.2 in an environment of their own (neither is ever a dependency):

    pip install torch==2.13.0 transformers==4.56.2
    python tests/golden/make_bert.py tiny
    # With the project's own Python, so that the folder is written by this project:
    python -m tests.checkpoints.write_encoder EXPORT
    python tests/golden/make_bert.py export EXPORT          # bert/export.json

``span/`` (uncased) and ``classification/`` (cased) are folders as transformers writes them, one
with vocab.txt, one with tokenizer.json; ``tiny.json`` has tokens, character offsets and logits of
pairs of texts.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertTokenizerFast,
)

FOLDER = Path(__file__).parent / "bert"
PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] who where won the game in rome ann bo ##b ##ert lives Ann Bob "
    "Rome The a ##s ##t ##e ##r ##in ##g cafe caf ##é , . ? ' ! ( ) - 1 ##2 ##9 2 won ##der 東 京 "
    "[ ] s ##ep"
)
PAIRS = [
    ("Who won the game?", "Bob won the game in Rome."),
    ("where", "Ann's café, in Rome (1292)! Robert lives in the 東京-game; nobody won the aster."),
    ("Who  won\tthe\u00a0game ?", "[SEP] Ann\u200b lives. " + "Bob won the game in Rome, " * 9),
    ("?", "a"),
]
LABELS = ("CORRECT", "INCORRECT")
OPTIONS = {
    "vocab_size": 48,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 96,
}


def fill(model: torch.nn.Module, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            values = 0.2 * rng.standard_normal(tuple(parameter.shape))
            if "Norm" in name and name.endswith("weight"):
                values += 1.0
            parameter.copy_(torch.from_numpy(values))


def outputs(model: torch.nn.Module, tokenizer, first: str, second: str) -> dict:
    """Every pair alone, so that no padding enters."""
    # Our tokenizer never reads special ids out of a text, so neither must this one.
    encoded = tokenizer(first, second, split_special_tokens=True, return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")
    with torch.no_grad():
        found = model(**{name: torch.tensor([values]) for name, values in encoded.items()})
    names = ("start_logits", "end_logits") if "start_logits" in found else ("logits",)
    return {
        "first": first,
        "second": second,
        "ids": encoded["input_ids"],
        "segments": encoded["token_type_ids"],
        "offsets": offsets,
        **{name: found[name][0].tolist() for name in names},
    }


def make_tiny() -> None:
    pieces = list(dict.fromkeys(PIECES.split()))
    recorded: dict = {"versions": versions()}
    for name, kind, lower, seed, labels in (
        ("span", BertForQuestionAnswering, True, 5, {}),
        (
            "classification",
            BertForSequenceClassification,
            False,
            6,
            {
                "id2label": {0: "CORRECT", 1: "INCORRECT"},
                "label2id": {"CORRECT": 0, "INCORRECT": 1},
            },
        ),
    ):
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        vocab = folder / "vocab.txt"
        vocab.write_text("\n".join(pieces) + "\n", encoding="utf-8")
        tokenizer = BertTokenizerFast(vocab_file=str(vocab), do_lower_case=lower)
        model = kind(BertConfig(**{**OPTIONS, "vocab_size": len(pieces)}, **labels)).eval()
        fill(model, seed)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        # One folder has tokenizer.json, the other only what older ones have.
        (folder / ("tokenizer.json" if name == "span" else "vocab.txt")).unlink()
        (folder / "special_tokens_map.json").unlink()
        recorded[name] = [outputs(model, tokenizer, *pair) for pair in PAIRS]
    write("tiny.json", recorded)


def make_export(export: Path) -> None:
    """A folder that this project wrote, read by transformers with its own tokenizer."""
    model, loading = BertForQuestionAnswering.from_pretrained(export, output_loading_info=True)
    assert not any(loading.values()), loading
    tokenizer = AutoTokenizer.from_pretrained(export)
    pairs = json.loads((export.parent / "pairs.json").read_text())
    found = [outputs(model.eval(), tokenizer, *pair) for pair in pairs]
    write("export.json", {"versions": versions(), "pairs": found})


def write(name: str, content: dict) -> None:
    text = json.dumps(content, ensure_ascii=False)
    (FOLDER / name).write_text(text + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    return {"torch": torch.__version__, "transformers": transformers.__version__}


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:] == ["tiny"]:
        make_tiny()
    elif sys.argv[1:2] == ["export"] and len(sys.argv) == 3:
        make_export(Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
