"""The report of a ConSeq run: one HTML file, and its drawings as SVG and PNG files beside it.

    write_report(json.loads(Path("runs/demo/results.json").read_text()), Path("runs/demo"))

`quals_jax.report.conseq_results` says what the results hold; the report is made of nothing else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quals_jax.data.writers import atomic_file
from quals_jax.report.conseq_drawings import conseq_drawings
from quals_jax.report.conseq_examples import example_cards
from quals_jax.report.conseq_results import MAIN, Results, check_results
from quals_jax.report.conseq_tables import (
    comparison_table,
    drop_tables,
    set_table,
    setting_table,
    system_tables,
    timing_table,
)
from quals_jax.report.conseq_words import collapses, headline, key_tiles, known_metrics
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.metric_names import headline_metric
from quals_jax.report.page import figure, missing, page, section
from quals_jax.report.plots import write_plots
from quals_jax.report.qagen_sections import (
    distribution_section,
    examples_section,
    picture_section,
    training_section,
    variant_section,
)

Drawings = Mapping[str, Markup]


def write_report(results: Any, path: Path) -> str | None:
    """Writes the page at `path` and ``plots/NAME.svg`` and ``plots/NAME.png`` beside it.

    Returns what is to be told to the user when no PNG could be made. ValueError when the results
    are not those of a ConSeq run.
    """
    html = conseq_report(results)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(html.encode())
    return write_plots(path.parent / "plots", conseq_drawings(results))


def conseq_report(results: Any) -> str:
    """One HTML file as text; needs nothing but a browser."""
    results = check_results(results)
    drawings = conseq_drawings(results)
    return page(
        results["title"],
        _lead(results),
        *headline(results),
        *collapses(results),
        key_tiles(results),
        _notes(results),
        _systems(results, drawings),
        _scatter(results, drawings),
        _scores(results, drawings),
        _sets(results),
        _training(results, drawings),
        *_method(results),
        _about(results),
    )


def _lead(results: Results) -> Markup:
    return element(
        "p",
        "A summarizer that learns from references with unsupported facts learns to make up facts. "
        "ConSeq trains it further on summaries that it should write like (S+) and on some of its "
        "own samples that it should not write like (S−). Nobody labels them: QUALS chooses both, "
        "by asking questions about a summary and looking up the answers in the document.",
        class_="lead",
    )


def _notes(results: Results) -> Markup | None:
    notes = results.get("notes")
    return section("Notes on this run", *(element("p", n) for n in notes)) if notes else None


def _systems(results: Results, drawings: Drawings) -> Markup:
    caption = (
        "A row per system, a panel per way of decoding, all on one scale. Whiskers are 95 % "
        "intervals where the run has them; the dotted line is the summarizer before ConSeq. The "
        "controls are trained in the same way on other sets."
    )
    differences = comparison_table(results)
    return section(
        "What each system reaches",
        figure(drawings["systems"], caption),
        *system_tables(results["systems"]),
        known_metrics(results["systems"]),
        *([element("h3", "Paired differences"), differences] if differences else []),
    )


def _scatter(results: Results, drawings: Drawings) -> Markup:
    name = "Factuality against ROUGE"
    if "factuality_rouge" not in drawings:
        return section(name, missing("This run has no ROUGE to set against its factuality."))
    caption = (
        "Up is more factual, right is closer to the references. The panels share the scale "
        "upwards; each has its own across, for what decoding does to ROUGE is larger than what "
        "training does. References with unsupported facts reward a summarizer that guesses, so "
        "leaving them out can lower ROUGE."
    )
    return section(name, figure(drawings["factuality_rouge"], caption))


def _scores(results: Results, drawings: Drawings) -> Markup:
    name = "What QUALS says about references and samples"
    if "scores" not in drawings:
        return section(name, missing("This run kept no scores."))
    caption = (
        "QUALS of every reference, of all samples of the summarizer before ConSeq, and of every "
        "document's worst sample. Heights are square roots of shares, so that tails stay "
        "visible; the outermost bars hold everything beyond; the tick under each line is the "
        "median. Shaded: where QUALS chooses S+ and S−, before both are reduced to the documents "
        "that have both."
    )
    return section(name, figure(drawings["scores"], caption))


def _sets(results: Results) -> Markup:
    name = "S+ and S−"
    if not results["sets"]:
        return section(name, missing("This run made no sets."))
    intro = element(
        "p",
        "Every rule chooses among the same references and samples. The thresholds are in the unit "
        "of the rule's own score.",
    )
    content: list[Child] = [intro, set_table(results), *drop_tables(results)]
    rules = sorted(results["sets"], key=lambda rule: rule != MAIN)
    for i, rule in enumerate(rules):
        content.append(
            example_cards(
                rule,
                results["sets"][rule].get("examples"),
                results.get("unsupported_by"),
                folded=i > 0,
            )
        )
    return section(name, *content)


def _training(results: Results, drawings: Drawings) -> Markup:
    name = "Training: both terms"
    if "training" not in drawings:
        return section(name, missing("This run kept no training curves."))
    caption = (
        "Blue: the negative log-likelihood of S+, which should stay or fall. Red, dashed: the "
        "unlikelihood loss of S−, high where the model still finds S− probable. A collapse is S+ "
        "becoming improbable, too: blue rises. A training with S− at weight 0 only watches it. The "
        "numbers at the ends are the last values."
    )
    watched = "Measured on development data while training, all systems on one scale."
    return section(
        name,
        figure(drawings["training"], caption),
        figure(drawings["dev"], watched) if "dev" in drawings else None,
    )


def _method(results: Results) -> list[Markup]:
    """The per-token picture and the figures of QAGen."""
    blocks = []
    if results["picture"] is None:
        words = "This run kept no pair with the probabilities of its tokens."
        blocks.append(section("The picture of the method", missing(words)))
    else:
        blocks.append(picture_section(results["picture"]))
    qagen = results["qagen"]
    if qagen is None:
        words = "This run did not test QAGen on summaries with known errors."
        return [*blocks, section("How well QUALS finds known errors", missing(words))]
    intro = element(
        "p",
        "QUALS was tested apart from ConSeq: summaries with one known error each, beside faithful "
        "summaries of the same held-out articles.",
    )
    blocks.append(section("How well QUALS finds known errors", intro))
    blocks += [distribution_section(qagen), variant_section(qagen), examples_section(qagen)]
    return [*blocks, training_section(qagen)] if "training" in qagen else blocks


def _about(results: Results) -> Markup:
    world = (
        "The articles, references and errors are made by a grammar, so what an article supports is "
        "known exactly. The world was built so that this effect can exist: its references state "
        "unsupported facts in a systematic way, and enough of them are clean. The figures show "
        "that the method and this code work; they say nothing about scores on real news."
    )
    in_world = headline_metric(results["systems"]).name == "factual"
    seed = results["seed"]
    return section(
        "About this report",
        element("p", world) if in_world else None,
        element("p", f"Seed {seed}." if seed is not None else "The seed was not recorded."),
        element("h3", "Settings"),
        setting_table(results["settings"]) if results["settings"] else missing("None recorded."),
        element("h3", "Time"),
        *(timing_table(results["timings"]) if results["timings"] else [missing("Not recorded.")]),
    )
