"""Sentences and entities of a summary, for filter level 2: by spaCy, or by rules without it.

    analyser = entity_analyser("auto")
    analyser.name                      # "spacy en_core_web_lg 3.8.0", or "rules"
    analyser("Ann met Bob.")           # [SummarySentence("Ann met Bob.", ("Ann", "Bob"))]

The official code uses spaCy's en_core_web_lg. The rules (``text/entity_spans.py``) need no model
and find other entities, so results must say which was used.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from quals_jax.data.context_views import sentences
from quals_jax.data.corruption import SummarySentence
from quals_jax.text.entity_match import TRACKED_ENTITY_TYPES
from quals_jax.text.entity_spans import entity_spans

SPACY_MODEL = "en_core_web_lg"
EntityKind = Literal["auto", "spacy", "rules"]

_ABBREVIATIONS = """
Mr. Mrs. Ms. Dr. Prof. St. Jr. Sr. Gen. Col. Lt. Sgt. Capt. Sen. Rep. Gov. Rev. Hon. No. vs. Inc.
"""
_NO_END = frozenset(_ABBREVIATIONS.split())


@dataclass(frozen=True)
class EntityAnalyser:
    """Gives the sentences of a summary, in order, with the entities in them."""

    kind: str  # "spacy" or "rules"
    name: str  # with model and version
    analyse: Callable[[str], Sequence[SummarySentence]]

    def __call__(self, summary: str) -> Sequence[SummarySentence]:
        """The sentences of ``summary``."""
        return self.analyse(summary)


def entity_analyser(kind: EntityKind = "auto", spacy_model: str = SPACY_MODEL) -> EntityAnalyser:
    """The analyser of that kind; "auto" is spaCy where it and the model are installed, else rules.

    "spacy" raises ModuleNotFoundError without spaCy, FileNotFoundError without the model; both
    messages say what to install.
    """
    if kind == "rules":
        return EntityAnalyser("rules", "rules", _by_rules)
    if kind not in ("auto", "spacy"):
        raise ValueError(f"entity analyser {kind!r}: expected auto, spacy or rules")
    try:
        pipeline = load_spacy(spacy_model)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        broken = isinstance(error, ModuleNotFoundError) and error.name != "spacy"
        if kind == "spacy" or broken:
            raise
        return entity_analyser("rules")
    meta = pipeline.meta
    name = f"spacy {meta['lang']}_{meta['name']} {meta['version']}"
    return EntityAnalyser("spacy", name, lambda summary: _by_spacy(pipeline, summary))


def load_spacy(model: str) -> Any:
    """spaCy's pipeline; raises as `entity_analyser` does for "spacy"."""
    try:
        spacy: Any = importlib.import_module("spacy")
    except ModuleNotFoundError as error:
        if error.name != "spacy":
            raise
        raise ModuleNotFoundError(
            'entities by spaCy need the extra "spacy": pip install "quals-jax[spacy]", then '
            f"python -m spacy download {model}; or take the rules instead",
            name="spacy",
        ) from None
    try:
        return spacy.load(model)
    except OSError as error:
        raise FileNotFoundError(
            f"spaCy model {model}: {error}; python -m spacy download {model}, or take the rules "
            "instead"
        ) from error


def _by_spacy(pipeline: Any, summary: str) -> list[SummarySentence]:
    """As in the official code an entity's type is that of its first token."""
    return [
        SummarySentence(
            sentence.text.strip(),
            tuple(e.text for e in sentence.ents if e[0].ent_type_ in TRACKED_ENTITY_TYPES),
        )
        for sentence in pipeline(summary).sents
        if sentence.text.strip()
    ]


def _by_rules(summary: str) -> list[SummarySentence]:
    texts: list[str] = []
    for part in sentences(summary):
        if texts and texts[-1].split()[-1] in _NO_END:
            texts[-1] += f" {part.strip()}"
        else:
            texts.append(part.strip())
    return [SummarySentence(*both) for both in zip(texts, entity_spans(texts), strict=True)]
