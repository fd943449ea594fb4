"""The evaluation stage: every metric of every written summary, and the means with intervals."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.pipeline.rows import read_rows, write_rows
from quals_jax.data.world_events import EVENT_TYPES
from quals_jax.data.world_oracle import judge, read_article
from quals_jax.metrics.rouge import rouge, rouge_l

ROUGES = ("rouge1", "rouge2", "rougeL")
_NUM_RESAMPLES = 1000


@dataclasses.dataclass(frozen=True)
class EvaluationFiles:
    """Documents with references, written summaries and their QUALS, in the same order."""

    documents: Path
    outputs: Path
    scores: Path


def evaluate(files: EvaluationFiles, output: Path, *, oracle: bool) -> None:
    """Writes a row of metrics per document; several summaries of a document count as their mean.

    quals (null without a score), rouge1, rouge2 and rougeL against the reference, rougeL_clean
    against the clean one where there is one; by the oracle factual, precision, parsed and optional
    (supported facts beyond those every summary states).
    """
    rows = []
    readers = [read_rows(path) for path in (files.documents, files.outputs, files.scores)]
    for document, written, scored in zip(*readers, strict=True):
        summaries = written.get("summaries", [written["summary"]] if "summary" in written else [])
        scores = scored.get("scores", [scored])[: len(summaries)]
        metrics = [
            _metrics(document, summary, score.get("quals"), oracle=oracle)
            for summary, score in zip(summaries, scores, strict=True)
        ]
        means = {name: _mean([row[name] for row in metrics]) for name in (metrics or [{}])[0]}
        rows.append({"id": document["id"], "metrics": means, "summaries": summaries})
    write_rows(output, rows)


def figures(evaluated: Path) -> dict[str, dict[str, Any]]:
    """Mean of every metric over the documents that have it, with its 95 % bootstrap interval."""
    rows = [row["metrics"] for row in read_rows(evaluated)]
    names = next((list(row) for row in rows if row), [])
    columns = {name: [row[name] for row in rows if row.get(name) is not None] for name in names}
    return {name: mean_with_interval(values) for name, values in columns.items()}


def mean_with_interval(values: Sequence[float], *, seed: int = 0) -> dict[str, Any]:
    """The mean and its 95 % percentile bootstrap interval over documents."""
    if not values:
        return {"value": None, "interval": None}
    array = np.asarray(values, float)
    picks = np.random.default_rng(seed).integers(len(array), size=(_NUM_RESAMPLES, len(array)))
    low, high = np.percentile(array[picks].mean(axis=1), [2.5, 97.5])
    return {"value": _rounded(array.mean()), "interval": [_rounded(low), _rounded(high)]}


def _metrics(
    document: Mapping[str, str], summary: str, quals: float | None, *, oracle: bool
) -> dict[str, float | None]:
    (shared,) = rouge([document["summary"]], [summary])
    metrics: dict[str, float | None] = {"quals": quals}
    metrics |= {name: round(shared[name].f1, 6) for name in ROUGES}
    if "clean" in document:
        metrics["rougeL_clean"] = round(rouge_l(document["clean"], summary), 6)
    return metrics | (_by_oracle(document["document"], summary) if oracle else {})


def _by_oracle(document: str, summary: str) -> dict[str, float]:
    verdict = judge(document, summary)
    optional = EVENT_TYPES[read_article(document).type].optional
    return {
        "factual": float(verdict.factual),
        "precision": round(verdict.precision, 6),
        "parsed": float(verdict.parsed),
        "optional": float(sum(slot in optional for slot in verdict.supported)),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _rounded(value: float) -> float:
    return round(float(value), 6)
