"""All drawings of the report of a ConSeq run, by the name of their file."""

from collections.abc import Callable

from quals_jax.report.conseq_results import MAIN, Results
from quals_jax.report.markup import Markup
from quals_jax.report.metric_names import decoders_of, headline_metric, metric_of, metrics_of
from quals_jax.report.qagen_sections import qagen_drawings, token_row
from quals_jax.report.scatter import Panel, scatter_chart
from quals_jax.report.score_chart import Pool, score_chart
from quals_jax.report.system_chart import system_chart
from quals_jax.report.token_picture import token_picture
from quals_jax.report.training_chart import dev_chart, training_chart


def conseq_drawings(results: Results) -> dict[str, Markup]:
    """The drawings that the run has data for, in the order of the report."""
    makers: dict[str, Callable[[Results], Markup | None]] = {
        "systems": _systems,
        "factuality_rouge": _scatter,
        "scores": _scores,
        "training": _training,
        "dev": _dev,
    }
    made = {name: make(results) for name, make in makers.items()}
    drawings = {name: drawing for name, drawing in made.items() if drawing is not None}
    if results["picture"] is not None:
        for name in ("supported", "unsupported"):
            drawings[f"pair_{name}"] = token_picture(token_row(results["picture"][name]))
    if results["qagen"] is not None:
        drawings |= qagen_drawings(results["qagen"])
    return drawings


def _systems(results: Results) -> Markup:
    systems = results["systems"]
    return system_chart(systems, headline_metric(systems), decoders_of(systems))


def _scatter(results: Results) -> Markup | None:
    """Factuality against ROUGE-L, per decoder, with noisy and with clean references."""
    systems = results["systems"]
    there = {metric.name for metric in metrics_of(systems)}
    across = [metric_of(name) for name in ("rougeL", "rougeL_clean") if name in there]
    up = headline_metric(systems)
    panels = [
        Panel(label, decoder, metric, up)
        for decoder, label in decoders_of(systems).items()
        for metric in across
        if metric != up
    ]
    return scatter_chart(systems, panels) if panels else None


def _scores(results: Results) -> Markup | None:
    scores = results["scores"]
    if scores is None or not any(scores.values()):
        return None
    chosen = (results["sets"] or {}).get(MAIN, {})
    cuts = chosen.get("thresholds") or {"positives": None, "negatives": None}
    pools = [
        Pool("references", scores["references"], "summary", "S+", cuts["positives"]),
        Pool("all samples", scores["samples"], "document"),
        Pool(
            "worst samples",
            scores["worst_samples"],
            "document",
            "S−",
            cuts["negatives"],
            above=False,
        ),
    ]
    return score_chart(pools)


def _training(results: Results) -> Markup | None:
    return training_chart(results["training"], _labels(results)) if results["training"] else None


def _dev(results: Results) -> Markup | None:
    return dev_chart(results["training"], _labels(results)) if results["training"] else None


def _labels(results: Results) -> dict[str, str]:
    return {system["name"]: system["label"] for system in results["systems"]}
