"""What QUALS says about one summary."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from quals_jax.text.answers import token_f1


@dataclasses.dataclass(frozen=True)
class QAPair:
    """A question-answer pair of a summary and its token log-probabilities (nats).

    ``tokens`` are the texts of the generated tokens: question, separator, answer, ``</s>``; the
    two tuples of log-probabilities stand beside them. ``num_answer_tokens`` counts the tokens
    between separator and ``</s>``. ``document_answer`` and ``summary_answer`` are what QAGen
    answers to the question from either text, where it was asked.
    """

    question: str
    answer: str
    tokens: tuple[str, ...]
    log_probs_document: tuple[float, ...]
    log_probs_summary: tuple[float, ...]
    num_answer_tokens: int
    document_answer: str | None = None
    summary_answer: str | None = None

    @property
    def score(self) -> float:
        """Mean log-probability per token given the document minus that given the summary."""
        return _mean(self.log_probs_document) - _mean(self.log_probs_summary)

    @property
    def answer_score(self) -> float:
        """`score` over the answer's tokens only; 0 for an empty answer, as in the official code."""
        answer = slice(-1 - self.num_answer_tokens, -1)
        return _mean(self.log_probs_document[answer]) - _mean(self.log_probs_summary[answer])

    @property
    def answer_f1(self) -> float | None:
        """Token F1 of the answer from the document and that from the summary, or the pair's own."""
        if self.document_answer is None:
            return None
        expected = self.answer if self.summary_answer is None else self.summary_answer
        return token_f1(self.document_answer, expected)


def _mean(values: tuple[float, ...]) -> float:
    return float(np.mean(values)) if values else 0.0


@dataclasses.dataclass(frozen=True)
class QualsResult:
    """The scores of one summary, all in nats per token; higher is more consistent.

    ``quals`` is the mean over the pairs, ``answer`` the mean over the pairs' answer scores,
    ``min`` the lowest pair and ``low_share`` the share of pairs below the threshold of the options.
    ``f1`` is the mean over the pairs' `QAPair.answer_f1` (0 to 1, no unit), where that was asked
    for. Without a score all are None and ``reason`` says why: ``empty_summary``,
    ``empty_document``, ``no_questions``, or the code of an error with ``error`` its message.
    ``dropped`` counts the generated pairs that the filter took out, by reason.
    """

    quals: float | None
    answer: float | None = None
    min: float | None = None
    low_share: float | None = None
    f1: float | None = None
    reason: str | None = None
    error: str | None = None
    pairs: tuple[QAPair, ...] = ()
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    truncated_tokens: int = 0

    @classmethod
    def from_pairs(cls, pairs: tuple[QAPair, ...], low_threshold: float, **fields: Any):
        """The scores of ``pairs``; without pairs the reason is ``no_questions``."""
        if not pairs:
            return cls(None, reason="no_questions", **fields)
        scores = [pair.score for pair in pairs]
        if not all(map(math.isfinite, scores)):
            return cls.failed("non_finite", "a log-probability is NaN or infinite")
        return cls(
            quals=float(np.mean(scores)),
            answer=float(np.mean([pair.answer_score for pair in pairs])),
            min=min(scores),
            low_share=sum(score < low_threshold for score in scores) / len(scores),
            pairs=pairs,
            **fields,
        )

    @classmethod
    def failed(cls, code: str, message: str) -> "QualsResult":
        """The result of a row that could not be computed."""
        return cls(None, reason=code, error=message)

    def with_answers(
        self, from_document: Sequence[str], from_summary: Sequence[str] | None = None
    ) -> "QualsResult":
        """The result with the answers to the questions of its pairs, and their agreement."""
        pairs = tuple(
            dataclasses.replace(pair, document_answer=document, summary_answer=summary)
            for pair, document, summary in zip(
                self.pairs, from_document, from_summary or [None] * self.num_pairs, strict=True
            )
        )
        values = [pair.answer_f1 for pair in pairs if pair.answer_f1 is not None]
        return dataclasses.replace(self, pairs=pairs, f1=_mean(tuple(values)))

    @property
    def num_pairs(self) -> int:
        """How many pairs the scores are means over."""
        return len(self.pairs)

    def to_row(self, *, explain: bool = False, answer_f1: bool = False) -> dict[str, Any]:
        """The result as the fields of an output row.

        ``explain`` adds every token's numbers, ``answer_f1`` the agreement of answers.
        """
        row: dict[str, Any] = {
            "quals": _rounded(self.quals),
            "answer": _rounded(self.answer),
            "min": _rounded(self.min),
            "low_share": _rounded(self.low_share),
            "num_pairs": self.num_pairs,
            "reason": self.reason,
        }
        if answer_f1:
            row["f1"] = _rounded(self.f1)
        if self.error is not None:
            row |= {"status": "error", "code": self.reason, "message": self.error}
        if self.truncated_tokens:
            row["truncated_tokens"] = self.truncated_tokens
        if self.dropped and (explain or not self.pairs):
            row["dropped"] = self.dropped
        row["pairs"] = [_pair_row(pair, explain) for pair in self.pairs]
        return row


def _pair_row(pair: QAPair, explain: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "question": pair.question,
        "answer": pair.answer,
        "score": _rounded(pair.score),
        "answer_score": _rounded(pair.answer_score),
    }
    if pair.document_answer is not None:
        row["answer_f1"] = _rounded(pair.answer_f1)
        row["document_answer"] = pair.document_answer
    if pair.summary_answer is not None:
        row["summary_answer"] = pair.summary_answer
    if explain:
        row["tokens"] = list(pair.tokens)
        row["log_probs_document"] = [_rounded(x) for x in pair.log_probs_document]
        row["log_probs_summary"] = [_rounded(x) for x in pair.log_probs_summary]
    return row


def _rounded(value: float | None) -> float | None:
    # Six decimals: well below the tolerance of float32 scores, and the files stay readable.
    return None if value is None else round(value, 6)
