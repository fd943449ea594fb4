"""Documents of a human study with both summaries and what people said of them."""

from collections.abc import Sequence

from quals_jax.evaluation.human_answers import Answers
from quals_jax.evaluation.human_study import QUESTIONS, Study, StudyItem
from quals_jax.report.markup import Child, Markup, element

_SHOWN = 3  # documents of a kind


def example_sections(study: Study, answers: Sequence[Answers]) -> list[Markup]:
    """The documents that people were most of one mind about, and those that split them."""
    first, second = study["systems"]
    votes = {item["key"]: _votes(item, answers, "consistency") for item in study["items"]}
    given = [item for item in study["items"] if votes[item["key"]]]

    def total(item: StudyItem) -> int:
        return sum(votes[item["key"]])

    def spread(item: StudyItem) -> int:
        found = votes[item["key"]]
        return min(found.count(1), found.count(-1))

    kinds = [
        (
            f"{first} more factual",
            [i for i in sorted(given, key=total, reverse=True) if total(i) > 0],
        ),
        (f"{second} more factual", [i for i in sorted(given, key=total) if total(i) < 0]),
        ("People differ", [i for i in sorted(given, key=spread, reverse=True) if spread(i)]),
    ]
    return [
        element(
            "details",
            element("summary", f"{heading}: {len(items)} documents, {len(items[:_SHOWN])} shown"),
            element(
                "div", [_card(item, study, answers) for item in items[:_SHOWN]], class_="stack"
            ),
        )
        for heading, items in kinds
        if items
    ]


def note_list(study: Study, answers: Sequence[Answers]) -> Markup | None:
    """What annotators wrote; None where nobody wrote anything."""
    items = {item["key"]: item for item in study["items"]}
    notes = [
        element("li", element("b", f"{_name(items[key])}, annotator {a.annotator}: "), note)
        for a in answers
        for key, note in a.notes.items()
    ]
    return element("ul", *notes) if notes else None


def _votes(item: StudyItem, answers: Sequence[Answers], question: str) -> list[int]:
    found = (a.judgements[question].get(item["key"]) for a in answers)
    return [vote for vote in found if vote is not None]


def _name(item: StudyItem) -> str:
    return f"{item['dataset']} {item['id']}".strip()


def _card(item: StudyItem, study: Study, answers: Sequence[Answers]) -> Markup:
    summaries: list[Child] = [
        _labelled(name, text)
        for name, text in zip(study["systems"], item["summaries"], strict=True)
    ]
    lines = []
    for question, words in QUESTIONS.items():
        votes = _votes(item, answers, question)
        counts = ", ".join(
            f"{name} better {votes.count(value)}"
            for name, value in zip(study["systems"], (1, -1), strict=True)
        )
        lines.append(f"{words.title}: {counts}, equal {votes.count(0)}")
    return element(
        "div",
        element(
            "div",
            _labelled(_name(item), element("span", item["document"], class_="long")),
            class_="texts one",
        ),
        element("div", *summaries, class_="texts"),
        element("p", "; ".join(lines), class_="note"),
        class_="card",
    )


def _labelled(label: str, content: Child) -> Markup:
    return element("p", element("span", label, class_="sans"), content)
