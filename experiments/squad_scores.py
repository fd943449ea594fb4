"""Exact match and F1 of a span model or a QAGen on a SQuAD file, by the official script's rules.

    python -m experiments.squad_scores runs/qa_squad/model dev-v1.1.json.xz
    python -m experiments.squad_scores runs/open_qagen/model dev-v1.1.json.xz

A span model is asked twice: with every question answered (SQuAD 1), and with "no answer" allowed.
Questions without answers (SQuAD 2) are right when none is given. A QAGen writes the answer after
the question; a context that is too long for it is cut.
"""

import dataclasses
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import tyro

from quals_jax.answering import Answer, AnswerOptions, SpanAnswerer
from quals_jax.checkpoints.encoder_folder import is_encoder_folder, load_encoder_folder
from quals_jax.checkpoints.model_folder import ModelFolder, load_model_folder
from quals_jax.data.squad import squad_questions
from quals_jax.metrics.answer_agreement import Answerer
from quals_jax.parallel.batches import RowFailure
from quals_jax.text.answers import best_over_truths, exact_match, token_f1


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The model, and what it is asked."""

    model: Annotated[Path, tyro.conf.Positional]
    """Model folder with a span head, such as of `qa_squad`, or of a QAGen."""
    questions: Annotated[Path, tyro.conf.Positional]
    """SQuAD file, version 1 or 2, plain, .gz or .xz."""
    max_questions: int | None = None
    """Only so many, from the beginning of the file."""


@dataclasses.dataclass(frozen=True)
class SquadScores:
    """Percentages over ``num_questions`` questions."""

    exact_match: float
    f1: float
    answered: float
    num_questions: int

    def __str__(self) -> str:
        return (
            f"exact match {self.exact_match:.2f} · F1 {self.f1:.2f} · {self.answered:.1f} % of "
            f"{self.num_questions:,} questions answered"
        )


class SquadAnswerer(Protocol):
    """Who answers: per context its questions; each answer has its text."""

    def answers(
        self, contexts: Sequence[str], questions: Sequence[Sequence[str]]
    ) -> Sequence[Sequence[Answer]]:
        """The answers to the questions about each context."""
        ...


class QagenAnswerer:
    """A QAGen that is given the question and writes the answer, greedily."""

    def __init__(self, model: ModelFolder):
        self._model = model
        self._answerer = Answerer(model, respell=True)

    def answers(
        self, contexts: Sequence[str], questions: Sequence[Sequence[str]]
    ) -> list[list[Answer]]:
        """The answers to the questions about each context; ValueError where one cannot be read."""
        settings = self._model.quals

        def source(context: str) -> list[int]:
            return self._model.tokenizer.encode_source(
                context, settings.max_source_tokens, add_bos=settings.add_bos
            )

        found = self._answerer.answers(
            [
                [source(context)] * len(group)
                for context, group in zip(contexts, questions, strict=True)
            ],
            [[self._answerer.question(text, ()) for text in group] for group in questions],
        )
        read = [group for group in found if not isinstance(group, RowFailure)]
        if failures := [group.message for group in found if isinstance(group, RowFailure)]:
            raise ValueError(f"{len(failures)} contexts could not be read: {failures[0]}")
        return [[Answer(text, 0.0, 0, 0) for text in group] for group in read]


def squad_scores(answerer: SquadAnswerer, questions: Sequence[dict[str, Any]]) -> SquadScores:
    """Scores of questions in the layout of `squad_questions`."""
    groups = [list(group) for _, group in itertools.groupby(questions, lambda q: q["context"])]
    found = answerer.answers(
        [group[0]["context"] for group in groups],
        [[question["question"] for question in group] for group in groups],
    )
    matches = f1 = answered = 0.0
    for group, answers in zip(groups, found, strict=True):
        for question, answer in zip(group, answers, strict=True):
            answered += bool(answer.text)
            truths = [text for text in question["answers"]["text"] if text] or [""]
            if truths == [""] or not answer.text:  # token_f1 gives two empty answers 0
                right = float(answer.text == "" and truths == [""])
                matches, f1 = matches + right, f1 + right
                continue
            matches += best_over_truths(exact_match, answer.text, truths)
            f1 += best_over_truths(token_f1, answer.text, truths)
    share = 100 / max(len(questions), 1)
    return SquadScores(matches * share, f1 * share, answered * share, len(questions))


def parse(arguments: Sequence[str]) -> Arguments:
    """What the arguments ask for; SystemExit for unusable ones and for --help."""
    return tyro.cli(
        Arguments,
        prog="python -m experiments.squad_scores",
        description=__doc__,
        args=list(arguments),
    )


def main(arguments: Sequence[str]) -> int:
    """Runs the command; its exit status: 0 good, 2 bad usage or input."""
    args = parse(arguments)
    try:
        qagen = None if is_encoder_folder(args.model) else load_model_folder(args.model)
        questions = list(itertools.islice(squad_questions(args.questions), args.max_questions))
        if qagen is not None:
            print(f"written by QAGen: {squad_scores(QagenAnswerer(qagen), questions)}", flush=True)
            return 0
        model = load_encoder_folder(args.model)
        for name, threshold in (("always answered", float("-inf")), ("no answer allowed", 0.0)):
            answerer = SpanAnswerer(model, AnswerOptions(null_threshold=threshold))
            print(f"{name}: {squad_scores(answerer, questions)}", flush=True)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
