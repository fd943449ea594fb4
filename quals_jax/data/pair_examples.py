"""Training examples of encoders of pairs of texts, as token ids.

A source is ``cls first sep second sep``. The targets of an example are one list of numbers: first
and last position of an answer span (both 0: no answer), or one class. They stand in arrays whose
padding is ``pad_id``, so a number k is written as ``pad_id + 1 + k`` (`as_target`).
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from quals_jax.data.examples import Seq2SeqExample
from quals_jax.data.qa_example import QAExample
from quals_jax.text.pair_tokenizer import PAIR_TOKENS, PairTokenizer, TokenizedText, join_pair
from quals_jax.text.windows import windows

_WORD = re.compile(r"\w+")
_NEARBY = 120  # characters on either side of an answer that should share words with its question


@dataclasses.dataclass(frozen=True)
class PairLimits:
    """What fits into a pair: tokens of all (special ids counted) and of the question."""

    max_tokens: int = 384
    max_question_tokens: int = 64  # longer questions are cut
    overlap_tokens: int = 128  # that neighbouring windows of a long context share

    def __post_init__(self) -> None:
        if self.max_tokens < self.max_question_tokens + PAIR_TOKENS + 1:
            raise ValueError(
                f"{self}: a question of {self.max_question_tokens} tokens leaves no room in "
                f"{self.max_tokens}"
            )
        if self.max_question_tokens < 1 or self.overlap_tokens < 0:
            raise ValueError(f"{self}: expected a question of at least 1 token and an overlap >= 0")


def as_target(number: int, pad_id: int) -> int:
    """How a position or a class stands in a target."""
    return pad_id + 1 + number


def span_examples(
    rows: Iterable[QAExample],
    tokenizer: PairTokenizer,
    limits: PairLimits,
    drops: Counter[str] | None = None,
) -> list[Seq2SeqExample]:
    """Examples of question-answer rows; an empty answer says that the context has none.

    A long context gives one example per window; windows without the answer have none, as in BERT's
    own training. Rows whose answer is not in their context are dropped and counted.
    """
    drops = Counter() if drops is None else drops
    rows = list(rows)
    asked = tokenizer.encode_with_offsets([row.question for row in rows])
    contexts = list(dict.fromkeys(row.context for row in rows))
    encoded = tokenizer.encode_with_offsets(contexts)
    texts = dict(zip(contexts, encoded, strict=True))
    examples = []
    for row, question in zip(rows, asked, strict=True):
        text, place = texts[row.context], None
        if row.answer:
            place = locate_answer(row.context, row.question, row.answer)
            if place is None:
                drops["answer not in the context"] += 1
                continue
        if not question.ids or not text.ids:
            drops["empty question or context"] += 1
            continue
        examples += _windows_of(row.id, question.ids, text, place, tokenizer, limits, drops)
    return examples


def _windows_of(
    row_id: str,
    question: list[int],
    text: TokenizedText,
    place: tuple[int, int] | None,
    tokenizer: PairTokenizer,
    limits: PairLimits,
    drops: Counter[str],
) -> list[Seq2SeqExample]:
    question = question[: limits.max_question_tokens]
    room = limits.max_tokens - PAIR_TOKENS - len(question)
    span = None if place is None else tokens_of(text.offsets, *place)
    parts = windows(len(text.ids), room, limits.overlap_tokens)
    drops["context in windows"] += len(parts) > 1
    examples = []
    for number, (start, end) in enumerate(parts):
        first = last = 0  # no answer
        if span is not None and start <= span[0] and span[1] < end:
            first, last = (position - start + len(question) + 2 for position in span)
        examples.append(
            Seq2SeqExample(
                row_id if len(parts) == 1 else f"{row_id}#{number}",
                join_pair(tokenizer, question, text.ids[start:end]),
                [[as_target(position, tokenizer.pad_id) for position in (first, last)]],
            )
        )
    return examples


def claim_examples(
    rows: Iterable[tuple[str, str, str, str]],
    labels: Sequence[str],
    tokenizer: PairTokenizer,
    max_tokens: int,
    drops: Counter[str] | None = None,
) -> list[Seq2SeqExample]:
    """Examples of (id, document, claim, label) rows, the document cut so that the pair fits.

    The document stands first, as in FactCC. Claims that leave no room are dropped and counted.
    Raises ValueError for a label that is not one of ``labels``.
    """
    drops = Counter() if drops is None else drops
    rows = list(rows)
    documents = tokenizer.encode_with_offsets([row[1] for row in rows])
    claims = tokenizer.encode_with_offsets([row[2] for row in rows])
    examples = []
    for (row_id, _, _, label), document, claim in zip(rows, documents, claims, strict=True):
        if label not in labels:
            raise ValueError(f"row {row_id}: label {label!r}, expected one of {', '.join(labels)}")
        room = max_tokens - PAIR_TOKENS - len(claim.ids)
        if room < 1 or not claim.ids:
            drops["claim empty or too long"] += 1
            continue
        drops["document cut"] += len(document.ids) > room
        source = join_pair(tokenizer, document.ids[:room], claim.ids)
        target = as_target(list(labels).index(label), tokenizer.pad_id)
        examples.append(Seq2SeqExample(row_id, source, [[target]]))
    return examples


def locate_answer(context: str, question: str, answer: str) -> tuple[int, int] | None:
    """Characters ``[start, end)`` of the answer; None where the context does not hold it.

    Of several places that with the most words of the question nearby, the first of equals; places
    inside other words count only where there is no other.
    """
    places = [match.start() for match in re.finditer(re.escape(answer), context)]
    whole = [start for start in places if _stands_alone(context, start, start + len(answer))]
    places = whole or places
    if not places:
        return None
    words = set(_WORD.findall(question.lower()))

    def shared(start: int) -> int:
        around = context[max(0, start - _NEARBY) : start + len(answer) + _NEARBY]
        return len(words & set(_WORD.findall(around.lower())))

    start = max(places, key=shared)
    return start, start + len(answer)


def _stands_alone(context: str, start: int, end: int) -> bool:
    before, after = context[start - 1 : start], context[end : end + 1]
    return not (before.isalnum() and context[start].isalnum()) and not (
        after.isalnum() and context[end - 1].isalnum()
    )


def tokens_of(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """First and last token that share a character with ``[start, end)``."""
    touching = [i for i, (first, last) in enumerate(offsets) if first < end and last > start]
    return (touching[0], touching[-1]) if touching else None
