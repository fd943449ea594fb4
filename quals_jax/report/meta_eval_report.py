"""The page of a meta-evaluation, and its drawing as SVG and PNG beside it.

write_meta_eval_report(meta_evaluate(judged, scores), Path("meta.html"))
"""

from collections.abc import Iterator
from pathlib import Path

from quals_jax.data.writers import atomic_file
from quals_jax.evaluation.correlation import CORRELATIONS
from quals_jax.evaluation.meta_eval import Results, best_floor
from quals_jax.report.axes import fixed
from quals_jax.report.interval_chart import Panel, Row, interval_chart
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.meta_eval_tables import (
    correlation_table,
    difference_tables,
    label_table,
    partial_table,
    score_name,
    settings_table,
    system_level_table,
)
from quals_jax.report.page import figure, page, section, tiles
from quals_jax.report.plots import write_plots

_TITLES = {"pearson": "Pearson", "spearman": "Spearman", "kendall": "Kendall, tau-b"}


def write_meta_eval_report(results: Results, path: Path) -> str | None:
    """Writes the page and ``plots/agreement.svg`` and ``.png`` beside it.

    Returns what is to be told to the user when no PNG could be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(meta_eval_page(results).encode())
    return write_plots(path.parent / "plots", {"agreement": agreement_chart(results)})


def meta_eval_page(results: Results) -> str:
    """One HTML file as text; needs nothing but a browser."""
    return page(
        "How far scores agree with people",
        _lead(results),
        _tiles(results),
        *(element("p", *words) for words in _verdicts(results)),
        _overall(results),
        _labels(results),
        *_beyond(results),
        *_per_system(results),
        _differences(results),
        section("About this page", settings_table(results)),
    )


def agreement_chart(results: Results) -> Markup:
    """The three correlations of every score with their intervals, the floors shaded."""
    metrics = results["metrics"]
    rows = [Row(score_name(metric), metric["floor"]) for metric in metrics]
    panels = []
    for name in CORRELATIONS:
        found = [metric["overall"][name] for metric in metrics]
        floors = [
            f["value"]
            for f, metric in zip(found, metrics, strict=True)
            if metric["floor"] and f["value"] is not None
        ]
        figures = [(f["value"], f["interval"]) for f in found]
        panels.append(Panel(_TITLES[name], figures, max(floors, default=None)))
    axis = "correlation with human judgements"
    return interval_chart("Correlation of every score with people", axis, rows, panels)


def _lead(results: Results) -> Markup:
    systems = len(results["systems"])
    written = f" by {systems} systems" if systems > 1 else ""
    return element(
        "p",
        f"People judged {results['num_rows']:,} summaries{written} of "
        f"{results['num_documents']:,} documents. A score is the better, the more it says what "
        "they said. How much of a summary is copied from its document says some of that, too: the "
        "n-gram precisions are the floor that a score of factual consistency has to rise above.",
        class_="lead",
    )


def _tiles(results: Results) -> Markup:
    mean, share = results["mean_human"], results["num_consistent"] / results["num_rows"]
    least = f"{results['options']['consistent_from']:g}"
    return tiles(
        (f"{results['num_rows']:,}", "judged summaries"),
        (f"{results['num_documents']:,}", "documents"),
        (f"{mean:.3f}", "mean human judgement"),
        (f"{share:.0%}".replace("%", " %"), f"judged consistent ({least} or better)"),
    )


def _verdicts(results: Results) -> Iterator[list[Child]]:
    """A sentence per score: its Pearson correlation, and whether it is above the best floor."""
    floor = best_floor(results)
    apart = {d["metric"]: d["pearson"] for d in results["differences"] if d["against"] == floor}
    for metric in results["metrics"]:
        if metric["floor"]:
            continue
        found, name = metric["overall"]["pearson"], element("b", score_name(metric))
        if found["value"] is None:
            yield [name, f" has no correlation with people: {found['reason']}."]
            continue
        value, beside = fixed(found["value"], 2, "+"), _beside(apart.get(metric["name"]), floor)
        yield [name, f" correlates with people at {value} (Pearson){beside}."]
    if floor is None:
        yield ["The texts were not given, so that there is no floor to compare with."]


def _beside(found: Results | None, floor: str | None) -> str:
    if found is None or found["value"] is None or found["interval"] is None:
        return ""
    low, high = found["interval"]
    between = f"95\u00a0% interval {fixed(low, 2, '+')} to {fixed(high, 2, '+')}"
    if low <= 0 <= high:
        return f", which is not told apart from {floor} (difference, {between})"
    side = "above" if low > 0 else "below"
    return f", {fixed(abs(found['value']), 2)} {side} {floor} ({between})"


def _overall(results: Results) -> Markup:
    caption = (
        "Correlation of every score with the human judgements, over all summaries. Whiskers are "
        "95\u00a0% bootstrap intervals over documents. Shaded: how much of the summary is copied, "
        "nothing more; the dotted line is the best of these."
    )
    return section(
        "Agreement, all summaries",
        figure(agreement_chart(results), caption),
        correlation_table(results, "overall"),
    )


def _labels(results: Results) -> Markup:
    options = results["options"]
    intro = (
        f"A summary judged {options['consistent_from']:g} or better counts as consistent. AUROC is "
        "the probability that a consistent summary scores above another; 0.5 is chance. The "
        f"threshold of the balanced accuracy was chosen on {options['validation_share']:.0%} of "
        "the documents and tested on the others; its interval takes the threshold as given."
    )
    return section(
        "Telling consistent summaries from others",
        element("p", intro.replace("%", " %")),
        label_table(results),
    )


def _beyond(results: Results) -> Iterator[Markup]:
    found = partial_table(results)
    if found is None:
        return
    intro = (
        "Pearson's r of what remains of score and judgement when a linear fit on the n-gram "
        "precisions, on the system, or on both has been taken away from each. What a score knows "
        "beyond copying stays; where systems differ in quality, a score that only recognises the "
        "system loses its correlation."
    )
    yield section("Beyond copying", element("p", intro), found)


def _per_system(results: Results) -> Iterator[Markup]:
    if len(results["systems"]) < 2:
        return
    blocks: list[Markup] = []
    for system, count in results["systems"].items():
        blocks += [
            element("h3", f"{system} ({count:,} summaries)"),
            correlation_table(results, system),
        ]
    levels = system_level_table(results)
    if levels is not None:
        words = "Correlations of the mean score with the mean judgement of every system."
        blocks += [element("h3", "Means of the systems"), element("p", words), levels]
    yield section("Agreement within each system", *blocks)


def _differences(results: Results) -> Markup:
    intro = (
        "Correlation of one score less that of another, on the summaries that have both, by paired "
        "bootstrap: both are computed on the same resamples, so that what the summaries have in "
        "common does not blur the difference. p is two-sided and not corrected for the number of "
        "comparisons."
    )
    return section("Differences between scores", element("p", intro), *difference_tables(results))
