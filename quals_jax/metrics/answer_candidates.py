"""What a summary may be asked about: its names and noun phrases, the first step of QAGS.

    finder = candidate_finder("auto")
    finder.name                                  # "spacy en_core_web_lg 3.8.0", or "rules"
    finder("A fire in Leeds hurt 26 people.")    # ["Leeds", "26", "fire", "26 people"]

The official code takes spaCy's entities of all types and its noun chunks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from quals_jax.data.entity_analysis import SPACY_MODEL, EntityKind, entity_analyser, load_spacy
from quals_jax.text.answers import normalize_answer
from quals_jax.text.noun_phrases import modifiers, noun_phrases
from quals_jax.text.quantity_spans import date_spans, number_spans


@dataclass(frozen=True)
class CandidateFinder:
    """Gives the answer candidates of a text, best first: entities before noun phrases."""

    name: str  # with model and version
    find: Callable[[str], list[str]]

    def __call__(self, text: str) -> list[str]:
        """The candidates of ``text``; none twice, articles, case and punctuation aside."""
        return self.find(text)


def candidate_finder(kind: EntityKind = "auto", spacy_model: str = SPACY_MODEL) -> CandidateFinder:
    """The finder of that kind; "auto" is spaCy where it and the model are installed, else rules.

    The rules: names (`entity_spans`), dates and numbers (`quantity_spans`), then noun phrases and
    their `modifiers` (`noun_phrases`). Raises as `entity_analyser` does. Differs from the official
    code, whose order is random: entities come first, each sort in the order of the text.
    """
    analyser = entity_analyser(kind, spacy_model)
    if analyser.kind == "spacy":
        pipeline = load_spacy(spacy_model)
        return CandidateFinder(analyser.name, lambda text: _by_spacy(pipeline, text))

    def by_rules(text: str) -> list[str]:
        sentences = analyser(text)
        entities: list[str] = []
        for sentence in sentences:
            entities += sentence.entities
            spans = [*date_spans(sentence.text), *number_spans(sentence.text)]
            entities += [span.text for span in sorted(spans)]
        phrases = [phrase for s in sentences for phrase in noun_phrases(s.text)]
        return _distinct([*entities, *phrases, *modifiers(phrases)])

    return CandidateFinder("rules", by_rules)


def _by_spacy(pipeline: Any, text: str) -> list[str]:
    """Differs from the official code: pronouns are no candidates."""
    document = pipeline(text)
    entities = [entity.text for entity in document.ents]
    chunks = [chunk.text for chunk in document.noun_chunks if chunk.root.pos_ != "PRON"]
    return _distinct([*entities, *chunks])


def _distinct(candidates: Iterable[str]) -> list[str]:
    kept: dict[str, str] = {}
    for candidate in candidates:
        if normal := normalize_answer(candidate):
            kept.setdefault(normal, candidate.strip())
    return list(kept.values())
