"""Learns a byte-level BPE vocabulary in BART's layout from texts.

    tokenizer = train_byte_bpe(texts, vocab_size=4096)
    tokenizer.save("runs/qagen/tokenizer")

Ids: ``<s> <pad> </s> <unk>`` = 0..3, the 256 bytes, merged tokens by rank, then the QA separator
as the last but one and ``<mask>`` as the last.
"""

import json
from collections.abc import Iterable, Iterator

import tokenizers

from quals_jax.text.bpe_files import MASK_TOKEN, SPECIAL_TOKENS, BpeFiles, byte_characters
from quals_jax.text.tokenizer import SEPARATOR_TOKEN, Tokenizer

_RESERVED = len(SPECIAL_TOKENS) + 2  # the separator and <mask>
MIN_VOCAB_SIZE = _RESERVED + 256


def train_byte_bpe(texts: Iterable[str], vocab_size: int, *, min_frequency: int = 2) -> Tokenizer:
    """A tokenizer of at most ``vocab_size`` tokens, the same for the same texts in any order.

    It is smaller when ``texts`` hold fewer pairs that occur ``min_frequency`` times. Raises
    ValueError when ``vocab_size`` has no room for the bytes and the special tokens.
    """
    if vocab_size < MIN_VOCAB_SIZE:
        raise ValueError(f"vocab_size {vocab_size} is below {MIN_VOCAB_SIZE}, bytes and specials")
    bytes_in_order = sorted(byte_characters())
    engine = tokenizers.Tokenizer(tokenizers.models.BPE())
    engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size - _RESERVED,
        min_frequency=min_frequency,
        show_progress=False,
        initial_alphabet=bytes_in_order,
    )
    engine.train_from_iterator(_without_separator(texts), trainer)
    learned = sorted(engine.get_vocab().items(), key=lambda item: item[1])
    tokens = [*SPECIAL_TOKENS, *(token for token, _ in learned), SEPARATOR_TOKEN, MASK_TOKEN]
    return Tokenizer(
        BpeFiles({token: i for i, token in enumerate(tokens)}, _merges(engine)), "trained BPE"
    )


def _without_separator(texts: Iterable[str]) -> Iterator[str]:
    """Texts in which the separator's letters are cut, so that no merge can make its token."""
    for text in texts:
        yield text.replace("strutConnector", "strut Connector")


def _merges(engine: tokenizers.Tokenizer) -> list[tuple[str, str]]:
    return [(left, right) for left, right in json.loads(engine.to_str())["model"]["merges"]]
