"""What QAGS says about one summary."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from quals_jax.text.answers import normalize_answer, token_f1


def answer_similarity(summary_answer: str, document_answer: str) -> float:
    """Token F1 after SQuAD's normalisation; 1 where both are empty, 0 where one is.

    The official ``f1_score`` of QAGS, from SQuAD 2.0's evaluation.
    """
    if not normalize_answer(summary_answer) and not normalize_answer(document_answer):
        return 1.0
    return token_f1(summary_answer, document_answer)


@dataclasses.dataclass(frozen=True)
class AskedQuestion:
    """A question with its answers; an empty one means that the text does not answer it.

    ``expected`` is the part of the summary that the question was generated for, ``log_prob`` the
    mean log-probability of the question's tokens (nats).
    """

    question: str
    expected: str
    summary_answer: str
    document_answer: str
    log_prob: float

    @property
    def f1(self) -> float:
        """How alike the two answers are, 0 to 1."""
        return answer_similarity(self.summary_answer, self.document_answer)

    def to_row(self) -> dict[str, Any]:
        """As the rows of an explanation have it."""
        return {**dataclasses.asdict(self), "f1": self.f1}


@dataclasses.dataclass(frozen=True)
class QagsResult:
    """The score of a summary, the mean F1 over its questions, or the reason why there is none.

    ``dropped`` counts what was generated and not asked, by reason; ``error`` is the message of a
    failure.
    """

    qags: float | None
    reason: str | None = None
    questions: tuple[AskedQuestion, ...] = ()
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    error: str | None = None

    @classmethod
    def from_questions(
        cls, questions: Sequence[AskedQuestion], dropped: dict[str, int]
    ) -> "QagsResult":
        """The result of asking ``questions``, at least one."""
        value = float(np.mean([question.f1 for question in questions]))
        return cls(value, None, tuple(questions), dropped)

    def to_row(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "qags": self.qags,
            "reason": self.reason,
            "questions": [question.to_row() for question in self.questions],
            "dropped": self.dropped,
        }
