"""The same questions about contexts of other lengths.

SQuAD's passages are paragraphs, but QUALS asks about one-sentence summaries and looks for the
answers in whole articles. `vary_contexts` shows a model all three: a question keeps its paragraph,
or sees only the sentence with its answer, or its paragraph among its neighbours.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator

import numpy as np

from quals_jax.data.qa_example import QAExample

_SENTENCE_END = re.compile(r"([.!?][\"')\]]*)\s+(?=[\"'(\[]*[A-Z0-9])")


@dataclasses.dataclass(frozen=True)
class ContextViews:
    """Shares of the questions that get each view; the rest keep their paragraph.

    ``max_neighbours`` paragraphs at most are joined, up to ``max_characters``.
    """

    sentence: float = 0.4
    neighbours: float = 0.3
    max_neighbours: int = 4
    max_characters: int = 3000


def sentences(text: str) -> list[str]:
    """Splits English text at sentence ends; abbreviations may cut a sentence short."""
    marked = _SENTENCE_END.sub(r"\1\0", text)
    return [sentence for sentence in marked.split("\0") if sentence.strip()]


def vary_contexts(
    rows: Iterable[QAExample], seed: int, views: ContextViews = ContextViews()
) -> Iterator[QAExample]:
    """Every row once, each under one view drawn with ``seed``, in the order of the paragraphs.

    Rows of one context stand together in ``rows``, and contexts of one article follow one another,
    as in SQuAD's files. A sentence view may take in the sentence before, so that pronouns keep
    what they stand for.
    """
    rng = np.random.default_rng(seed)
    groups: dict[str, list[QAExample]] = {}
    for row in rows:
        groups.setdefault(row.context, []).append(row)
    contexts = list(groups)
    start = 0
    while start < len(contexts):
        together = _neighbours(contexts[start:], rng, views)
        joined = "\n".join(together)
        for context in together:
            for row in groups[context]:
                if rng.random() < views.sentence:
                    yield dataclasses.replace(row, context=_around_answer(row, rng))
                else:
                    yield dataclasses.replace(row, context=joined)
        start += len(together)


def _neighbours(contexts: list[str], rng: np.random.Generator, views: ContextViews) -> list[str]:
    # Of the rows that are not sentence views, `neighbours` are to see several paragraphs; joined
    # groups hold more rows than single ones, which the mean size makes up for.
    share = views.neighbours / max(1e-9, 1.0 - views.sentence)
    mean_size = (2 + views.max_neighbours) / 2
    joined = rng.random() < share / (share + (1 - share) * mean_size)
    size = int(rng.integers(2, views.max_neighbours + 1)) if joined else 1
    chosen = contexts[:size]
    while len(chosen) > 1 and sum(map(len, chosen)) > views.max_characters:
        chosen.pop()
    return chosen


def _around_answer(row: QAExample, rng: np.random.Generator) -> str:
    parts = sentences(row.context)
    for index, sentence in enumerate(parts):
        if row.answer in sentence:
            first = index - 1 if index and rng.random() < 0.3 else index
            return " ".join(parts[first : index + 1])
    return row.context
