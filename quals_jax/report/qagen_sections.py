"""Sections about QUALS itself: the picture of the method, and how it finds errors that are known.

`Results` is the part ``qagen`` of a run's results (`quals_jax.report.quals_results`).
"""

from collections.abc import Mapping
from typing import Any

from quals_jax.report.charts import Group, curve_chart, distribution_chart
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.page import figure, marked, section, table
from quals_jax.report.token_picture import TokenRow, token_picture

Results = Mapping[str, Any]


def qagen_drawings(results: Results) -> dict[str, Markup]:
    """The drawings of the sections below by name, for files of their own."""
    drawings = {}
    if results["auroc"]["quals"]["all"]["value"] is not None:
        drawings["qagen_scores"] = _distributions(results)
    if "training" in results:
        drawings["qagen_training"] = _training(results)
    return drawings


def picture_section(picture: Results | None) -> Markup:
    """Two pairs of one summary, token by token."""
    if picture is None:
        missing = "No wrong summary got a question about its error."
        return section("The picture of the method", element("p", missing, class_="note"))
    intro = element(
        "p",
        "One document, one summary of it, and two of the pairs that QAGen wrote about the summary. "
        "Every token of a pair has two bars: its probability given the summary, and given the "
        "document. QUALS is the mean difference of their logarithms, over tokens and then over "
        "pairs; at 0 the document supports the pair as well as the summary.",
    )
    error = picture.get("error_label")
    texts = element(
        "div",
        _labelled("Document", marked(picture["document"], picture.get("right"), "right")),
        _labelled(
            f"Summary{f' with {error}' if error else ''} (QUALS {_signed(picture['quals'])})",
            marked(picture["summary"], picture.get("wrong")),
        ),
        class_="texts",
    )
    drawings = []
    for name in ("supported", "unsupported"):
        pair = picture[name]
        heading = f"{pair['question']} — {pair['answer']}"
        drawings += [element("h3", heading), token_picture(token_row(pair)), _as_table(pair)]
    caption = (
        "Top: a pair about a fact that the document states; both bars of every token are alike. "
        "Bottom: a pair about what it does not state; it becomes improbable where that shows. "
        "Under each token: the difference of the logarithms. Shaded: tokens that lose more than "
        "1 nat."
    )
    return section("The picture of the method", intro, figure([texts, *drawings], caption))


def token_row(pair: Mapping[str, Any]) -> TokenRow:
    """An explained pair (`QualsResult.to_row(explain=True)`) as tokens with log-probabilities."""
    tokens = list(pair["tokens"])
    num_answer = pair["num_answer_tokens"]
    cut = len(tokens) - num_answer - 2
    tokens[cut] = "|"  # the separator is a word that means nothing to a reader
    tokens[-1] = "end"
    return TokenRow(
        tuple(tokens), cut, tuple(pair["log_probs_summary"]), tuple(pair["log_probs_document"])
    )


def _as_table(pair: Mapping[str, Any]) -> Markup:
    row = token_row(pair)
    columns = zip(
        row.tokens, row.log_probs_summary, row.log_probs_document, row.differences, strict=True
    )
    rows: list[list[Child]] = [
        [token.strip(), _signed(summary), _signed(document), _signed(difference)]
        for token, summary, document, difference in columns
    ]
    header = ["token", "log p given the summary", "log p given the document", "difference"]
    numbers = table(header, rows, (1, 2, 3))
    return element("details", element("summary", "The same as a table"), numbers)


def distribution_section(results: Results) -> Markup:
    """The scores of every kind of error beside those of faithful summaries."""
    if results["auroc"]["quals"]["all"]["value"] is None:
        return element("p", "Too few summaries got a score to compare them.", class_="note")
    caption = (
        "Every corrupted summary differs from a faithful one in one fact. Histograms of the scores "
        "(heights are square roots of shares, so that tails stay visible); the right column is the "
        "probability that a faithful summary scores above one with the error: 0.5 is chance, the "
        "left end of the bar."
    )
    return section("Scores by kind of error", figure(_distributions(results), caption))


def _distributions(results: Results) -> Markup:
    scores, aurocs = results["scores"], results["auroc"]["quals"]
    wrong = [score for kind in results["error_kinds"] for score in scores[kind]]
    groups = [Group("all errors", wrong, aurocs["all"]["value"], strong=True)]
    groups += [
        Group(label, scores[kind], aurocs[kind]["value"])
        for kind, label in results["error_kinds"].items()
    ]
    return distribution_chart(scores["none"], groups)


def variant_section(results: Results) -> Markup:
    """AUROC of the mean, of the answers alone and of the worst pair."""
    names = {
        "quals": "QUALS (mean)",
        "answer": "answer tokens only",
        "min": "worst pair",
    }
    aurocs = results["auroc"]
    rows: list[list[Child]] = []
    for kind, label in {"all": "all errors", **results["error_kinds"]}.items():
        strong = kind == "all"
        values = [_figure(aurocs[name][kind]["value"]) for name in names]
        cells = [element("b", cell) if strong else cell for cell in (label, *values)]
        counts = results["counts"]
        number = counts["corrupted"] if strong else counts["by_kind"][kind]
        rows.append([*cells, f"{number:,}"])
    intro = element(
        "p",
        "Besides the mean, every summary gets a score from the answers' tokens alone and the score "
        "of its worst pair. AUROC of each:",
    )
    header = ["error", *names.values(), "summaries"]
    return section("Three ways to read the pairs", intro, table(header, rows, (1, 2, 3, 4)))


def examples_section(results: Results) -> Markup:
    """The median summary of each kind of error with its lowest pairs."""
    blocks = []
    for example in results["examples"]:
        pairs = sorted(example["pairs"], key=lambda pair: pair["score"])[:4]
        rows: list[list[Child]] = [
            [pair["question"], pair["answer"], _signed(pair["score"])] for pair in pairs
        ]
        texts = element(
            "div",
            _labelled("Article", marked(example["document"], example["right"], "right")),
            _labelled(
                f"Summary with {example['error_label']}",
                marked(example["summary"], example["wrong"]),
            ),
            class_="texts",
        )
        verdict = element(
            "p",
            f"QUALS {_signed(example['quals'])}; the faithful summary of the same article has "
            f"{_signed(example['quals_faithful'])}. The lowest pairs:",
            class_="note",
        )
        pair_table = table(["question", "answer", "score"], rows, (2,))
        blocks.append(element("div", texts, verdict, pair_table, class_="card"))
    intro = element("p", "The median case of each kind of error: neither the best nor the worst.")
    return section("One summary of each kind", intro, element("div", *blocks, class_="stack"))


def training_section(results: Results) -> Markup:
    """QAGen's training curves; `timings` may be missing."""
    training = results["training"]
    secs = results.get("timings", {}).get("training")
    caption = (
        f"QAGen: {training['num_parameters']:,} parameters, trained from random weights for "
        f"{training['num_steps']:,} updates on {training['num_pairs']:,} pairs about "
        f"{training['num_passages']:,} passages{'' if secs is None else f' in {secs:.0f} s'}. What "
        "remains of the loss is mostly the free choice of what to ask."
    )
    return section("Training of QAGen", figure(_training(results), caption))


def _training(results: Results) -> Markup:
    curves = {name: results["training"]["curves"][name] for name in ("train", "dev")}
    return curve_chart(curves, "update", "loss, nats per token")


def _labelled(label: str, content: Child) -> Markup:
    return element("p", element("span", label, class_="sans"), content)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
