"""BERT's WordPiece tokenizer, cased or uncased, from a model folder.

    tokenizer = WordPieceTokenizer.from_folder("bert-large-squad")
    ids, offsets = tokenizer.encode_with_offsets(["Ann lives in Rome."])[0]

Ids are those of transformers' BertTokenizer, except that text never becomes a special id: "[SEP]"
in a document is three tokens, as every other text in brackets.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from quals_jax.text.pair_tokenizer import TokenizedText

_SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]"}
_MAX_WORD = 100  # characters; a longer word is unknown


@dataclasses.dataclass(frozen=True)
class WordPieceRules:
    """What happens to a text before it is cut into pieces, by transformers' names."""

    do_lower_case: bool = True
    strip_accents: bool | None = None  # None: as do_lower_case
    tokenize_chinese_chars: bool = True


class WordPieceTokenizer:
    """Token ids of texts; attributes as `PairTokenizer` lists them."""

    def __init__(
        self,
        vocab: Mapping[str, int],
        rules: WordPieceRules = WordPieceRules(),
        where: str | Path = "vocabulary",
    ):
        missing = [token for token in _SPECIAL.values() if token not in vocab]
        if missing:
            raise ValueError(f"{where}: not a WordPiece vocabulary of BERT's kind: no {missing}")
        if len(set(vocab.values())) != len(vocab):
            raise ValueError(f"{where}: token ids must be distinct")
        self.pad_id, self.unk_id, self.cls_id, self.sep_id = (vocab[t] for t in _SPECIAL.values())
        self.vocab_size = max(vocab.values()) + 1
        self._vocab, self._rules = dict(vocab), rules
        model = models.WordPiece(
            self._vocab, unk_token=_SPECIAL["unk"], max_input_chars_per_word=_MAX_WORD
        )
        self._engine = tokenizers.Tokenizer(model)
        self._engine.normalizer = normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=rules.tokenize_chinese_chars,
            strip_accents=rules.strip_accents,
            lowercase=rules.do_lower_case,
        )
        self._engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    @classmethod
    def from_folder(cls, folder: str | Path) -> "WordPieceTokenizer":
        """Reads tokenizer.json, or vocab.txt with tokenizer_config.json (uncased without it).

        Raises FileNotFoundError where neither is there, ValueError for another kind of tokenizer.
        """
        folder = Path(folder)
        path = folder / "tokenizer.json"
        if path.is_file():
            return cls(*_read_tokenizer_json(path), path)
        path = folder / "vocab.txt"
        if not path.is_file():
            raise FileNotFoundError(
                f"{folder} has neither tokenizer.json nor vocab.txt; fetch the tokenizer files too"
            )
        lines = path.read_text(encoding="utf-8").split("\n")
        tokens = [line.removesuffix("\r") for line in lines]
        vocab = {token: i for i, token in enumerate(tokens) if token or i < len(tokens) - 1}
        return cls(vocab, _read_rules(folder / "tokenizer_config.json"), path)

    def save(self, folder: Path, *, max_tokens: int) -> None:
        """Writes vocab.txt and tokenizer_config.json, which `from_folder` and transformers read."""
        tokens = {i: token for token, i in self._vocab.items()}
        lines = [tokens.get(i, f"[unused-{i}]") for i in range(self.vocab_size)]
        names = {f"{name}_token": token for name, token in _SPECIAL.items()}
        config = {
            **dataclasses.asdict(self._rules),
            **names,
            "mask_token": "[MASK]",
            "model_max_length": max_tokens,
            "tokenizer_class": "BertTokenizer",
        }
        text = json.dumps(config, indent=1, sort_keys=True) + "\n"
        for name, content in (
            ("vocab.txt", "\n".join(lines) + "\n"),
            ("tokenizer_config.json", text),
        ):
            (folder / name).write_text(content, encoding="utf-8", newline="\n")

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal digest of the vocabulary and the rules."""
        tokens = sorted(self._vocab.items(), key=lambda item: item[1])
        return hashlib.sha256(
            json.dumps([tokens, dataclasses.asdict(self._rules)]).encode()
        ).hexdigest()

    def encode_with_offsets(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Tokens of every text; see `PairTokenizer`."""
        for text in texts:
            text.encode("utf-8")  # a lone surrogate fails here, with its place
        encodings = self._engine.encode_batch(list(texts), add_special_tokens=False)
        return [TokenizedText(encoding.ids, encoding.offsets) for encoding in encodings]


def _read_rules(path: Path) -> WordPieceRules:
    if not path.is_file():
        return WordPieceRules()
    content = _read_object(path)
    names = [field.name for field in dataclasses.fields(WordPieceRules)]
    return WordPieceRules(**{name: content[name] for name in names if name in content})


def _read_tokenizer_json(path: Path) -> tuple[dict[str, int], WordPieceRules]:
    content = _read_object(path)
    model, normalizer = content.get("model") or {}, content.get("normalizer") or {}
    kinds = model.get("type", "WordPiece"), normalizer.get("type")
    if kinds != ("WordPiece", "BertNormalizer") or not isinstance(model.get("vocab"), dict):
        raise ValueError(
            f"{path}: expected a WordPiece model after a BertNormalizer, found {kinds[0]} after "
            f"{kinds[1]}"
        )
    rules = WordPieceRules(
        normalizer.get("lowercase", True),
        normalizer.get("strip_accents"),
        normalizer.get("handle_chinese_chars", True),
    )
    return model["vocab"], rules


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a UTF-8 JSON file ({error}); copy it again") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds a JSON {type(content).__name__}, expected an object")
    return content
