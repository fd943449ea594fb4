"""Makes ``bpe/``: the part of BART's vocabulary that the recorded texts need, with its own ids.

    python -m tests.golden.make_bpe FOLDER

FOLDER holds the full vocab.json, merges.txt and fairseq_dict.txt (names and ids as in fairseq's
BART archive). Kept: every merge whose two tokens stand side by side at any moment while one of the
recorded texts is encoded, so those texts get the same ids as with the full files; all bytes,
special tokens and tokens whose ids are recorded. ``gpt2_ids.json`` gives the id here of each GPT-2
id (the official data files are written in those).
"""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import pre_tokenizers

from quals_jax.text.bpe_files import MASK_TOKEN, SPECIAL_TOKENS, byte_characters
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

GOLDEN = Path(__file__).parent
WORDS = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
ID_KEYS = {"toks", "tokens", "encode", "encode_no_bos", "dictionary_ids_with_eos"}


def texts_and_ids(value: Any, key: str = "") -> Iterator[str | int]:
    """All strings of a JSON value, and the whole numbers of lists of token ids."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_and_ids(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from texts_and_ids(item, key)
    elif type(value) is int and key in ID_KEYS:
        yield value


def recorded() -> Iterator[str | int]:
    """Every text and token id of the recorded files that the tokenizer meets."""
    for name in ("data.json", "e2e.json"):
        yield from texts_and_ids(golden_files.read_json(name))
    for path in sorted((GOLDEN / "e2e").rglob("*.*")):
        if path.is_dir():
            continue
        name = str(path.relative_to(GOLDEN)).removesuffix(".xz")
        for line in golden_files.read_text(name).splitlines():
            if line.startswith(("{", "[")):
                yield from texts_and_ids(json.loads(line))
            else:
                yield line


def words(text: str) -> set[str]:
    """Words as the tokenizer cuts them, whole text and line by line, with and without a blank."""
    found = set()
    for part in {text, text.strip(), *text.splitlines()}:
        for word, _ in WORDS.pre_tokenize_str(part):
            found |= {word, word.removeprefix("Ġ"), "Ġ" + word.removeprefix("Ġ")}
    return found - {""}


def neighbours(word: str, ranks: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Every pair of ``ranks`` that stands side by side while ``word`` is merged."""
    parts = list(word)
    seen = set()
    while True:
        pairs = {pair for pair in itertools.pairwise(parts) if pair in ranks}
        if not pairs:
            return seen
        seen |= pairs
        best = min(pairs, key=ranks.__getitem__)
        merged, i = [], 0
        while i < len(parts):
            if tuple(parts[i : i + 2]) == best:
                merged.append(parts[i] + parts[i + 1])
                i += 2
            else:
                merged.append(parts[i])
                i += 1
        parts = merged


def main(source: Path) -> None:
    full = Tokenizer.from_folder(source)
    vocab = json.loads((source / "vocab.json").read_text(encoding="utf-8"))
    lines = (source / "merges.txt").read_text(encoding="utf-8").split("\n")
    merges = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    ranks = {merge: rank for rank, merge in enumerate(merges)}

    items = list(recorded())
    texts = sorted({item for item in items if isinstance(item, str)})
    ids = {item for item in items if isinstance(item, int)}
    all_words = set().union(*map(words, texts))
    kept = set().union(*(neighbours(word, ranks) for word in sorted(all_words)))

    tokens = {*byte_characters(), *SPECIAL_TOKENS, MASK_TOKEN}
    for left, right in kept:
        tokens |= {left, right, left + right}
    # A recorded id may be made of merges that no text goes through; keep it without them.
    tokens |= {token for token, i in vocab.items() if i in ids or token.startswith("madeupword")}

    out = GOLDEN / "bpe"
    out.mkdir(exist_ok=True)
    small = {token: i for token, i in vocab.items() if token in tokens}
    (out / "vocab.json").write_text(
        json.dumps(small, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n"
    )
    kept_lines = [" ".join(merge) for merge in merges if merge in kept]
    (out / "merges.txt").write_text(
        "\n".join(["#version: 0.2", *kept_lines]) + "\n", encoding="utf-8", newline="\n"
    )
    names = (source / "fairseq_dict.txt").read_text(encoding="utf-8").splitlines()
    by_line = {4 + k: line.split(" ")[0] for k, line in enumerate(names)}
    kept_ids = sorted(small.values())
    gpt2 = {by_line[i]: i for i in kept_ids if by_line.get(i, "").isdigit()}
    (out / "gpt2_ids.json").write_text(json.dumps(gpt2) + "\n", encoding="utf-8")

    trimmed = Tokenizer.from_folder(out)
    for text in texts:
        if trimmed.encode(text) != full.encode(text):
            raise AssertionError(f"the trimmed vocabulary encodes this otherwise: {text[:200]!r}")
    print(f"{len(texts)} texts encode alike; kept {len(small)} tokens, {len(kept_lines)} merges")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
