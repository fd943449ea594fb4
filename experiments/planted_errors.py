"""How well any metric finds the errors planted in the synthetic world, as AUROC by kind of error.

    python -m experiments.planted_errors qags=runs/qags factcc=runs/world_factcc/model ngram

Metrics are those of `quals evaluate`, each with its model folder where it needs one. Faithful
summaries of held-out articles stand against summaries with exactly one known error. A QAGS folder
holds questions/ (`world_qg`) and answers/ (`world_qa`).
"""

import dataclasses
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments.pipeline.judges import load_judges
from quals_jax.data.world import FAITHFUL, SummaryExample, held_out_articles, summary_examples
from quals_jax.data.world_corruptions import ERROR_KINDS
from quals_jax.evaluation.auroc import auroc, auroc_interval
from quals_jax.jobs.claim import write_json
from quals_jax.jobs.progress import Progress
from quals_jax.metrics.metric import Example, Metric
from quals_jax.metrics.registry import METRICS


@dataclasses.dataclass(frozen=True)
class Arguments:
    """What is measured, and on how many articles."""

    metrics: Annotated[tuple[str, ...], tyro.conf.Positional]
    """NAME or NAME=MODEL_FOLDER, as of quals evaluate."""
    articles: int = 100
    """Held-out articles, each with a faithful summary and one for every error that can be made."""
    seed: int = 1
    """Of articles and errors; the world's training data of other seeds holds none of them."""
    output: Path | None = None
    """JSON file for the figures."""


def measure(metric: Metric, examples: Sequence[SummaryExample]) -> dict[str, Any]:
    """AUROC of the metric's main number by kind of error and over all, with 95 % intervals.

    A higher number must mean a better summary. Summaries without a number are counted and left out.
    """
    asked = [Example(example.document, example.summary) for example in examples]
    with Progress(f"  {metric.name}", total=len(asked)) as progress:
        rows = metric.evaluate(asked, progress.advance)
    by_kind: dict[str, list[tuple[str, float]]] = defaultdict(list)
    missing = 0
    for example, row in zip(examples, rows, strict=True):
        value = row[metric.keys[0]]
        missing += value is None
        if value is not None:
            by_kind[example.error].append((example.document, value))
    faithful = by_kind.pop(FAITHFUL, [])
    kinds = {"all": [pair for pairs in by_kind.values() for pair in pairs], **by_kind}
    return {
        "signature": metric.signature,
        "num_without_score": missing,
        "auroc": {
            kind: _compare(faithful, kinds[kind])
            for kind in ("all", *ERROR_KINDS)
            if faithful and kinds.get(kind)
        },
    }


def _compare(
    faithful: Sequence[tuple[str, float]], wrong: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    high, low = ([value for _, value in pairs] for pairs in (faithful, wrong))
    high_groups, low_groups = ([document for document, _ in pairs] for pairs in (faithful, wrong))
    return {
        "value": auroc(high, low),
        "interval": auroc_interval(high, low, high_groups, low_groups),
        "num_faithful": len(faithful),
        "num_wrong": len(wrong),
    }


def describe(name: str, figures: dict[str, Any]) -> str:
    """The figures of one metric as lines."""
    lines = [f"{name}  ({figures['num_without_score']} summaries without a score)"]
    for kind, figure in figures["auroc"].items():
        low, high = figure["interval"]
        what = "all errors" if kind == "all" else ERROR_KINDS[kind]
        lines.append(
            f"  {what:36} {figure['value']:.3f}  [{low:.3f}, {high:.3f}]  {figure['num_wrong']}"
        )
    return "\n".join(lines)


def load(names: Sequence[str]) -> list[Metric]:
    """The metrics of ``NAME`` or ``NAME=FOLDER``; ValueError for unknown ones."""
    for text in names:
        name = text.partition("=")[0]
        if name in METRICS and METRICS[name].reference == "needed":
            raise ValueError(f"metric {name} needs references, which planted errors have none of")
    return load_judges(names)


def main(arguments: Sequence[str]) -> int:
    """Runs the command; its exit status: 0 good, 2 bad usage or input."""
    args = tyro.cli(
        Arguments,
        prog="python -m experiments.planted_errors",
        description=__doc__,
        args=list(arguments),
    )
    try:
        if not args.metrics:
            raise ValueError("no metric is given, such as qags=runs/qags")
        metrics = load(args.metrics)
        examples = summary_examples(held_out_articles(args.articles, args.seed), args.seed)
        figures = {}
        for metric in metrics:
            figures[metric.name] = measure(metric, examples)
            print(describe(metric.name, figures[metric.name]), flush=True)
        if args.output is not None:
            write_json(args.output, figures)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
