"""Question-answer pairs as the token sequences that QAGen reads and writes.

A pair is ``question tokens + [separator] + answer tokens + </s>`` with no ``<s>``; question and
answer are encoded without a leading blank each (the blank belongs to the separator's text)::

    ids = encode_pair(tokenizer, "Who lives in Rome?", "Ann")
    decode_pair(tokenizer, ids)          # ("Who lives in Rome?", "Ann")

A question generator reads a text and an answer, ``text tokens + [separator] + answer tokens +
</s>``, and writes the question: see `question_source`.
"""

from collections.abc import Sequence

from quals_jax.text.tokenizer import Tokenizer

SEPARATOR = " strutConnector"


def separator_of(tokenizer: Tokenizer, separator_id: int | None = None) -> int:
    """``separator_id``, or the tokenizer's own; ValueError where it has none."""
    if separator_id is not None:
        return separator_id
    if tokenizer.separator_id is None:
        raise ValueError(
            f"the vocabulary has no token for {SEPARATOR!r}; name the id of another separator"
        )
    return tokenizer.separator_id


def encode_pair(
    tokenizer: Tokenizer, question: str, answer: str, separator_id: int | None = None
) -> list[int]:
    """Target ids of a pair, final ``</s>`` included; separators inside the texts are broken up."""
    separator_id = separator_of(tokenizer, separator_id)
    question_ids = tokenizer.break_separators(tokenizer.encode(question))
    answer_ids = tokenizer.break_separators(tokenizer.encode(answer))
    return [*question_ids, separator_id, *answer_ids, tokenizer.eos_id]


def question_source(
    tokenizer: Tokenizer,
    text_ids: Sequence[int],
    answer: str,
    max_tokens: int = 1024,
    separator_id: int | None = None,
) -> list[int]:
    """What a question generator reads; the text is cut so that all fits ``max_tokens``.

    QAGS (Wang et al. 2020) writes "text [ANS] answer"; here the separator of question-answer pairs
    stands for [ANS], as in the official code of QUALS: one token of BART's vocabulary and of every
    vocabulary learned here, which no text can name (``text_ids`` must be free of it, see
    `Tokenizer.break_separators`). Raises ValueError for an answer of ``max_tokens - 3`` tokens or
    more.
    """
    separator_id = separator_of(tokenizer, separator_id)
    answer_ids = tokenizer.break_separators(tokenizer.encode(answer))
    if len(answer_ids) >= max_tokens - 3:
        raise ValueError(
            f"the answer has {len(answer_ids)} tokens and at most {max_tokens - 4} leave room for "
            f"a source: {answer[:60]!r}"
        )
    kept = text_ids[: max_tokens - len(answer_ids) - 2]
    return [*kept, separator_id, *answer_ids, tokenizer.eos_id]


def split_pair(
    ids: Sequence[int], separator_id: int, eos_id: int
) -> tuple[list[int], list[int]] | None:
    """Question ids and answer ids without a final ``</s>``; None unless exactly one separator."""
    ids = list(ids)
    if ids and ids[-1] == eos_id:
        ids.pop()
    if ids.count(separator_id) != 1:
        return None
    cut = ids.index(separator_id)
    return ids[:cut], ids[cut + 1 :]


def decode_pair(
    tokenizer: Tokenizer, ids: Sequence[int], separator_id: int | None = None
) -> tuple[str, str] | None:
    """(question, answer) of generated ids.

    None unless there is exactly one separator and every id has a text.
    """
    parts = split_pair(ids, separator_of(tokenizer, separator_id), tokenizer.eos_id)
    if parts is None:
        return None
    try:
        return tokenizer.decode(parts[0]), tokenizer.decode(parts[1])
    except ValueError:  # <pad> or an unused id among them; the official decoder stops there
        return None


def split_text(text: str) -> tuple[str, str] | None:
    """(question, answer) of a decoded pair, None unless it holds the separator exactly once.

    The official filter's rule. It also counts separators spelled by several tokens, which
    ``decode_pair`` takes for words.
    """
    parts = text.split(SEPARATOR)
    return (parts[0], parts[1]) if len(parts) == 2 else None
