"""Exact match and F1 of a span model on a SQuAD file, by the official script's rules.

    python -m experiments.squad_scores runs/qa_squad/model dev-v1.1.json.xz

Prints both figures once with every question answered (SQuAD 1) and once with "no answer" allowed.
Questions without answers (SQuAD 2) are right when none is given.
"""

import dataclasses
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from quals_jax.answering import AnswerOptions, SpanAnswerer
from quals_jax.checkpoints.encoder_folder import load_encoder_folder
from quals_jax.data.squad import squad_questions
from quals_jax.text.answers import best_over_truths, exact_match, token_f1


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The model, and what it is asked."""

    model: Annotated[Path, tyro.conf.Positional]
    """Model folder with a span head, such as of `qa_squad`."""
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


def squad_scores(answerer: SpanAnswerer, questions: Sequence[dict[str, Any]]) -> SquadScores:
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


def main(arguments: Sequence[str]) -> int:
    """Runs the command; its exit status: 0 good, 2 bad usage or input."""
    args = tyro.cli(
        Arguments,
        prog="python -m experiments.squad_scores",
        description=__doc__,
        args=list(arguments),
    )
    try:
        model = load_encoder_folder(args.model)
        questions = list(itertools.islice(squad_questions(args.questions), args.max_questions))
        for name, threshold in (("always answered", float("-inf")), ("no answer allowed", 0.0)):
            answerer = SpanAnswerer(model, AnswerOptions(null_threshold=threshold))
            print(f"{name}: {squad_scores(answerer, questions)}", flush=True)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
