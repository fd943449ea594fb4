"""Tables of a meta-evaluation: agreement, labels, partial correlations, differences, settings."""

from collections.abc import Iterator
from typing import Any

from quals_jax.evaluation.correlation import CORRELATIONS
from quals_jax.evaluation.meta_eval import PARTIALS, Results, best_floor
from quals_jax.report.axes import fixed
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.page import missing, table

_KINDS = {"pearson": "Pearson", "spearman": "Spearman", "kendall": "Kendall"}
_PARTIALS = dict(zip(PARTIALS, ("n-gram overlap", "system", "both"), strict=True))


def score_name(metric: Results) -> str:
    """The name of a score, with a minus where it was turned round."""
    return f"−{metric['name']}" if metric["lower_is_better"] else metric["name"]


def correlation_table(results: Results, place: str) -> Markup:
    """A row per score: its correlations over all summaries ("overall") or over a system's."""
    rows = []
    for metric in results["metrics"]:
        found = metric["overall"] if place == "overall" else metric["systems"][place]
        figures = [_cell(found[name]) for name in CORRELATIONS]
        rows.append([_named(metric), f"{found['num_rows']:,}", *figures])
    return table(["score", "summaries", *_KINDS.values()], rows, (1, 2, 3, 4), "dense")


def label_table(results: Results) -> Markup:
    """A row per score: AUROC, balanced accuracy and its threshold."""
    rows: list[list[Child]] = []
    for metric in results["metrics"]:
        found = metric["overall"]
        accuracy = found["balanced_accuracy"]
        threshold = accuracy["threshold"]
        rows.append(
            [
                _named(metric),
                _cell(found["auroc"], sign=""),
                _cell(accuracy, sign=""),
                "–" if threshold is None else fixed(threshold, 3),
                f"{accuracy['num_rows']:,}" if "num_rows" in accuracy else "–",
            ]
        )
    header = ["score", "AUROC", "balanced accuracy", "threshold", "tested on"]
    return table(header, rows, (1, 2, 3, 4), "dense")


def partial_table(results: Results) -> Markup | None:
    """A row per score that is no floor: Pearson's r, and what is left of it."""
    scores = [metric for metric in results["metrics"] if not metric["floor"]]
    names = [name for name in PARTIALS if any(name in metric["overall"] for metric in scores)]
    if not names:
        return None
    rows: list[list[Child]] = [
        [_named(metric), *(_cell(metric["overall"][name]) for name in ("pearson", *names))]
        for metric in scores
    ]
    header = ["score", "Pearson", *(f"less {_PARTIALS[name]}" for name in names)]
    return table(header, rows, tuple(range(1, len(header))), "dense")


def system_level_table(results: Results) -> Markup | None:
    """A row per score: correlations of the systems' means."""
    rows: list[list[Child]] = []
    for metric in results["metrics"]:
        level = metric["system_level"]
        if level:
            figures = [_number(level[name]) for name in CORRELATIONS]
            rows.append([_named(metric), str(level["num_systems"]), *figures])
    header = ["score", "systems", *_KINDS.values()]
    return table(header, rows, (1, 2, 3, 4), "dense") if rows else None


def difference_tables(results: Results) -> Iterator[Markup]:
    """Every score against the best floor, and all other pairs folded away."""
    floor, floors = best_floor(results), results["floors"]
    turned = {m["name"]: score_name(m) for m in results["metrics"]}
    first, others = [], []
    for found in results["differences"]:
        is_first = found["against"] == floor and found["metric"] not in floors
        row: list[Child] = [
            f"{turned[found['metric']]} less {turned[found['against']]}",
            f"{found['num_rows']:,}",
        ]
        for name in CORRELATIONS:
            row.append(_cell(found[name]))
            p = found[name]["p"]
            row.append("–" if p is None else f"{p:.3f}")
        (first if is_first else others).append(row)
    header = ["difference", "summaries"]
    for name in _KINDS.values():
        header += [name, "p"]
    numbers = tuple(range(1, len(header)))
    if first:
        yield element("h3", f"Against the best floor, {floor}")
        yield table(header, first, numbers, "dense")
    if others:
        name = element("summary", "All other pairs" if first else "All pairs")
        yield element("details", name, table(header, others, numbers, "dense"))
    if not first and not others:
        yield missing("There is one score only.")


def settings_table(results: Results) -> Markup:
    """Files, settings, and which rows were left out."""
    options, files = results["options"], results.get("files", {})
    rows: list[list[Child]] = [[name, ", ".join(map(str, paths))] for name, paths in files.items()]
    rows += [[name.replace("_", " "), f"{value:g}"] for name, value in options.items()]
    rows.append(["rows without a judgement, left out", f"{results['num_without_judgement']:,}"])
    for key, words in (
        ("num_judged_not_scored", "judged summaries in no file of scores"),
        ("num_scored_not_judged", "scored summaries that were not judged"),
    ):
        if key in results:
            rows.append([words, f"{results[key]:,}"])
    for metric in results["metrics"]:
        if metric["num_missing"]:
            name = f"judged summaries without {score_name(metric)}"
            rows.append([name, f"{metric['num_missing']:,}"])
    return table(["setting", "value"], rows)


def _named(metric: Results) -> Child:
    name = score_name(metric)
    return element("span", name, class_="note") if metric["floor"] else element("b", name)


def _cell(found: dict[str, Any], sign: str = "+") -> Child:
    """A value over its interval, or a dash with the reason under it."""
    if found["value"] is None:
        return ["–", element("small", found["reason"])]
    if found["interval"] is None:
        return fixed(found["value"], 3, sign)
    low, high = (fixed(end, 3, sign) for end in found["interval"])
    return [fixed(found["value"], 3, sign), element("small", f"{low} to {high}")]


def _number(value: float | None) -> str:
    return "–" if value is None else fixed(value, 3, "+")
