"""The official code's QAGen data: token sequences of a pair and which pairs are used.

    rows = fitting_rows(qagen_rows("train", newsqa=NEWSQA, squad=SQUAD), tokenizer)

Training data is NewsQA train + SQuAD train, validation NewsQA dev + SQuAD dev, test NewsQA test.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from quals_jax.data.newsqa import read_newsqa
from quals_jax.data.qa_example import QAExample
from quals_jax.data.squad import read_squad
from quals_jax.text.qa_pairs import encode_pair, question_source, separator_of
from quals_jax.text.tokenizer import Tokenizer

TOO_LONG = "target too long"
CUT_OFF = "answer behind the cut"


@dataclass(frozen=True)
class QAGenIds:
    """Token ids without ``</s>``: the source cut to the limit, and question, separator, answer.

    ``source_text`` is the text that the cut source decodes to.
    """

    source: list[int]
    target: list[int]
    source_text: str


def qagen_ids(
    tokenizer: Tokenizer,
    source: str,
    question: str,
    answer: str,
    *,
    max_tokens: int = 1024,
    separator_id: int | None = None,
) -> QAGenIds | None:
    """Ids of a pair, None when question and answer have more than ``max_tokens - 2`` tokens.

    The source keeps ``max_tokens - 1`` tokens, so both sequences fit with ``</s>``.
    """
    target = encode_pair(tokenizer, question, answer, separator_id)[:-1]
    if len(target) > max_tokens - 1:
        return None
    ids = tokenizer.encode_source(source, max_tokens - 1)[:-1]
    return QAGenIds(ids, target, tokenizer.decode(ids))


def source_answer_ids(
    tokenizer: Tokenizer,
    source: str,
    answer: str,
    *,
    max_tokens: int = 1024,
    separator_id: int | None = None,
) -> tuple[list[int], str]:
    """Source, separator and answer in ``max_tokens - 1`` ids, and the text of the cut source.

    The input of a question generator. Raises ValueError for an answer of ``max_tokens - 3`` tokens
    or more.
    """
    separator_id = separator_of(tokenizer, separator_id)
    text_ids = tokenizer.break_separators(tokenizer.encode(source))
    ids = question_source(tokenizer, text_ids, answer, max_tokens, separator_id)
    return ids[:-1], tokenizer.decode(ids[: ids.index(separator_id)])


def fitting_rows(
    rows: Iterable[QAExample],
    tokenizer: Tokenizer,
    *,
    max_tokens: int = 1024,
    separator_id: int | None = None,
    drops: Counter[str] | None = None,
) -> Iterator[QAExample]:
    """The rows that the official code trains on; ``drops`` counts the others by reason.

    Dropped: question and answer too long together; an ``answer_end`` at or behind the end of the
    cut source. The comparison is the official one, so an answer at the very end of a whole source
    is dropped too.
    """
    drops = Counter() if drops is None else drops
    last_context, cut_length = None, 0
    for row in rows:
        target = encode_pair(tokenizer, row.question, row.answer, separator_id)
        if len(target) > max_tokens:
            drops[TOO_LONG] += 1
            continue
        if row.answer_end is not None:
            if row.context != last_context:  # rows of one context follow one another
                ids = tokenizer.encode_source(row.context, max_tokens - 1)
                last_context, cut_length = row.context, len(tokenizer.decode(ids))
            if row.answer_end >= cut_length:
                drops[CUT_OFF] += 1
                continue
        yield row


def qagen_rows(
    split: str, *, newsqa: str | Path | None = None, squad: str | Path | None = None
) -> Iterator[QAExample]:
    """Rows of train, validation or test: NewsQA's, then those of the split's SQuAD file.

    ``newsqa`` is the combined file, ``squad`` the file for this split (test has none).
    """
    names = {"train": "train", "validation": "dev", "test": "test"}
    if split not in names:
        raise ValueError(f"split {split!r}: expected one of {', '.join(names)}")
    if split == "test" and squad is not None:
        raise ValueError("the official test data has no SQuAD; leave squad out")
    if newsqa is not None:
        yield from read_newsqa(newsqa, names[split])
    if squad is not None:
        yield from read_squad(squad)
