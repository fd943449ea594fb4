"""Events of the synthetic world and the articles about them.

    event = draw_event(rng)
    article = write_article("a1", event, rng)
    article.text, article.stated            # "A fire at a school ...", {"place": "school", ...}

An article opens with its event's anchors, as news does, and goes on with some of the optional
facts: *thin* articles with few of them, *rich* ones with nearly all. A sentence about other people
and places may stand between them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quals_jax.data.world_events import EVENT_TYPES, FILLERS
from quals_jax.data.world_schema import EventType
from quals_jax.data.world_templates import Template
from quals_jax.data.world_vocabulary import pool

_THIN_SHARE = 0.45
_STATED_THIN, _STATED_RICH = 0.35, 0.95
_DISTRACTOR_SHARE, _FILLER_SHARE = 0.7, 0.5
_SENTENCE_END = re.compile(r"(?<=\.) ")


@dataclass(frozen=True)
class Event:
    """Something that happened: its type and every fact about it, stated or not."""

    type: EventType
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Article:
    """An article: its text, the facts of its event that it states, and those of its asides."""

    id: str
    text: str
    event: Event
    stated: Mapping[str, str]
    asides: Mapping[str, str]
    thin: bool

    @property
    def type(self) -> EventType:
        """The type of the event."""
        return self.event.type

    def mentions(self, kind: str) -> set[str]:
        """All values of a kind that the article contains, whoever they belong to."""
        everything = [*self.stated.items(), *self.asides.items()]
        return {value for slot, value in everything if self.type.kinds[slot] == kind}


def draw_event(rng: np.random.Generator) -> Event:
    """An event of a uniformly drawn type; values of one kind differ from each other."""
    types = tuple(EVENT_TYPES.values())
    event_type = types[rng.integers(len(types))]
    facts: dict[str, str] = {}
    for name, slot in event_type.slots.items():
        taken = {value for other, value in facts.items() if event_type.kinds[other] == slot.kind}
        facts[name] = pool(slot.kind).draw(rng, taken)
    return Event(event_type, facts)


def write_article(article_id: str, event: Event, rng: np.random.Generator) -> Article:
    """An article about the event; what it states, and in which words and order, is drawn."""
    thin = bool(rng.random() < _THIN_SHARE)
    share = _STATED_THIN if thin else _STATED_RICH
    told = [name for name in event.type.optional if rng.random() < share]
    stated = {name: event.facts[name] for name in (*event.type.anchors, *told)}

    body = [choose(event.type.slots[name].sentences, rng).write(event.facts) for name in told]
    asides: dict[str, str] = {}
    if rng.random() < _DISTRACTOR_SHARE:
        distractor = event.type.distractors[rng.integers(len(event.type.distractors))]
        for slot, kind in distractor.kinds.items():
            taken = {v for s, v in event.facts.items() if event.type.kinds[s] == kind}
            asides[slot] = pool(kind).draw(rng, taken)
        body.append(choose(distractor.sentences, rng).write(asides))
    if rng.random() < _FILLER_SHARE:
        body.append(FILLERS[rng.integers(len(FILLERS))])

    lead = choose(event.type.lead, rng).write(event.facts)
    told_in_order = [body[i] for i in rng.permutation(len(body))]
    return Article(article_id, " ".join([lead, *told_in_order]), event, stated, asides, thin)


def draw_articles(count: int, rng: np.random.Generator, prefix: str = "article") -> list[Article]:
    """`count` articles about `count` events, with ids `prefix-0`, `prefix-1`, ..."""
    return [write_article(f"{prefix}-{i}", draw_event(rng), rng) for i in range(count)]


def choose(templates: tuple[Template, ...], rng: np.random.Generator) -> Template:
    """One of the templates, all equally likely."""
    return templates[rng.integers(len(templates))]


def sentences(text: str) -> list[str]:
    """The sentences of an article of this world (a full stop ends one, nothing else has one)."""
    return _SENTENCE_END.split(text)
