"""What an encoder of pairs of texts asks of its tokenizer, WordPiece or byte-level BPE."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class TokenizedText(NamedTuple):
    """Token ids and, for each, the characters of the text it stands for: ``[start, end)``."""

    ids: list[int]
    offsets: list[tuple[int, int]]


class PairTokenizer(Protocol):
    """A pair is ``cls_id``, first text, ``sep_id``, second text, ``sep_id``.

    ``vocab_size`` is the highest id + 1; ``sha256`` depends on what texts become, not on files.
    """

    @property
    def cls_id(self) -> int: ...  # noqa: D102
    @property
    def sep_id(self) -> int: ...  # noqa: D102

    pad_id: int
    unk_id: int
    vocab_size: int

    @property
    def sha256(self) -> str: ...  # noqa: D102

    def encode_with_offsets(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Tokens of every text; no text becomes a special id.

        Raises ValueError for text that has no UTF-8 form.
        """
        ...


def join_pair(tokenizer: PairTokenizer, first: Sequence[int], second: Sequence[int]) -> list[int]:
    """The ids of a pair; `PAIR_TOKENS` of them are special."""
    return [tokenizer.cls_id, *first, tokenizer.sep_id, *second, tokenizer.sep_id]


PAIR_TOKENS = 3
