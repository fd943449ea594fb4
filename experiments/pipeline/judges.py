"""Metrics of `quals evaluate` as more judges of a pipeline: ``NAME`` or ``NAME=FOLDER``.

    python -m experiments.pipeline world --workdir runs/world --judges qags=runs/qags ngram

The paper judges MLE and ConSeq by QAGS and FactCC so, beside QUALS and ROUGE.
"""

from collections.abc import Sequence
from pathlib import Path

from experiments.pipeline.rows import Dtype, read_rows, write_rows
from quals_jax.jobs.progress import Progress
from quals_jax.metrics.metric import Example, Metric
from quals_jax.metrics.registry import METRICS, MetricOptions, load_metrics

MEASURED_ANYWAY = ("quals", "rouge")


def check_judges(names: Sequence[str]) -> dict[str, str]:
    """Model folders by metric, "" for none; ValueError for no metric, or one without its model."""
    folders = {}
    for text in names:
        name, _, folder = text.partition("=")
        if name not in METRICS:
            raise ValueError(f"metric {name!r}: expected one of {', '.join(METRICS)}")
        entry = METRICS[name]
        if entry.model and not folder and entry.default_model is None:
            raise ValueError(f"metric {name}: give it as {name}=FOLDER ({entry.model})")
        if folder and not entry.model:
            raise ValueError(f"metric {name} has no model; give its name alone")
        folders[name] = folder
    return folders


def load_judges(names: Sequence[str], dtype: Dtype = "float32") -> list[Metric]:
    """The metrics with their models."""
    folders = check_judges(names)
    models = {name: Path(folder) for name, folder in folders.items() if folder}
    return load_metrics(folders, MetricOptions(models=models, dtype=dtype))


def judge(names: Sequence[str], dtype: Dtype, documents: Path, outputs: Path, judged: Path) -> None:
    """Writes {"id", "metrics": [numbers of each summary]} for the summaries in ``outputs``."""
    written = [
        (row["id"], source["document"], source["summary"], _summaries(row))
        for source, row in zip(read_rows(documents), read_rows(outputs), strict=True)
    ]
    examples = [
        Example(document, summary, reference)
        for _, document, reference, summaries in written
        for summary in summaries
    ]
    numbers: list[dict[str, float | None]] = [{} for _ in examples]
    for metric in load_judges(names, dtype):
        with Progress(f"  {metric.name} {judged.name}", total=len(examples)) as progress:
            rows = metric.evaluate(examples, progress.advance)
        for found, row in zip(numbers, rows, strict=True):
            found |= {key: row[key] for key in metric.keys}
    in_order = iter(numbers)
    write_rows(
        judged,
        ({"id": i, "metrics": [next(in_order) for _ in texts]} for i, _, _, texts in written),
    )


def _summaries(row: dict) -> list[str]:
    return row.get("summaries", [row["summary"]] if "summary" in row else [])
