"""The answers of a human study's annotators: exported by the page, checked against the study.

    answers = check_answers(study, [("answers-1.json", json.load(file)), …])
    answers[0].judgements["consistency"]["17"]     # +1: the first system is better than the second

Judgements are turned from what was shown first and second into what the two systems are, here and
nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from quals_jax.data.typed_json import problems
from quals_jax.evaluation.human_study import QUESTIONS, Study, StudyItem

FORMAT = "quals-jax human study answers 1"
CHOICES = ("first", "equal", "second")
_SHOWN = 8  # problems of a kind that a message lists


class ItemAnswers(TypedDict):
    """What an annotator said about a document: per question first, equal, second or null.

    ``seconds`` spent, as the page measured them; ``changed`` is the time of the last answer, in
    milliseconds since 1970.
    """

    answers: dict[str, str | None]
    seconds: float
    changed: float
    note: NotRequired[str]


class AnswerFile(TypedDict):
    """A file that the page exports; ``items`` by key, unseen ones are not there."""

    format: str
    study: str
    annotator: int
    items: dict[str, ItemAnswers]


@dataclass(frozen=True)
class Answers:
    """The answers of one annotator.

    ``judgements[question][key]``: +1 where the first system is better, 0 equal, -1 the second;
    ``shown_first[question]``: how often summary 1 was better, they were equal, summary 2 was.
    ``missing``: per key the questions without an answer. ``notes`` and ``seconds`` by key.
    """

    annotator: int
    source: str
    judgements: dict[str, dict[str, int]]
    shown_first: dict[str, tuple[int, int, int]]
    missing: dict[str, list[str]]
    seconds: dict[str, float]
    notes: dict[str, str]


def check_answers(
    study: Study, files: Sequence[tuple[str, Any]], *, allow_missing: bool = False
) -> list[Answers]:
    """The answers in the files (names and contents) by annotator.

    Raises ValueError that names the file: not an export of the page, of another study, of an
    annotator that the study does not have or of whom another file is, with unknown documents,
    questions or answers, or with answers missing unless `allow_missing`.
    """
    if not files:
        raise ValueError("no answers are given")
    found: dict[int, Answers] = {}
    for source, content in files:
        answers = _checked(study, source, content)
        if answers.annotator in found:
            raise ValueError(
                f"{source}: annotator {answers.annotator} is already in "
                f"{found[answers.annotator].source}; give one file per annotator, the later one"
            )
        found[answers.annotator] = answers
    ordered = [found[annotator] for annotator in sorted(found)]
    incomplete = [answers for answers in ordered if answers.missing]
    if incomplete and not allow_missing:
        lines = "\n".join(f"  {_missing(study, answers)}" for answers in incomplete)
        raise ValueError(
            f"answers are missing:\n{lines}\n"
            "Have them completed, or pass --allow-missing to report on those that are there."
        )
    if not any(judged for answers in ordered for judged in answers.judgements.values()):
        raise ValueError("the files hold no answer at all")
    return ordered


def _checked(study: Study, source: str, content: Any) -> Answers:
    kind = content.get("format") if isinstance(content, Mapping) else None
    if kind != FORMAT:
        raise ValueError(
            f"{source}: not a file of answers (format {FORMAT!r}); the page's Download button "
            "writes them"
        )
    found = list(problems(content, AnswerFile, "answers"))
    if not found and content["study"] != study["study"]:
        raise ValueError(
            f"{source}: the answers are of study {content['study']}, and this is study "
            f"{study['study']}"
        )
    if not found:
        found = _strangers(study, content)
    if found:
        more = [f"and {len(found) - _SHOWN} more"] * (len(found) > _SHOWN)
        raise ValueError(f"{source}: damaged answers:\n  " + "\n  ".join(found[:_SHOWN] + more))
    return _answers(study, source, content)


def _strangers(study: Study, content: AnswerFile) -> list[str]:
    """Annotator, keys, questions and answers that the study does not have."""
    keys = {item["key"] for item in study["items"]}
    count = len(study["orders"])
    found = []
    if not 1 <= content["annotator"] <= count:
        found.append(f"annotator {content['annotator']}: the study has annotators 1 to {count}")
    for key, item in content["items"].items():
        if key not in keys:
            found.append(f"document {key}: the study has no such document")
        for question, answer in item["answers"].items():
            if question not in QUESTIONS:
                found.append(f"document {key}: no question is called {question!r}")
            elif answer is not None and answer not in CHOICES:
                found.append(f"document {key}, {question}: {answer!r} is none of {CHOICES}")
        if not 0 <= item["seconds"] < float("inf"):
            found.append(f"document {key}: {item['seconds']} is no number of seconds")
    return found


def _answers(study: Study, source: str, content: AnswerFile) -> Answers:
    annotator = content["annotator"]
    given = {
        item["key"]: content["items"].get(item["key"], {}).get("answers", {})
        for item in study["items"]
    }
    judgements: dict[str, dict[str, int]] = {question: {} for question in QUESTIONS}
    shown = {question: [0, 0, 0] for question in QUESTIONS}
    missing: dict[str, list[str]] = {}
    for item in study["items"]:
        for question in QUESTIONS:
            choice = given[item["key"]].get(question)
            if choice is None:
                missing.setdefault(item["key"], []).append(question)
                continue
            shown[question][CHOICES.index(choice)] += 1
            judgements[question][item["key"]] = _for_first_system(item, annotator, choice)
    return Answers(
        annotator=annotator,
        source=source,
        judgements=judgements,
        shown_first={question: (a, b, c) for question, (a, b, c) in shown.items()},
        missing=missing,
        seconds={key: float(item["seconds"]) for key, item in content["items"].items()},
        notes={
            key: item["note"].strip()
            for key, item in content["items"].items()
            if item.get("note", "").strip()
        },
    )


def _for_first_system(item: StudyItem, annotator: int, choice: str) -> int:
    if choice == "equal":
        return 0
    shown_first = item["first"][annotator - 1]
    chosen = shown_first if choice == "first" else 1 - shown_first
    return 1 if chosen == 0 else -1


def _missing(study: Study, answers: Answers) -> str:
    """For example ``a.json, annotator 2: 1 of 100 documents, on the page number 4 (id 7: all)``."""
    places = {key: i for i, key in enumerate(study["orders"][answers.annotator - 1], start=1)}
    ids = {item["key"]: item["id"] for item in study["items"]}
    listed = sorted(answers.missing, key=places.__getitem__)
    parts = [
        f"number {places[key]} (id {ids[key]}: "
        + (
            "all"
            if len(answers.missing[key]) == len(QUESTIONS)
            else ", ".join(answers.missing[key])
        )
        + ")"
        for key in listed[:_SHOWN]
    ]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return (
        f"{answers.source}, annotator {answers.annotator}: {len(listed)} of {len(study['items'])} "
        f"documents, on the page {', '.join(parts)}{more}"
    )
