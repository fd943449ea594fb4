"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin 2004) by the `rouge-score` library.

>>> (scores,) = rouge(["the cat sat on the mat"], ["a cat sat"])
>>> scores["rougeL"].f1
>>> mean_rouge(references, summaries)     # {"rouge1": 0.41, "rouge2": …, …}, means of F1

Words are lower-cased, stripped of everything but a-z and 0-9, and stemmed (Porter) when longer than
three letters: texts in other scripts have no words. Lsum takes lines as sentences. A text without
words scores 0, even against another one.
"""

import functools
import importlib.metadata
from collections.abc import Sequence
from typing import Any, NamedTuple

from quals_jax.metrics.metric import Example, Report, nothing

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


class RougeScore(NamedTuple):
    """Shares of shared n-grams or of the longest common subsequence, 0 to 1."""

    precision: float
    recall: float
    f1: float


def rouge(references: Sequence[str], summaries: Sequence[str]) -> list[dict[str, RougeScore]]:
    """All four scores of every summary against its reference.

    ValueError for lists of different length.
    """
    if len(references) != len(summaries):
        raise ValueError(f"{len(references)} references but {len(summaries)} summaries")
    scorer = _scorer(ROUGE_TYPES)
    return [
        {name: RougeScore(*score) for name, score in scorer.score(reference, summary).items()}
        for reference, summary in zip(references, summaries, strict=True)
    ]


def mean_rouge(references: Sequence[str], summaries: Sequence[str]) -> dict[str, float]:
    """Mean F1 of each score over the summaries; ValueError without summaries."""
    if not summaries:
        raise ValueError("there are no summaries to take the mean of")
    scores = rouge(references, summaries)
    return {name: sum(row[name].f1 for row in scores) / len(scores) for name in ROUGE_TYPES}


def rouge_l(reference: str, summary: str) -> float:
    """ROUGE-L F1 of one summary."""
    return _scorer(("rougeL",)).score(reference, summary)["rougeL"].fmeasure


class Rouge:
    """F1 of the four scores against the reference, as a metric."""

    name = "rouge"
    keys = ROUGE_TYPES

    @property
    def signature(self) -> str:
        """The library's version and what is asked of it."""
        return f"rouge-score {importlib.metadata.version('rouge-score')}|F1|stemmer"

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """Without a reference, or with a blank one, None and the reason ``no_reference``."""
        rows: list[dict[str, Any]] = []
        for example in examples:
            if example.reference and example.reference.strip():
                (scores,) = rouge([example.reference], [example.summary])
                rows.append({key: scores[key].f1 for key in self.keys})
            else:
                rows.append(dict.fromkeys(self.keys) | {"reason": "no_reference"})
            report(1)
        return rows


class _StemmingTokenizer:
    """The library's own tokenizer with stems kept: they cost more than all the rest of a score."""

    def __init__(self):
        from nltk.stem.porter import PorterStemmer

        self.stem = functools.lru_cache(maxsize=100_000)(PorterStemmer().stem)

    def tokenize(self, text: str) -> list[str]:
        from rouge_score.tokenize import tokenize

        return tokenize(text, self)


@functools.cache
def _scorer(types: tuple[str, ...]) -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # seconds, for nltk

    return RougeScorer(list(types), tokenizer=_StemmingTokenizer())
