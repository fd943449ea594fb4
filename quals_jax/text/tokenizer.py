"""BART's byte-level BPE tokenizer: text to token ids and back, special tokens kept apart.

    tokenizer = Tokenizer.from_folder("models/qagen")
    source = tokenizer.encode_source("Ann lives in Rome.")     # ids with the final </s>
    tokenizer.decode(source)                                   # "Ann lives in Rome."

Text never becomes a special id: ``"</s>"`` in a document is four characters. The one token that
text can name is the QA separator of GPT-2's vocabulary, ``" strutConnector"``; ``encode`` gives its
id as the official code does, ``encode_source`` writes it as its two parts (see there).
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import tokenizers

from quals_jax.text.bpe_files import (
    MASK_TOKEN,
    SPECIAL_TOKENS,
    BpeFiles,
    byte_characters,
    check_bpe,
    read_bpe_files,
    write_bpe_files,
)
from quals_jax.text.pair_tokenizer import TokenizedText

SEPARATOR_TOKEN = "ĠstrutConnector"


class Tokenizer:
    """Token ids of texts. ``mask_id`` and ``separator_id`` are None where the token is absent.

    Attributes: ``bos_id, pad_id, eos_id, unk_id, mask_id, separator_id``; ``vocab_size`` is the
    highest id + 1 (the rows of the embedding table); ``sha256`` depends on tokens, ids and merges
    only, not on the files they came from.
    """

    def __init__(self, files: BpeFiles, where: str | Path = "vocabulary"):
        check_bpe(files, where)
        self._files = files
        vocab = files.vocab
        self.bos_id, self.pad_id, self.eos_id, self.unk_id = (vocab[t] for t in SPECIAL_TOKENS)
        self.mask_id = vocab.get(MASK_TOKEN)
        self.separator_id = vocab.get(SEPARATOR_TOKEN)
        self.vocab_size = max(vocab.values()) + 1
        # Special tokens stay unknown to the engine, so no text can produce their ids.
        self._engine = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, files.merges))
        self._engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)

    @classmethod
    def from_folder(cls, folder: str | Path) -> "Tokenizer":
        """Reads tokenizer.json, vocab.json + merges.txt, or fairseq's three files."""
        return cls(read_bpe_files(folder), folder)

    def save(self, folder: str | Path, *, max_tokens: int = 1024) -> None:
        """Writes the files that ``from_folder`` and Hugging Face's BartTokenizer read."""
        write_bpe_files(folder, self._files, max_tokens=max_tokens)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal digest of the vocabulary and the merges."""
        tokens = sorted(self._files.vocab.items(), key=lambda item: item[1])
        content = json.dumps([tokens, self._files.merges], ensure_ascii=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """BPE ids of ``text``, nothing added.

        Raises ValueError for text that has no UTF-8 form (a lone surrogate).
        """
        _check_text(text)
        return self._engine.encode(text, add_special_tokens=False).ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """``encode`` of every text, on all cores."""
        for text in texts:
            _check_text(text)
        encodings = self._engine.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    @property
    def cls_id(self) -> int:
        """What begins a pair of texts: ``<s>``."""
        return self.bos_id

    @property
    def sep_id(self) -> int:
        """What ends each text of a pair: ``</s>``."""
        return self.eos_id

    def encode_with_offsets(self, texts: Sequence[str]) -> list[TokenizedText]:
        """`encode_batch` with the characters of each token; a blank before a word is among them."""
        for text in texts:
            _check_text(text)
        encodings = self._engine.encode_batch(list(texts), add_special_tokens=False)
        return [TokenizedText(encoding.ids, encoding.offsets) for encoding in encodings]

    def encode_source(
        self,
        text: str,
        max_tokens: int = 1022,
        *,
        add_bos: bool = False,
        keep_separator: bool = False,
    ) -> list[int]:
        """Encoder input: the first ``max_tokens`` BPE ids and ``</s>``; ``<s>`` only if asked.

        1022 is the official inference limit for 1024 positions (training takes 1023).
        Differs from fairseq: a separator in the text is written as its parts unless
        ``keep_separator``, so a document that mentions it cannot steer the model.
        """
        ids = self.encode(text)
        if not keep_separator:
            ids = self.break_separators(ids)
        return [self.bos_id] * add_bos + ids[:max_tokens] + [self.eos_id]

    def break_separators(self, ids: Sequence[int]) -> list[int]:
        """The same text with every separator token replaced by the two tokens it is merged from."""
        if self.separator_id not in ids:
            return list(ids)
        parts = self._separator_parts
        return [p for i in ids for p in (parts if i == self.separator_id else (i,))]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ``ids``; ``<s>`` and ``</s>`` vanish, bytes that are not UTF-8 become U+FFFD.

        As in fairseq, ``<unk>`` and ``<mask>`` are written out, and ``<pad>``, unused ids and ids
        outside the vocabulary raise ValueError.
        """
        return b"".join(map(self._bytes_of, ids)).decode("utf-8", errors="replace")

    def decode_sentences(self, ids: Sequence[int]) -> list[str]:
        """As ``decode``, split where two ``</s>`` follow one another (fairseq's documents)."""
        ids = list(ids)
        cuts = [
            i + 1 for i in range(len(ids) - 1) if ids[i] == self.eos_id and ids[i + 1] == ids[i]
        ]
        bounds = zip([0, *cuts], [*cuts, len(ids)], strict=True)
        return [self.decode(ids[start:end]) for start, end in bounds]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """Each token's own text, for display: special tokens by name, cut characters as U+FFFD."""
        return [self._piece(i) for i in ids]

    @cached_property
    def starts_word_V(self) -> np.ndarray:
        """Whether a token begins a word (its text starts with a blank), for whole-word masking."""
        starts = np.zeros(self.vocab_size, dtype=bool)
        for token, i in self._files.vocab.items():
            starts[i] = token.startswith("Ġ")
        return starts

    @cached_property
    def _token_bytes(self) -> dict[int, bytes]:
        byte_of = byte_characters()
        reserved = {"<pad>"}
        return {
            i: bytes(byte_of[character] for character in token)
            for token, i in self._files.vocab.items()
            if token not in reserved and not token.startswith("madeupword")
        } | {self.bos_id: b"", self.eos_id: b""}

    def _bytes_of(self, token_id: int) -> bytes:
        try:
            return self._token_bytes[int(token_id)]
        except KeyError:
            raise ValueError(
                f"token id {token_id} has no text: it is <pad>, unused or not one of the "
                f"{len(self._files.vocab)} tokens"
            ) from None

    @cached_property
    def _names(self) -> dict[int, str]:
        return {i: token for token, i in self._files.vocab.items()}

    def _piece(self, token_id: int) -> str:
        if token_id in (self.bos_id, self.eos_id) or token_id not in self._token_bytes:
            return self._names.get(int(token_id), f"<{token_id}>")
        return self._token_bytes[int(token_id)].decode("utf-8", errors="replace")

    @cached_property
    def _separator_parts(self) -> tuple[int, ...]:
        for left, right in self._files.merges:
            if left + right == SEPARATOR_TOKEN:
                return (self._files.vocab[left], self._files.vocab[right])
        return tuple(self._files.vocab[character] for character in SEPARATOR_TOKEN)


def _check_text(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"expected text as str, got {type(text).__name__}")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"character {error.start} is a lone surrogate ({text[error.start]!r}), which no text "
            "may contain; read the file with errors='replace'"
        ) from error
