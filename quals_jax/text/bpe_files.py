"""Reads and writes the files of a byte-level BPE vocabulary.

Three layouts are read: ``tokenizer.json`` (Hugging Face), ``vocab.json`` + ``merges.txt`` (GPT-2,
BART) and ``dict.txt`` + ``encoder.json`` + ``vocab.bpe`` (fairseq's BART archives)::

    bpe = read_bpe_files("models/bart")
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0..3 wherever BART is used
MASK_TOKEN = "<mask>"


@dataclass(frozen=True)
class BpeFiles:
    """Token strings with their ids, and merges in order of rank (the first is applied first)."""

    vocab: dict[str, int]
    merges: list[tuple[str, str]]


def byte_characters() -> dict[str, int]:
    """The printable character that stands for each byte in GPT-2's vocabulary files."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + position): byte for position, byte in enumerate(others)
    }


def read_bpe_files(folder: str | Path) -> BpeFiles:
    """The vocabulary in ``folder``.

    Raises FileNotFoundError when no layout is complete, ValueError for files that are not a
    byte-level BPE vocabulary or that are cut short.
    """
    folder = Path(folder)
    if (folder / "tokenizer.json").is_file():
        where, files = folder / "tokenizer.json", _read_tokenizer_json(folder / "tokenizer.json")
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        where = folder / "vocab.json"
        files = BpeFiles(_read_vocab(where), _read_merges(folder / "merges.txt"))
    elif all((folder / name).is_file() for name in ("dict.txt", "encoder.json", "vocab.bpe")):
        where, files = folder / "dict.txt", _read_fairseq(folder)
    else:
        found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else "no folder"
        raise FileNotFoundError(
            f"{folder}: no tokenizer files (found {found}); give a folder with tokenizer.json, or "
            "vocab.json and merges.txt, or fairseq's dict.txt, encoder.json and vocab.bpe"
        )
    check_bpe(files, where)
    return files


def check_bpe(files: BpeFiles, where: str | Path) -> None:
    """Raises ValueError unless every byte and special token is there and merges fit the tokens."""
    vocab = files.vocab
    ids = set(vocab.values())
    if len(ids) != len(vocab) or any(type(i) is not int or i < 0 for i in ids):
        raise ValueError(f"{where}: token ids must be distinct whole numbers from 0 up")
    required = [*SPECIAL_TOKENS, *byte_characters()]
    missing = [token for token in required if token not in vocab]
    if missing:
        raise ValueError(
            f"{where}: not a byte-level BPE vocabulary of BART's kind: {len(missing)} special or "
            f"byte tokens are missing, first {missing[:5]}"
        )
    for rank, (left, right) in enumerate(files.merges):
        for token in (left, right, left + right):
            if token not in vocab:
                raise ValueError(
                    f"{where}: merge {rank} ({left!r}, {right!r}) needs the token {token!r}, which "
                    "is not in the vocabulary; the two files do not belong together"
                )
    # Tokens that no merge makes are reserved ones, of which there are few in every vocabulary.
    made = {left + right for left, right in files.merges}
    unreachable = [t for t in vocab if len(t) > 1 and t not in made and not t.startswith("<")]
    if len(unreachable) > max(8, len(vocab) // 50):
        raise ValueError(
            f"{where}: no merge makes {len(unreachable)} of {len(vocab)} tokens, such as "
            f"{unreachable[:3]}; the merges are cut short or belong to another vocabulary"
        )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a UTF-8 JSON file ({error}); copy it again") from error


def _read_vocab(path: Path) -> dict[str, int]:
    vocab = _read_json(path)
    if not isinstance(vocab, dict):
        raise ValueError(f"{path}: expected an object of token strings to ids")
    return vocab


def _read_merges(path: Path) -> list[tuple[str, str]]:
    merges = []
    # Not splitlines: byte characters such as U+0085 are line ends for it.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line or (number == 1 and line.startswith("#version")):
            continue
        parts = line.split(" ")
        if len(parts) != 2:
            raise ValueError(f"{path}, line {number}: expected two tokens, got {line!r}")
        merges.append((parts[0], parts[1]))
    return merges


def _read_tokenizer_json(path: Path) -> BpeFiles:
    content = _read_json(path)
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or model.get("type", "BPE") != "BPE" or "merges" not in model:
        raise ValueError(f"{path}: not a BPE tokenizer; BART's is a byte-level BPE")
    before = content.get("pre_tokenizer") or {}
    if content.get("normalizer") or before.get("type") != "ByteLevel":
        raise ValueError(
            f"{path}: expected the pre-tokenizer ByteLevel and no normalizer, got "
            f"{before.get('type')} and {content.get('normalizer')}"
        )
    if before.get("add_prefix_space", False):
        raise ValueError(f"{path}: add_prefix_space is set, which BART's tokenizer does not do")
    vocab = dict(model["vocab"])
    for token in content.get("added_tokens", []):
        vocab[token["content"]] = token["id"]
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
    if any(len(merge) != 2 for merge in merges):
        raise ValueError(f"{path}: a merge does not consist of two tokens")
    return BpeFiles(vocab, [(left, right) for left, right in merges])


def _read_fairseq(folder: Path) -> BpeFiles:
    """dict.txt line k (from 0) holds a GPT-2 id and a count; its token gets the id k + 4."""
    names = {str(number): token for token, number in _read_vocab(folder / "encoder.json").items()}
    lines = (folder / "dict.txt").read_text(encoding="utf-8").splitlines()
    vocab = {token: i for i, token in enumerate(SPECIAL_TOKENS)}
    for number, line in enumerate(lines, start=1):
        name = line.rsplit(" ", 1)[0]
        token = names.get(name, name)
        if token == name and not name.startswith("madeupword"):
            raise ValueError(
                f"{folder / 'dict.txt'}, line {number}: GPT-2 id {name!r} is not in encoder.json"
            )
        vocab[token] = number + 3
    vocab.setdefault(MASK_TOKEN, len(vocab))
    return BpeFiles(vocab, _read_merges(folder / "vocab.bpe"))


def write_bpe_files(folder: str | Path, files: BpeFiles, *, max_tokens: int) -> None:
    """Writes what Hugging Face's BartTokenizer reads; ``max_tokens`` counts ``<s>`` and ``</s>``.

    tokenizer.json, vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json; the
    same files give the same bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    vocab = dict(sorted(files.vocab.items(), key=lambda item: item[1]))
    names = {
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
    }
    names |= {"mask_token": MASK_TOKEN} if MASK_TOKEN in vocab else {}
    config = {
        "add_prefix_space": False,
        "errors": "replace",
        "model_max_length": max_tokens,
        "tokenizer_class": "BartTokenizer",
        "trim_offsets": True,
    } | names
    merges = "".join(f"{left} {right}\n" for left, right in files.merges)
    texts = {
        "tokenizer.json": _dump(_tokenizer_json(vocab, files.merges)),
        "vocab.json": _dump(vocab, indent=None),
        "merges.txt": f"#version: 0.2\n{merges}",
        "tokenizer_config.json": _dump(config),
        "special_tokens_map.json": _dump(names),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _dump(value: Any, indent: int | None = 1) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"


def _tokenizer_json(vocab: Mapping[str, int], merges: list[tuple[str, str]]) -> dict[str, Any]:
    specials = [token for token in (*SPECIAL_TOKENS, MASK_TOKEN) if token in vocab]
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": vocab[token],
                "content": token,
                "single_word": False,
                "lstrip": token == MASK_TOKEN,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for token in specials
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "RobertaProcessing",
            "sep": ["</s>", vocab["</s>"]],
            "cls": ["<s>", vocab["<s>"]],
            "trim_offsets": True,
            "add_prefix_space": False,
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": [list(merge) for merge in merges],
        },
    }
