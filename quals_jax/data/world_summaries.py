"""Summaries of the synthetic world: faithful ones, and references as noisy as those of XSUM.

    summary = faithful_summary(article, rng)            # stated facts only
    summary = reference(article, rng)                   # a third of these say too much

References hallucinate *systematically*: careless writers state where and when something happened
whether or not the article says so. Random mistakes alone would not teach a summarizer to
hallucinate, because the most probable summary would stay the right one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quals_jax.data.world_articles import Article, Event, choose
from quals_jax.data.world_schema import EventType
from quals_jax.data.world_templates import Template
from quals_jax.data.world_vocabulary import pool

_CARELESS_SHARE = 0.78
_CARELESS_CORE = 0.95  # careless: core facts, stated or not
_CARELESS_OTHER = 0.3  # careless: other facts the article states
_CARELESS_UNSTATED = 0.35 * 0.3  # careless: other facts the article does not state
_CARELESS_SWAP = 0.05  # careless: one fact is simply wrong
_FAITHFUL_SHARE = 0.75  # of the stated optional facts


@dataclass(frozen=True)
class Summary:
    """A summary: its text, the facts it states and the pattern that wrote it."""

    text: str
    type: EventType
    facts: Mapping[str, str]
    template: Template


def write_summary(
    event_type: EventType, facts: Mapping[str, str], rng: np.random.Generator
) -> Summary:
    """A summary that states exactly `facts` (all anchors must be among them)."""
    return with_facts(choose(event_type.summaries, rng), event_type, facts)


def with_facts(template: Template, event_type: EventType, facts: Mapping[str, str]) -> Summary:
    """The summary that the pattern makes of `facts`."""
    return Summary(template.write(facts), event_type, dict(facts), template)


def faithful_summary(
    article: Article, rng: np.random.Generator, share: float = _FAITHFUL_SHARE
) -> Summary:
    """A summary of stated facts: the anchors, and each other stated fact with `share`."""
    names = [n for n in article.stated if n in article.type.anchors or rng.random() < share]
    return write_summary(article.type, {n: article.stated[n] for n in names}, rng)


def event_summary(event: Event, rng: np.random.Generator) -> Summary:
    """A summary of an event without an article: every fact of it is true by construction."""
    anchors = event.type.anchors
    share = rng.random()
    names = [n for n in event.facts if n in anchors or rng.random() < share]
    return write_summary(event.type, {n: event.facts[n] for n in names}, rng)


def reference(article: Article, rng: np.random.Generator) -> Summary:
    """A summary as a journalist writes it: faithful (22 %) or careless (78 %)."""
    if rng.random() >= _CARELESS_SHARE:
        return faithful_summary(article, rng)
    facts = {name: article.stated[name] for name in article.type.anchors}
    for name in article.type.optional:
        if article.type.slots[name].core:
            share = _CARELESS_CORE
        else:
            share = _CARELESS_OTHER if name in article.stated else _CARELESS_UNSTATED
        if rng.random() < share:
            facts[name] = article.event.facts[name]
    if rng.random() < _CARELESS_SWAP:
        name = list(facts)[rng.integers(len(facts))]
        kind = article.type.kinds[name]
        facts[name] = pool(kind).draw(rng, {v for s, v in facts.items() if _same(article, s, kind)})
    return write_summary(article.type, facts, rng)


def _same(article: Article, slot: str, kind: str) -> bool:
    return article.type.kinds[slot] == kind
