"""The report of a human study: one HTML file, its figures as JSON, its plot as SVG and PNG.

write_study_report(study, check_answers(study, files), Path("study/report.html"))
"""

from collections.abc import Sequence
from pathlib import Path

from quals_jax.data.writers import atomic_file
from quals_jax.evaluation.human_answers import Answers
from quals_jax.evaluation.human_results import DatasetResult, StudyResults, study_results
from quals_jax.evaluation.human_study import Study
from quals_jax.jobs.claim import write_json
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.page import figure, page, section
from quals_jax.report.plots import write_plots
from quals_jax.report.study_chart import study_chart
from quals_jax.report.study_examples import example_sections, note_list
from quals_jax.report.study_tables import (
    agreement_table,
    annotator_table,
    equals,
    headline,
    judgement_table,
    result_table,
)


def write_study_report(study: Study, answers: Sequence[Answers], path: Path) -> str | None:
    """Writes the page at `path`, the figures beside it (.json) and ``plots/human_study``.

    Returns what is to be told to the user when no PNG could be made.
    """
    results = study_results(study, answers)
    html = study_report(study, answers, results)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(html.encode())
    write_json(path.with_suffix(".json"), results)
    return write_plots(path.parent / "plots", {"human_study": study_chart(results)})


def study_report(study: Study, answers: Sequence[Answers], results: StudyResults) -> str:
    """One HTML file as text; needs nothing but a browser."""
    first, second = study["systems"]
    notes = note_list(study, answers)
    examples = example_sections(study, answers)
    return page(
        f"Human study: {first} against {second}",
        _lead(study, results),
        *(headline(dataset, study["systems"]) for dataset in results["datasets"]),
        figure(study_chart(results), _CAPTION),
        *(_dataset(dataset, results) for dataset in results["datasets"]),
        section(
            "Do people agree?",
            element("p", _AGREEMENT, class_="note"),
            agreement_table(results["datasets"]),
        ),
        section(
            "How people worked",
            element("p", _position(results), class_="note"),
            annotator_table(results["annotators"]),
        ),
        section("Documents", *examples) if examples else None,
        section("Notes of the annotators", notes) if notes else None,
        section("How this was measured", *(element("p", words) for words in _method(study))),
    )


_CAPTION = (
    "Each bar holds all documents of a data set, by what the majority of the annotators answered; "
    "the dotted line is the middle."
)
_AGREEMENT = (
    "Krippendorff's alpha with 95 % bootstrap intervals over documents: 1 is full agreement, 0 "
    "what chance gives. Ordinal: one system better, equal, the other better, in this order; "
    "nominal: any two different answers differ alike. A dash: nothing to compare, as with one "
    "annotator."
)


def _lead(study: Study, results: StudyResults) -> Markup:
    count, people = len(study["items"]), len(results["annotators"])
    words = (
        f"{count} documents, {people} annotator{'s' * (people != 1)}, three questions. Which "
        "system wrote which summary was hidden, and which was shown first was drawn for each "
        "document and annotator."
    )
    if people < results["num_annotators"]:
        words += f" {results['num_annotators'] - people} more were to judge them."
    missing = sum(annotator["num_missing"] for annotator in results["annotators"])
    if missing:
        words += f" {missing} times a document was left open or answered in part."
    return element("p", words, class_="lead")


def _dataset(dataset: DatasetResult, results: StudyResults) -> Markup:
    systems = results["systems"]
    content: list[Child] = [
        element("p", "By majority of the annotators, per document:", class_="note"),
        result_table(dataset, systems),
        element("p", "All judgements:", class_="note"),
        judgement_table(dataset, systems),
    ]
    return section(dataset["name"] or "Results", *content)


def _position(results: StudyResults) -> str:
    first = sum(annotator["first"] for annotator in results["annotators"])
    second = sum(annotator["second"] for annotator in results["annotators"])
    return (
        f"The summary shown first was called better {first} times, the second {second} times "
        f"(sign test over judgements, p {equals(results['p_value_first'])}): a small p would mean "
        "that the place, not the text, was judged. Times are what the page measured while it was "
        "in use."
    )


def _method(study: Study) -> list[str]:
    parts = []
    for dataset in study["datasets"]:
        count = sum(item["dataset"] == dataset["name"] for item in study["items"])
        name = f" of {dataset['name']}" if dataset["name"] else ""
        same = dataset["num_identical"] > 0
        parts.append(
            f"{count} documents{name} were drawn of the {dataset['num_shared']} that both systems "
            "summarized"
            + (f", {dataset['num_identical']} of them with the same words" * same)
            + (", which were left out." if same and study["distinct"] else ".")
        )
    return [
        " ".join(parts),
        "Majority: more than half of a document's annotators gave the same answer. Sign test: "
        "exact, two-sided, better against worse documents, all others left out. Holm: corrected "
        "for all tests of this page. Preference: mean over documents of the mean answer, "
        f"+1 where {study['systems'][0]} is better, 0 for equal, −1 where {study['systems'][1]} "
        "is, with a 95 % bootstrap interval over documents.",
        f"Study {study['study']}, seed {study['seed']}.",
    ]
