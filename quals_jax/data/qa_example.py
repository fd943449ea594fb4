"""Question-answer rows, the training data of QAGen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QAExample:
    """A question about a context and its answer.

    ``answer_end``: where the answer ends in ``context`` (characters), for the rule that an answer
    behind the cut of a long context is dropped; None where the position is not to be checked.
    """

    id: str
    context: str
    question: str
    answer: str
    answer_end: int | None = None
