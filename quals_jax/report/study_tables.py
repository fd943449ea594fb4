"""The tables of a human study's report."""

from collections.abc import Sequence
from pathlib import PurePath

from quals_jax.evaluation.human_results import (
    Alpha,
    AnnotatorResult,
    DatasetResult,
    Interval,
    QuestionResult,
)
from quals_jax.evaluation.human_study import QUESTIONS
from quals_jax.report.axes import fixed
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.page import table


def result_table(dataset: DatasetResult, systems: tuple[str, str]) -> Markup:
    """Per question: majorities over documents, the sign test, the mean preference."""
    header = ["question", *_outcomes(systems), "p", "p, Holm", "preference"]
    rows: list[list[Child]] = []
    for name, found in dataset["questions"].items():
        counts = found["majority"]
        rows.append(
            [
                QUESTIONS[name].title,
                *(_share(counts[key], found["num_documents"]) for key in _ORDER),
                p_text(found["p_value"]),
                p_text(found["p_value_holm"]),
                [fixed(found["preference"], 2, "+"), _between(found["preference_interval"], "+")],
            ]
        )
    return table(header, rows, tuple(range(1, len(header))), class_="dense")


def judgement_table(dataset: DatasetResult, systems: tuple[str, str]) -> Markup:
    """Per question: all judgements, those of a document counted one by one."""
    better, equal, _, worse = _outcomes(systems)
    header = ["question", better, equal, worse, "judgements"]
    rows: list[list[Child]] = []
    for name, found in dataset["questions"].items():
        counts = found["judgements"]
        total = counts["better"] + counts["equal"] + counts["worse"]
        shares = [_share(counts[key], total) for key in ("better", "equal", "worse")]
        rows.append([QUESTIONS[name].title, *shares, str(total)])
    return table(header, rows, (1, 2, 3, 4), class_="dense")


def agreement_table(datasets: Sequence[DatasetResult]) -> Markup:
    """Krippendorff's alpha per data set and question."""
    named = any(dataset["name"] for dataset in datasets)
    header = ["data set"] * named + ["question", "alpha, ordinal", "alpha, nominal"]
    rows: list[list[Child]] = []
    for dataset in datasets:
        for name, found in dataset["questions"].items():
            row: list[Child] = [QUESTIONS[name].title, *map(_alpha, _alphas(found))]
            rows.append([dataset["name"], *row] if named else row)
    return table(header, rows, (len(header) - 2, len(header) - 1), class_="dense")


def annotator_table(annotators: Sequence[AnnotatorResult]) -> Markup:
    """How each annotator worked."""
    header = ["annotator", "documents", "median time", "summary 1 better", "equal", "2 better"]
    rows: list[list[Child]] = []
    for found in annotators:
        total = found["first"] + found["equal"] + found["second"]
        rows.append(
            [
                [str(found["annotator"]), element("small", PurePath(found["source"]).name)],
                f"{found['num_documents']}",
                _time(found["median_seconds"]),
                *(_share(found[key], total) for key in ("first", "equal", "second")),
            ]
        )
    return table(header, rows, (1, 2, 3, 4, 5), class_="dense")


def headline(dataset: DatasetResult, systems: tuple[str, str]) -> Markup:
    """What the documents of a data set say about factual consistency, in a sentence."""
    first, second = systems
    found = dataset["questions"]["consistency"]
    counts = found["majority"]
    where = f"Of {found['num_documents']} documents"
    where += f" of {dataset['name']}, " if dataset["name"] else ", "
    p_value, corrected = equals(found["p_value"]), equals(found["p_value_holm"])
    return element(
        "p",
        where,
        element("b", first, f" was more factual in {counts['better']}"),
        ", ",
        element("b", second, f" in {counts['worse']}"),
        f" (p {p_value}; with Holm's correction p {corrected}).",
        class_="result",
    )


def equals(p_value: float) -> str:
    """For example "= 0.031" or "< 0.001"."""
    words = p_text(p_value)
    return words.replace("<", "< ") if words.startswith("<") else f"= {words}"


def p_text(value: float) -> str:
    """Three decimals; what rounds to nothing is "<0.001"."""
    return "<0.001" if value < 0.001 else fixed(value, 3)


_ORDER = ("better", "equal", "undecided", "worse")


def _outcomes(systems: tuple[str, str]) -> list[str]:
    first, second = systems
    return [f"{first} better", "equal", "no majority", f"{second} better"]


def _share(count: int, total: int) -> Child:
    return [str(count), element("small", f"{fixed(100 * count / total, 0)} %")] if total else "–"


def _alphas(found: QuestionResult) -> tuple[Alpha, Alpha]:
    return found["alpha_ordinal"], found["alpha_nominal"]


def _alpha(alpha: Alpha) -> Child:
    if alpha["value"] is None:
        return "–"
    return [fixed(alpha["value"], 2), _between(alpha["interval"])]


def _between(interval: Interval | None, sign: str = "") -> Markup | None:
    if interval is None:
        return None
    low, high = (fixed(end, 2, sign) for end in interval)
    return element("small", f"{low} to {high}")


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60:02d} s"
