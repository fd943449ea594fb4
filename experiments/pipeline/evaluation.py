"""The evaluation stage: every metric of every written summary, and the means with intervals."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.pipeline.rows import read_rows, write_rows
from quals_jax.data.world_events import EVENT_TYPES
from quals_jax.data.world_oracle import judge, read_article
from quals_jax.evaluation.bootstrap import mean_with_interval
from quals_jax.metrics.rouge import rouge, rouge_l

ROUGES = ("rouge1", "rouge2", "rougeL")


@dataclasses.dataclass(frozen=True)
class EvaluationFiles:
    """Documents with references, written summaries, their QUALS and what other metrics say of them
    (if any), in the same order."""

    documents: Path
    outputs: Path
    scores: Path | None
    judged: Path | None = None


def evaluate(files: EvaluationFiles, output: Path, *, oracle: bool) -> None:
    """Writes a row of metrics per document; several summaries of a document count as their mean.

    quals (null without a score), rouge1, rouge2 and rougeL against the reference, rougeL_clean
    against the clean one where there is one; by the oracle factual, precision, parsed and optional
    (supported facts beyond those every summary states), factual_thin for articles that state at
    most half of what they could and factual_rich for the others.
    """
    rows = []
    documents, outputs = read_rows(files.documents), list(read_rows(files.outputs))
    all_scores = read_rows(files.scores) if files.scores else [{}] * len(outputs)
    judged = read_rows(files.judged) if files.judged else [{}] * len(outputs)
    for document, written, scored, judgement in zip(
        documents, outputs, all_scores, judged, strict=True
    ):
        summaries = written.get("summaries", [written["summary"]] if "summary" in written else [])
        scores = scored.get("scores", [scored] * len(summaries))[: len(summaries)]
        metrics = [
            _metrics(document, summary, score.get("quals"), oracle=oracle)
            for summary, score in zip(summaries, scores, strict=True)
        ]
        for metric, more in zip(metrics, judgement.get("metrics", ()), strict=False):
            metric |= more
        means = {name: _mean([row[name] for row in metrics]) for name in (metrics or [{}])[0]}
        rows.append({"id": document["id"], "metrics": means, "summaries": summaries})
    write_rows(output, rows)


def figures(evaluated: Path) -> dict[str, dict[str, Any]]:
    """Mean of every metric over the documents that have it, with its 95 % bootstrap interval."""
    rows = [row["metrics"] for row in read_rows(evaluated)]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row[name] for row in rows if row.get(name) is not None] for name in names}
    return {name: mean_with_interval(values) for name, values in columns.items()}


def differences(evaluated: Path, against: Path) -> dict[str, dict[str, Any]]:
    """Mean of every metric less that of another system, over the documents where both have it."""
    pairs = [
        (row["metrics"], other["metrics"])
        for row, other in zip(read_rows(evaluated), read_rows(against), strict=True)
    ]
    names = dict.fromkeys(name for row, _ in pairs for name in row)
    found = {
        name: [
            row[name] - other[name]
            for row, other in pairs
            if row.get(name) is not None and other.get(name) is not None
        ]
        for name in names
    }
    return {name: mean_with_interval(values) for name, values in found.items() if values}


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
    verdict, article = judge(document, summary), read_article(document)
    optional = EVENT_TYPES[article.type].optional
    is_thin = sum(slot in article.facts for slot in optional) <= len(optional) / 2
    return {
        "factual": float(verdict.factual),
        "factual_thin" if is_thin else "factual_rich": float(verdict.factual),
        "precision": round(verdict.precision, 6),
        "parsed": float(verdict.parsed),
        "optional": float(sum(slot in optional for slot in verdict.supported)),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
