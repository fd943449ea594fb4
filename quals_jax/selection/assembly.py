"""Two chosen sets become contrast rows, drops with their reasons, and statistics."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from quals_jax.selection.ranking import extreme_sample
from quals_jax.selection.records import (
    ContrastRow,
    ContrastSets,
    Drop,
    ScoredDocument,
    ScoredText,
)


@dataclasses.dataclass(frozen=True)
class Side:
    """One of the two sets: the texts taken by index of their document (None: taken without text).

    ``reason(index)`` says why a document was not taken. ``threshold`` is the last score taken.
    """

    taken: Mapping[int, ScoredText | None]
    reason: Callable[[int], str]
    threshold: float | None = None


def contrast_sets(
    documents: Sequence[ScoredDocument], negative: Side, positive: Side, *, separate: bool = False
) -> ContrastSets:
    """The documents in both sets, or with ``separate`` those in either."""
    rows: list[ContrastRow] = []
    drops: list[Drop] = []
    for i, document in enumerate(documents):
        in_negative, in_positive = i in negative.taken, i in positive.taken
        if not (in_negative and in_positive):
            drops.append(_drop(document.id, i, negative, positive))
        if (in_negative and in_positive) or (separate and (in_negative or in_positive)):
            rows.append(_row(document, positive.taken.get(i), negative.taken.get(i)))
    return ContrastSets(
        tuple(rows), tuple(drops), _statistics(documents, rows, drops, negative, positive)
    )


def _drop(document_id: str | int, i: int, negative: Side, positive: Side) -> Drop:
    if i in positive.taken:
        return Drop(document_id, "negative", negative.reason(i))
    if i in negative.taken:
        return Drop(document_id, "positive", positive.reason(i))
    reasons = dict.fromkeys([negative.reason(i), positive.reason(i)])
    return Drop(document_id, "both", " and ".join(reasons))


def _row(
    document: ScoredDocument, positive: ScoredText | None, negative: ScoredText | None
) -> ContrastRow:
    return ContrastRow(
        id=document.id,
        document=document.document,
        positive=positive.text if positive else None,
        # The official code strips hypotheses too; references stay as they are.
        negative=negative.text.strip() if negative else None,
        positive_score=positive.score if positive else None,
        negative_score=negative.score if negative else None,
    )


def _statistics(
    documents: Sequence[ScoredDocument],
    rows: Sequence[ContrastRow],
    drops: Sequence[Drop],
    negative: Side,
    positive: Side,
) -> dict[str, Any]:
    worst = [extreme_sample(document.pools) for document in documents]
    references = [d.reference for d in documents if d.reference and not d.reference.blank]
    reasons = Counter(drop.reason for drop in drops)
    return {
        "num_input": len(documents),
        "num_documents": len(rows),
        "num_positives": sum(row.positive is not None for row in rows),
        "num_negatives": sum(row.negative is not None for row in rows),
        "before_intersection": {
            "negatives": len(negative.taken),
            "positives": len(positive.taken),
        },
        "thresholds": {"negative": negative.threshold, "positive": positive.threshold},
        "means": {
            "samples": _mean(sample.score for d in documents for sample in d.samples),
            "worst_samples": _mean(sample.score for sample in worst if sample),
            "references": _mean(text.score for text in references),
            "negatives": _mean(row.negative_score for row in rows),
            "positives": _mean(row.positive_score for row in rows),
        },
        "drops": dict(sorted(reasons.items())),
    }


def _mean(scores: Iterable[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None
