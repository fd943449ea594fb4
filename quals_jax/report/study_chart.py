"""A human study as stacked bars: per question the documents where each system was better."""

from typing import cast

from quals_jax.evaluation.human_results import DatasetResult, StudyResults
from quals_jax.evaluation.human_study import QUESTIONS
from quals_jax.report.markup import Markup
from quals_jax.report.svg import box, drawing, line, text

_LABELS, _BAR, _ROW, _HEIGHT, _TOP = 160.0, 600.0, 34.0, 24.0, 40.0
_GROUP = 26.0  # of the line above a data set's bars
_LETTER = 6.6  # width of a letter of usual size
_NARROW = 20.0  # narrower parts carry no number


def study_chart(results: StudyResults) -> Markup:
    """A bar per data set and question, as wide as all its documents: majorities of annotators."""
    parts = _parts(results)
    shapes, x = [], _LABELS
    for name, words in parts.values():
        shapes += [box(x, 10, 11, 11, name), text(x + 17, 20, words, "soft")]
        x += 17 + _LETTER * len(words) + 26
    right = max(_LABELS + _BAR, x)
    y = _TOP
    for dataset in results["datasets"]:
        if dataset["name"]:
            shapes.append(text(0, y + 15, dataset["name"], "strong"))
            y += _GROUP
        for question in QUESTIONS:
            shapes += _bar(dataset, question, y, parts)
            y += _ROW
        y += 6
    title = "Documents where each system was better: " + "; ".join(
        _words(dataset, results) for dataset in results["datasets"]
    )
    return drawing(right, y + 2, title, *shapes)


def _parts(results: StudyResults) -> dict[str, tuple[str, str]]:
    """Per key of the counts, from left to right: its class and its words."""
    first, second = results["systems"]
    parts = {
        "better": ("summary", f"{first} better"),
        "equal": ("track", "equal"),
        "undecided": ("bound", "no majority"),
        "worse": ("document", f"{second} better"),
    }
    if not any(
        question["majority"]["undecided"]
        for dataset in results["datasets"]
        for question in dataset["questions"].values()
    ):
        del parts["undecided"]
    return parts


def _bar(dataset: DatasetResult, question: str, y: float, parts: dict[str, tuple[str, str]]):
    found = dataset["questions"][question]
    shapes = [text(0, y + 16, QUESTIONS[question].title)]
    total = found["num_documents"]
    if not total:
        return [*shapes, text(_LABELS, y + 16, "no answers", "soft")]
    middle = _LABELS + _BAR / 2  # shows between the bars, which hide it
    shapes.append(line(middle, y - 5, middle, y + _HEIGHT + 5, "guide"))
    x, counts = _LABELS, cast(dict[str, int], found["majority"])
    for key, (name, words) in parts.items():
        count = counts[key]
        width = _BAR * count / total
        if count:
            hint = f"{words}: {count} of {total} documents"
            shapes.append(box(x, y, width, _HEIGHT, name, hint))
        if width >= _NARROW:
            shapes.append(text(x + width / 2, y + 16, f"{count}", "", "middle"))
        x += width
    return shapes


def _words(dataset: DatasetResult, results: StudyResults) -> str:
    first, second = results["systems"]
    counts = [
        f"{QUESTIONS[name].title} {first} {found['majority']['better']}, "
        f"{second} {found['majority']['worse']} of {found['num_documents']}"
        for name, found in dataset["questions"].items()
    ]
    return (f"{dataset['name']}: " if dataset["name"] else "") + ", ".join(counts)
