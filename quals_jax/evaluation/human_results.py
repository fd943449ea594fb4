"""What a human study found: counts, majorities, significance, agreement, per data set and question.

    results = study_results(study, check_answers(study, files))
    results["datasets"][0]["questions"]["consistency"]["majority"]   # {"better": 41, "equal": …}

"Better" and "worse" are always the first system against the second. Tests take documents as the
unit, not judgements: those of one document depend on each other.
"""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import TypedDict

from quals_jax.evaluation.agreement import Level, alpha_interval, krippendorff_alpha
from quals_jax.evaluation.bootstrap import mean_with_interval
from quals_jax.evaluation.human_answers import Answers
from quals_jax.evaluation.human_study import QUESTIONS, Study

Interval = Sequence[float]  # low and high end


class Counts(TypedDict):
    """Judgements or documents; ``undecided`` documents have no majority."""

    better: int
    equal: int
    worse: int
    undecided: int


class Alpha(TypedDict):
    """Krippendorff's alpha with its 95 % interval; None where it is undefined."""

    value: float | None
    interval: Interval | None


class QuestionResult(TypedDict):
    """One question about one data set.

    ``judgements``: all of them; ``majority``: per document the answer that more than half of its
    judgements gave, else undecided. ``p_value``: sign test of better against worse documents,
    two-sided; ``p_value_holm``: corrected for all tests of the study after Holm (1979).
    ``preference``: mean over documents of the mean judgement (+1 better, 0, -1 worse).
    """

    num_documents: int
    judgements: Counts
    majority: Counts
    p_value: float
    p_value_holm: float
    preference: float
    preference_interval: Interval | None
    alpha_nominal: Alpha
    alpha_ordinal: Alpha


class DatasetResult(TypedDict):
    """The questions about one data set."""

    name: str
    num_documents: int
    questions: dict[str, QuestionResult]


class AnnotatorResult(TypedDict):
    """How one annotator worked; ``first``, ``equal``, ``second``: answers to all questions."""

    annotator: int
    source: str
    num_documents: int
    num_missing: int
    median_seconds: float | None
    first: int
    equal: int
    second: int


class StudyResults(TypedDict):
    """All of a report; ``p_value_first``: whether summary 1 was chosen as often as summary 2."""

    study: str
    systems: tuple[str, str]
    num_annotators: int
    datasets: list[DatasetResult]
    annotators: list[AnnotatorResult]
    p_value_first: float


def study_results(study: Study, answers: Sequence[Answers]) -> StudyResults:
    """The results of the annotators whose answers are given."""
    datasets: list[DatasetResult] = []
    for dataset in study["datasets"]:
        keys = [item["key"] for item in study["items"] if item["dataset"] == dataset["name"]]
        datasets.append(
            {
                "name": dataset["name"],
                "num_documents": len(keys),
                "questions": {q: _question(keys, q, answers) for q in QUESTIONS},
            }
        )
    tests = [question for dataset in datasets for question in dataset["questions"].values()]
    for question, corrected in zip(tests, holm([q["p_value"] for q in tests]), strict=True):
        question["p_value_holm"] = corrected
    annotators = [_annotator(study, given) for given in answers]
    return {
        "study": study["study"],
        "systems": study["systems"],
        "num_annotators": len(study["orders"]),
        "datasets": datasets,
        "annotators": annotators,
        "p_value_first": sign_test(
            sum(a["first"] for a in annotators), sum(a["second"] for a in annotators)
        ),
    }


def majority(judgements: Sequence[int]) -> int | None:
    """The judgement that more than half agree on, or None."""
    value, count = Counter(judgements).most_common(1)[0]
    return value if 2 * count > len(judgements) else None


def sign_test(better: int, worse: int) -> float:
    """Two-sided p-value of the exact sign test; ties are not counted. 1 without any."""
    from scipy.stats import binomtest

    total = better + worse
    return float(binomtest(better, total).pvalue) if total else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number by Holm's step-down rule (1979), in the same order."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def _question(keys: Sequence[str], question: str, answers: Sequence[Answers]) -> QuestionResult:
    items = [[a.judgements[question].get(key) for a in answers] for key in keys]
    given = [[j for j in item if j is not None] for item in items]
    given = [item for item in given if item]
    majorities = _counts([majority(item) for item in given])
    preference = mean_with_interval([sum(item) / len(item) for item in given])
    return {
        "num_documents": len(given),
        "judgements": _counts([judgement for item in given for judgement in item]),
        "majority": majorities,
        "p_value": sign_test(majorities["better"], majorities["worse"]),
        "p_value_holm": 1.0,
        "preference": preference["value"] or 0.0,
        "preference_interval": preference["interval"],
        "alpha_nominal": _alpha(items, "nominal"),
        "alpha_ordinal": _alpha(items, "ordinal"),
    }


def _counts(judgements: Sequence[int | None]) -> Counts:
    counts = Counter(judgements)
    return {
        "better": counts[1],
        "equal": counts[0],
        "worse": counts[-1],
        "undecided": counts[None],
    }


def _alpha(items: Sequence[Sequence[int | None]], level: Level) -> Alpha:
    return {"value": krippendorff_alpha(items, level), "interval": alpha_interval(items, level)}


def _annotator(study: Study, answers: Answers) -> AnnotatorResult:
    seconds = [answers.seconds[key] for key in answers.seconds if key not in answers.missing]
    first, equal, second = (
        sum(counts) for counts in zip(*answers.shown_first.values(), strict=True)
    )
    return {
        "annotator": answers.annotator,
        "source": answers.source,
        "num_documents": len(study["items"]) - len(answers.missing),
        "num_missing": len(answers.missing),
        "median_seconds": median(seconds) if seconds else None,
        "first": first,
        "equal": equal,
        "second": second,
    }
