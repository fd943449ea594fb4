"""Tables of a ConSeq run: systems under every decoder, paired differences, sets, times."""

from collections.abc import Sequence
from typing import Any

from quals_jax.report.axes import fixed
from quals_jax.report.conseq_results import Results, Sides, System
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.metric_names import (
    Metric,
    decoders_of,
    figure_of,
    metric_of,
    metrics_of,
)
from quals_jax.report.page import missing, table
from quals_jax.report.roles import role

RULES = {"quals": "QUALS", "rouge": "ROUGE", "random": "chance", "oracle": "the oracle"}


def system_tables(systems: Sequence[System]) -> list[Markup]:
    """A table per decoder: a row per system, a column per metric, intervals under the values."""
    metrics = metrics_of(systems)
    header = ["system", *(metric.heading for metric in metrics)]
    numbers = tuple(range(1, len(header)))
    blocks = []
    for decoder, label in decoders_of(systems).items():
        rows = [_system_row(system, decoder, metrics) for system in systems]
        blocks += [
            element("h3", label[:1].upper() + label[1:]),
            table(header, rows, numbers, class_="dense"),
        ]
    return blocks


def _system_row(system: System, decoder: str, metrics: Sequence[Metric]) -> list[Child]:
    row: list[Child] = [system["label"]]
    for metric in metrics:
        value, interval = figure_of(system, decoder, metric.name)
        row.append(metric.text(value))
        if interval is not None:
            low, high = map(metric.text, interval)
            row[-1] = [row[-1], element("small", _between(low, high))]
    if role(system["name"]) == "main":
        row = [element("b", cell) for cell in row]
    return row


def _between(low: str, high: str) -> str:
    return f"{low} to {high}" if "−" in low + high else f"{low}–{high}"


def comparison_table(results: Results) -> Markup | None:
    """A row per paired difference of systems, a column per metric; None where the run has none."""
    labels = {system["name"]: system["label"] for system in results["systems"]}
    decoders = decoders_of(results["systems"])
    found: dict[tuple[str, str, str], dict[str, Child]] = {}
    for row in results.get("comparisons") or ():
        metric = metric_of(row["metric"])
        low, high = map(metric.difference, row["interval"])
        place = row["system"], row["against"], row["decoder"]
        interval = element("small", f"{low} to {high}")
        found.setdefault(place, {})[metric.name] = [metric.difference(row["value"]), interval]
    metrics = [
        m for m in metrics_of(results["systems"]) if any(m.name in f for f in found.values())
    ]
    rows: list[list[Child]] = [
        [
            f"{labels.get(system, system)} − {labels.get(against, against)}",
            decoders.get(decoder, decoder),
            *(figures.get(metric.name, "–") for metric in metrics),
        ]
        for (system, against, decoder), figures in found.items()
    ]
    header = ["difference", "decoder", *(metric.heading for metric in metrics)]
    return table(header, rows, tuple(range(2, len(header)))) if rows else None


def set_table(results: Results) -> Markup:
    """What every selection rule chose, and how good it is where the truth is known."""
    rows: list[list[Child]] = []
    for rule, sets in (results["sets"] or {}).items():
        cut_positive, cut_negative = _sides(sets.get("thresholds"), 1.0, 3, "+")
        pure_positive, pure_negative = _sides(sets.get("purity"), 100.0, 1)
        rows.append(
            [
                RULES.get(rule, rule),
                f"{sets['num_documents']:,}",
                f"{sets['num_positives']:,}",
                f"{sets['num_negatives']:,}",
                cut_positive,
                cut_negative,
                pure_positive,
                pure_negative,
            ]
        )
    header = [
        "chosen by",
        "documents",
        "S+",
        "S−",
        "S+ from",
        "S− up to",
        "S+ factual, %",
        "S− not factual, %",
    ]
    return table(header, rows, tuple(range(1, 8)))


def drop_tables(results: Results) -> list[Markup]:
    """Per rule the reasons why documents or summaries were left out."""
    blocks = []
    for rule, sets in (results["sets"] or {}).items():
        drops = sets.get("drops") or {}
        rows: list[list[Child]] = [[reason, f"{n:,}"] for reason, n in drops.items()]
        name = f"Chosen by {RULES.get(rule, rule)}: what was left out, and why"
        inside = table(["reason", "number"], rows, (1,)) if rows else missing("Nothing.")
        blocks.append(element("details", element("summary", name), inside))
    return blocks


def _sides(sides: Sides | None, scale: float, decimals: int, sign: str = "") -> list[str]:
    values = (None, None) if sides is None else (sides["positives"], sides["negatives"])
    return ["–" if value is None else fixed(scale * value, decimals, sign) for value in values]


def timing_table(timings: dict[str, float]) -> list[Markup]:
    """Seconds per kind of stage (the part of the name before a slash), all stages folded away."""
    kinds: dict[str, list[float]] = {}
    for stage, secs in timings.items():
        kinds.setdefault(stage.split("/")[0], []).append(secs)
    rows: list[list[Child]] = [
        [kind, f"{len(secs)}", f"{sum(secs):,.1f}"] for kind, secs in kinds.items()
    ]
    total = f"{sum(timings.values()):,.1f}"
    rows.append([element("b", "together"), f"{len(timings)}", element("b", total)])
    blocks = [table(["stage", "runs of it", "seconds"], rows, (1, 2))]
    if len(kinds) < len(timings):
        every: list[list[Child]] = [[stage, f"{secs:,.1f}"] for stage, secs in timings.items()]
        inside = table(["stage", "seconds"], every, (1,))
        blocks.append(element("details", element("summary", "Every stage"), inside))
    return blocks


def setting_table(settings: dict[str, Any]) -> Markup:
    """Settings as they are, nested ones in a line each."""
    rows: list[list[Child]] = []
    for name, value in settings.items():
        if isinstance(value, dict):
            for inner, text in value.items():
                rows.append([f"{name}: {inner}", str(text)])
        else:
            rows.append([name, str(value)])
    return table(["setting", "value"], rows)
