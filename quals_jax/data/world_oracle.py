"""The exact judge of the synthetic world: which facts a summary states, and which are supported.

    verdict = judge(document, summary)
    verdict.factual, verdict.supported, verdict.wrong

Works on text alone, by the grammar of world_events.py; it never sees how the texts were made.
A summary that the grammar does not accept is not parsed: `facts` is empty and it is not factual.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quals_jax.data.world_articles import sentences
from quals_jax.data.world_events import EVENT_TYPES, FILLERS


@dataclass(frozen=True)
class Reading:
    """What a text says: the name of its event type, its facts and, for articles, its asides."""

    type: str
    facts: Mapping[str, str]
    asides: Mapping[str, str]


@dataclass(frozen=True)
class Verdict:
    """A summary judged against its article. `wrong` holds the facts that are not supported."""

    parsed: bool
    supported: Mapping[str, str]
    wrong: Mapping[str, str]

    @property
    def num_facts(self) -> int:
        """Number of facts the summary states."""
        return len(self.supported) + len(self.wrong)

    @property
    def factual(self) -> bool:
        """Whether the summary was understood and the article states all of it."""
        return self.parsed and not self.wrong

    @property
    def precision(self) -> float:
        """Share of the facts that are supported; 0 for a summary that was not understood."""
        return len(self.supported) / self.num_facts if self.parsed else 0.0


def read_summary(text: str) -> Reading | None:
    """The facts of a summary, or None if it is not a sentence of this world."""
    for event_type in EVENT_TYPES.values():
        for template in event_type.summaries:
            facts = template.read(text, event_type.kinds)
            if facts is not None:
                return Reading(event_type.name, facts, {})
    return None


def read_article(text: str) -> Reading:
    """The facts an article states.

    Raises ValueError for a text with a sentence that this world does not have.
    """
    parts = sentences(text)
    for event_type in EVENT_TYPES.values():
        if any(t.read(part, event_type.kinds) for t in event_type.lead for part in parts):
            break
    else:
        raise ValueError(f"not an article of the synthetic world (no lead sentence): {text!r}")

    facts: dict[str, str] = {}
    asides: dict[str, str] = {}
    own = [*event_type.lead, *(t for s in event_type.slots.values() for t in s.sentences)]
    others = [t for d in event_type.distractors for t in d.sentences]
    for part in parts:
        if found := next(filter(None, (t.read(part, event_type.kinds) for t in own)), None):
            facts |= found
        elif found := next(filter(None, (t.read(part, event_type.kinds) for t in others)), None):
            asides |= found
        elif part not in FILLERS:
            raise ValueError(f"not a sentence of the synthetic world: {part!r}")
    return Reading(event_type.name, facts, asides)


def judge(document: str, summary: str) -> Verdict:
    """Judges a summary against its article; ValueError if the *article* is not of this world."""
    article = read_article(document)
    reading = read_summary(summary)
    if reading is None:
        return Verdict(False, {}, {})
    if reading.type != article.type:
        return Verdict(True, {}, reading.facts)
    supported = {s: v for s, v in reading.facts.items() if article.facts.get(s) == v}
    return Verdict(True, supported, {s: v for s, v in reading.facts.items() if s not in supported})
