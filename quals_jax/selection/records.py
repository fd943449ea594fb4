"""What selection takes and gives: scored documents, contrast rows, drops."""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal


@dataclasses.dataclass(frozen=True)
class ScoredText:
    """A summary and its score, higher is better; None where it has none."""

    text: str
    score: float | None = None

    @property
    def blank(self) -> bool:
        """Whether there is nothing to train on: such a text is never chosen."""
        return not self.text.strip()


@dataclasses.dataclass(frozen=True)
class ScoredDocument:
    """A document, its reference and its samples, one tuple for each pool (round of sampling)."""

    id: str | int
    document: str
    reference: ScoredText | None
    pools: tuple[tuple[ScoredText, ...], ...]

    @property
    def has_reference(self) -> bool:
        """Whether there is a reference that is not blank."""
        return self.reference is not None and not self.reference.blank

    @property
    def samples(self) -> list[ScoredText]:
        """The samples of all pools that are not blank."""
        return [sample for pool in self.pools for sample in pool if not sample.blank]


@dataclasses.dataclass(frozen=True)
class ContrastRow:
    """A chosen document; ``positive`` or ``negative`` is None where only the other set has it.

    The scores are those the texts came with, whatever rule chose them.
    """

    id: str | int
    document: str
    positive: str | None
    negative: str | None
    positive_score: float | None
    negative_score: float | None

    def to_row(self) -> dict[str, Any]:
        """The row as training reads it."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Drop:
    """A document that a set refused, or that both did.

    Where both refused it for different reasons, the two stand in ``reason`` joined by " and ": the
    reasons of an intersection count every dropped document once.
    """

    id: str | int
    side: Literal["positive", "negative", "both"]
    reason: str

    def to_row(self) -> dict[str, Any]:
        """The drop as a row."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class ContrastSets:
    """The chosen rows and the drops, both in the order of the documents, and what to know of them.

    ``statistics``: ``num_input`` documents; ``num_documents`` chosen, of which ``num_positives``
    and ``num_negatives``; ``before_intersection`` the sizes of the two sets; ``thresholds`` the
    last score that each set took, by the rule's own score (None where the rule has none);
    ``means`` of the scores given, over all samples, the worst sample of each document, all
    references, and the chosen texts; ``drops`` counted by reason.
    """

    rows: tuple[ContrastRow, ...]
    drops: tuple[Drop, ...]
    statistics: dict[str, Any]


def check_documents(documents: Sequence[ScoredDocument]) -> None:
    """ValueError without documents, for an id that occurs twice and for NaN and infinite scores."""
    if not documents:
        raise ValueError("there are no documents to select from")
    counts = Counter(str(document.id) for document in documents)
    if doubled := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"the id {doubled[0]!r} occurs {counts[doubled[0]]} times; make it unique")
    for document in documents:
        texts = [sample for pool in document.pools for sample in pool]
        texts += [document.reference] if document.reference else []
        for text in texts:
            if text.score is not None and not math.isfinite(text.score):
                raise ValueError(
                    f"a score of document {document.id!r} is {text.score}; a text without a score "
                    "has None"
                )
