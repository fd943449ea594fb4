"""Which generated questions QAGS asks: the official filters (``qa_utils.filter_qsts``).

A question is cut after its first "?", must have one and at least three words; a question answering
model that reads the summary must answer it with the very answer it was generated for; the most
probable ones stay.
"""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

from quals_jax.text.answers import exact_match, normalize_answer

MIN_WORDS = 3


@dataclasses.dataclass(frozen=True)
class Question:
    """A generated question, the answer it was generated for, and the mean log-probability of its
    tokens (nats)."""

    text: str
    expected: str
    log_prob: float


@dataclasses.dataclass(frozen=True)
class Selection:
    """The questions to ask, and the number dropped for each reason."""

    kept: tuple[Question, ...]
    dropped: dict[str, int]


def cut_question(text: str) -> str | None:
    """The text up to its first "?"; None without one or with fewer than three words."""
    head, mark, _ = text.partition("?")
    question = f"{head}{mark}".strip()
    return question if mark and len(question.split()) >= MIN_WORDS else None


def well_formed(questions: Sequence[Question]) -> tuple[list[Question], dict[str, int]]:
    """The questions that pass `cut_question`, cut, and the number of the others.

    Differs from the official code, which answers the uncut question: the answering model sees what
    is asked.
    """
    cut = [(question, cut_question(question.text)) for question in questions]
    kept = [dataclasses.replace(question, text=text) for question, text in cut if text is not None]
    bad = len(questions) - len(kept)
    return kept, {"malformed": bad} if bad else {}


def select_questions(
    questions: Sequence[Question],
    answers: Mapping[str, str],
    max_questions: int,
    *,
    refill: bool = False,
) -> Selection:
    """The at most ``max_questions`` most probable questions that the summary answers as expected.

    ``questions`` are well-formed, ``answers`` hold the answer on the summary of each text. Dropped:
    an empty answer, another answer than the expected one, a text that a more probable question
    has already. With ``refill`` the most probable of those with an unexpected or no answer fill the
    empty places. Equally probable questions keep their order.

    Differs from the official code: answers are compared after SQuAD's normalisation (a noun chunk
    has its article, a span often not) and each with its own expected one (officially only the first
    questions are compared at all); empty places are refilled, if at all, by probability instead of
    by a random sample of everything generated, which may be malformed or doubled.
    """
    dropped: collections.Counter[str] = collections.Counter()
    kept: dict[str, Question] = {}
    others: list[tuple[str, Question]] = []
    for question in sorted(questions, key=lambda question: -question.log_prob):
        answer = answers[question.text]
        if not normalize_answer(answer):
            others.append(("no_answer", question))
        elif not exact_match(answer, question.expected):
            others.append(("other_answer", question))
        elif question.text in kept:
            dropped["duplicate"] += 1
        elif len(kept) == max_questions:
            dropped["over_limit"] += 1
        else:
            kept[question.text] = question
    for reason, question in others:
        if refill and len(kept) < max_questions and question.text not in kept:
            kept[question.text] = question
        else:
            dropped[reason] += 1
    return Selection(tuple(kept.values()), dict(dropped))
