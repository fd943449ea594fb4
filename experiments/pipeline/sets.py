"""The set stages: S+ and S- by one rule, with what the exact oracle thinks of them."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiments.pipeline.config import SetRule
from experiments.pipeline.rows import read_rows, write_rows
from quals_jax.data.world_oracle import judge
from quals_jax.jobs.claim import write_json
from quals_jax.selection import (
    ContrastSets,
    ScoredDocument,
    ScoredText,
    select,
    select_at_random,
    select_by_rouge,
)

Scores = Callable[[str, str, Mapping[str, Any]], float | None]  # document, summary, score row


def make_sets(
    rule: SetRule,
    files: Mapping[str, Path],
    output: Path,
    *,
    size_of: Path | None,
    oracle: bool,
    seed: int,
) -> None:
    """Writes the sets, ``OUTPUT.drops.jsonl`` and ``OUTPUT.statistics.json``.

    ``files``: documents, samples and the scores of both (of_samples, of_references); ``size_of``:
    the sets whose size this rule takes. Raises ValueError where nothing was chosen.
    """
    documents = _scored_documents(files, _BY_SCORE.get(rule.by, _quals_of))
    sets = _choose(rule, documents, size_of, seed)
    if not sets.rows:
        raise ValueError(
            f"rule {rule.name!r} chose no document of {len(documents)} "
            f"(reasons: {sets.statistics['drops']}); raise its ratios or num_documents"
        )
    statistics = sets.statistics | {"purity": _purity(sets) if oracle else None}
    write_rows(Path(f"{output}.drops.jsonl"), (drop.to_row() for drop in sets.drops))
    write_json(Path(f"{output}.statistics.json"), statistics)
    write_rows(output, (row.to_row() for row in sets.rows))


def read_statistics(output: Path) -> dict[str, Any]:
    """What `make_sets` wrote beside the sets."""
    return json.loads(Path(f"{output}.statistics.json").read_text("utf-8"))


def _choose(
    rule: SetRule, documents: list[ScoredDocument], size_of: Path | None, seed: int
) -> ContrastSets:
    if size_of is None:
        return select(documents, rule.options)
    size = read_statistics(size_of)
    num_negatives, num_positives = size["num_negatives"], size["num_positives"]
    if rule.by == "rouge":
        return select_by_rouge(documents, num_negatives)
    separate = size["num_documents"] > max(num_negatives, num_positives)
    return select_at_random(
        documents, num_negatives, num_positives if separate else None, seed=seed
    )


def _scored_documents(files: Mapping[str, Path], score_of: Scores) -> list[ScoredDocument]:
    """The documents with reference and samples; rows that failed have no samples or no score."""
    readers = [read_rows(files[n]) for n in ("documents", "samples", "of_references", "of_samples")]
    found = []
    for document, samples, reference_score, sample_scores in zip(*readers, strict=True):
        text, reference = document["document"], document["summary"]
        scores = sample_scores.get("scores", [])
        pool = tuple(
            ScoredText(sample, score_of(text, sample, row))
            for sample, row in zip(samples.get("summaries", []), scores, strict=bool(scores))
        )
        scored = ScoredText(reference, score_of(text, reference, reference_score))
        found.append(ScoredDocument(document["id"], text, scored, (pool,)))
    return found


def _quals_of(document: str, summary: str, row: Mapping[str, Any]) -> float | None:
    return row.get("quals")


def _answer_of(document: str, summary: str, row: Mapping[str, Any]) -> float | None:
    return row.get("answer")


def _answer_f1_of(document: str, summary: str, row: Mapping[str, Any]) -> float | None:
    return row.get("f1")


def _lowest_pair_of(document: str, summary: str, row: Mapping[str, Any]) -> float | None:
    return row.get("min")


def _oracle_of(document: str, summary: str, row: Mapping[str, Any]) -> float | None:
    """1 or 0, so that neither long nor short summaries come first: of equals the first is taken."""
    return float(judge(document, summary).factual)


_BY_SCORE: dict[str, Scores] = {
    "answer": _answer_of,
    "min": _lowest_pair_of,
    "f1": _answer_f1_of,
    "oracle": _oracle_of,
}


def _purity(sets: ContrastSets) -> dict[str, float | None]:
    """Share of S+ that is factual, and of S- that is not."""
    positives = [judge(r.document, r.positive).factual for r in sets.rows if r.positive]
    negatives = [not judge(r.document, r.negative).factual for r in sets.rows if r.negative]
    return {
        "positives": sum(positives) / len(positives) if positives else None,
        "negatives": sum(negatives) / len(negatives) if negatives else None,
    }


def rule_settings(rule: SetRule) -> dict[str, object]:
    """What a rule's sets depend on besides its inputs."""
    if rule.by in ("rouge", "random"):
        return {"by": rule.by}
    return {"by": rule.by, "options": dataclasses.asdict(rule.options)}
