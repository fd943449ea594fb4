"""Rows of `quals evaluate`: what is written for each summary, and what all come to.

worker = metric_worker([NgramPrecision(), Rouge()])
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError, SummaryRow
from quals_jax.jobs.claim import manifest_of, write_json
from quals_jax.jobs.row_job import STDOUT, Report, Worker
from quals_jax.metrics.metric import Example, Metric


def metric_worker(metrics: Sequence[Metric]) -> Worker:
    """Evaluates rows by all metrics; the signature has a line ``name: signature`` for each."""

    def process(rows: list[SummaryRow], report: Report) -> list[dict[str, Any]]:
        examples = [
            Example(row.document, summary, row.reference)
            for row in rows
            for summary in row.summaries
        ]
        share = len(rows) / max(1, len(examples)) / len(metrics)
        columns = [
            metric.evaluate(examples, lambda done: report(done * share)) for metric in metrics
        ]
        scores = iter([_score(metrics, results) for results in zip(*columns, strict=True)])
        return [_output_row(row, [next(scores) for _ in row.summaries]) for row in rows]

    return Worker(process, "\n".join(f"{metric.name}: {metric.signature}" for metric in metrics))


def _score(metrics: Sequence[Metric], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of one summary and why some are missing; a failed metric marks an error."""
    score: dict[str, Any] = {"metrics": {}, "reasons": {}}
    for metric, result in zip(metrics, results, strict=True):
        found = {key: result[key] for key in metric.keys}
        broken = [key for key, value in found.items() if not math.isfinite(value or 0.0)]
        reason, error = result.get("reason"), result.get("error")
        if broken:
            found |= dict.fromkeys(broken)
            reason, error = "non_finite", f"{', '.join(broken)} is NaN or infinite"
        score["metrics"] |= {key: _rounded(value) for key, value in found.items()}
        if reason is not None:
            score["reasons"][metric.name] = reason
        if error is not None and "status" not in score:
            score |= {"status": "error", "code": reason, "message": f"{metric.name}: {error}"}
    return score


def _rounded(value: float | None) -> float | None:
    # As in `quals score`: far below the tolerance of float32 scores, and readable.
    return None if value is None else round(float(value), 6)


def _output_row(row: SummaryRow, scores: list[dict[str, Any]]) -> dict[str, Any]:
    digest = hashlib.sha256(row.document.encode("utf-8", "surrogatepass")).hexdigest()
    document = {"document_sha256": digest[:16]}
    if row.single:
        return document | scores[0]
    failed = next((score for score in scores if score.get("status") == "error"), None)
    status = {key: failed[key] for key in ("status", "code", "message")} if failed else {}
    return document | {"scores": scores} | status


class EvaluationTally:
    """Collects the numbers of all rows, and counts the reasons where there are none."""

    def __init__(self):
        self.rows = 0
        self.scores: list[tuple[str, Mapping[str, float | None]]] = []
        self._reasons: Counter[tuple[str, str]] = Counter()

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes an output row, cells of a table with their JSON text included."""
        self.rows += 1
        many = _value(row.get("scores"))
        for score in many if many is not None else [row]:
            metrics = _value(score.get("metrics"))
            if metrics is not None:  # the row could be read
                self.scores.append((row["document_sha256"], metrics))
                self._reasons.update((_value(score.get("reasons")) or {}).items())

    def line(self) -> str:
        """For example ``470 summaries of 474 rows; without: rouge (no_reference 4)``."""
        text = f"{len(self.scores)} summaries of {self.rows} rows"
        if self._reasons:
            missing = [f"{name} {why} {n}" for (name, why), n in sorted(self._reasons.items())]
            text += f" (no number: {', '.join(missing)})"
        return text


def _value(cell: Any) -> Any:
    if isinstance(cell, str):
        return json.loads(cell) if cell else None
    return cell


def write_summary(output: str, output_format: str, tally: EvaluationTally) -> str:
    """Writes OUT.summary.json, where OUT is a file, and gives the table for people.

    A finished output that was not made anew is read.
    """
    from quals_jax.evaluation.metric_summary import MetricSummary

    path = Path(output)
    is_file = output != STDOUT and path.is_file()
    if is_file and not tally.rows:
        for record in read_records(path, output_format):
            assert not isinstance(record, RowError), record
            tally.add(record.values)
    summary = MetricSummary()
    for document, metrics in tally.scores:
        summary.add(document, metrics)
    figures = summary.figures()
    if is_file:
        signature = json.loads(manifest_of(path).read_text("utf-8"))["signature"]
        lines = [line.partition(": ") for line in signature.splitlines()]
        content = {"signatures": {name: text for name, _, text in lines}, "metrics": figures}
        write_json(path.with_name(path.name + ".summary.json"), content)
    return _table(figures)


def _table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    if not figures:
        return ""
    rows = [("mean", "value", "95 % interval", "summaries")]
    for key, figure in figures.items():
        low, high = figure["interval"] or (None, None)
        ends = f"{_number(low)} to {_number(high)}" if low is not None else "–"
        rows.append((key, _number(figure["value"]), ends, str(figure["num_rows"])))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        f"{name:{widths[0]}}  {value:>{widths[1]}}  {ends:>{widths[2]}}  {number:>{widths[3]}}"
        for name, value, ends, number in rows
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
