"""Entity precision and recall (Nan et al. 2021b): are the names in a summary those of its document?

    metric = EntityOverlap(entity_analyser("auto"))
    metric.evaluate([Example("Ann Lee met Bob.", "Ann met Carl.")])
    # [{"entity_precision": 0.5, "entity_precision_target": None, "entity_recall_target": None}]

As in the official code (``evaluate_hypo.py``) an entity counts as found when `find_entity` finds
any part of it; a name counts as often as it occurs. The official code finds entities by spaCy's
en_core_web_lg; where that is not installed our rules do it, and the signature says so. Numbers are
per summary: their mean over summaries is what the official code calls "micro".
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from quals_jax.data.entity_analysis import EntityAnalyser
from quals_jax.metrics.metric import Example, Report, empty_text, nothing
from quals_jax.text.entity_match import TRACKED_ENTITY_TYPES, find_entity


@dataclasses.dataclass(frozen=True)
class EntityOverlap:
    """Shares of entities, each None where there are no entities to take the share of.

    ``entity_precision``: of the summary's entities, those found in the document;
    ``entity_precision_target``: of the summary's, those found in the reference;
    ``entity_recall_target``: of the reference's, those found in the summary. ``level`` is how
    strictly an entity is matched, 0 to 2 (`find_entity`; 2 is the official rule).
    """

    analyser: EntityAnalyser
    level: int = 2
    name = "entities"
    keys = ("entity_precision", "entity_precision_target", "entity_recall_target")

    def __post_init__(self) -> None:
        find_entity("", "", self.level)  # ValueError for another level

    @property
    def signature(self) -> str:
        """Who finds the entities, and how strictly they are matched."""
        types = f"|types:{','.join(TRACKED_ENTITY_TYPES)}" if self.analyser.kind == "spacy" else ""
        return f"entities:{self.analyser.name}|match level:{self.level}{types}"

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """Reasons: ``empty_summary``, ``empty_document``, ``no_entities`` (in the summary)."""
        rows = []
        for example in examples:
            rows.append(self._row(example))
            report(1)
        return rows

    def _row(self, example: Example) -> dict[str, Any]:
        ours = self._entities(example.summary)
        row: dict[str, Any] = dict.fromkeys(self.keys)
        reason = empty_text(example) or (None if ours else "no_entities")
        if reason is None:
            row["entity_precision"] = self._share(ours, example.document)
        if example.reference:
            row["entity_precision_target"] = self._share(ours, example.reference)
            theirs = self._entities(example.reference)
            row["entity_recall_target"] = self._share(theirs, example.summary)
        return row if reason is None else row | {"reason": reason}

    def _entities(self, text: str) -> list[str]:
        return [entity for sentence in self.analyser(text) for entity in sentence.entities]

    def _share(self, entities: Sequence[str], text: str) -> float | None:
        if not entities:
            return None
        return sum(bool(find_entity(entity, text, self.level)) for entity in entities) / len(
            entities
        )
