"""Summaries with exactly one error of a known kind.

corrupted = corrupt(article, summary, "number", rng)       # None where the kind cannot be made
corrupted.summary, corrupted.slot, corrupted.right, corrupted.wrong
"""

from dataclasses import dataclass

import numpy as np

from quals_jax.data.world_articles import Article
from quals_jax.data.world_summaries import Summary, with_facts
from quals_jax.data.world_vocabulary import (
    DATE_KINDS,
    ENTITY_KINDS,
    NUMBER_KINDS,
    WORD_KINDS,
    pool,
)

ERROR_KINDS = {
    "entity_in_article": "another entity of the article",
    "entity_elsewhere": "an entity from elsewhere",
    "number": "a wrong number",
    "date": "a wrong day or month",
    "word": "a wrong word",
    "addition": "a fact the article does not state",
    "swap": "winner and loser swapped",
}
_REPLACED = {
    "entity_in_article": ENTITY_KINDS,
    "entity_elsewhere": ENTITY_KINDS,
    "number": NUMBER_KINDS,
    "date": DATE_KINDS,
    "word": WORD_KINDS,
}


@dataclass(frozen=True)
class Corruption:
    """A summary with one error: the fact `slot` says `wrong` instead of `right`.

    `right` is None where the article does not state the fact at all. A swap changes two facts;
    `slot` names the first.
    """

    summary: Summary
    kind: str
    slot: str
    right: str | None
    wrong: str


def corrupt(
    article: Article, summary: Summary, kind: str, rng: np.random.Generator
) -> Corruption | None:
    """`summary` (which must be faithful) with one error of `kind`, or None if there is no way."""
    match kind:
        case "addition":
            return _add(article, summary, rng)
        case "swap":
            return _swap(article, summary)
        case _:
            return _replace(article, summary, kind, rng)


def _replace(
    article: Article, summary: Summary, kind: str, rng: np.random.Generator
) -> Corruption | None:
    """One value gives way to another of its pool (drawn as often as it occurs in the world)."""
    kinds = article.type.kinds
    choices: list[tuple[str, str]] = []
    for slot in summary.facts:
        if kinds[slot] not in _REPLACED[kind]:
            continue
        mentioned = article.mentions(kinds[slot])
        if kind == "entity_in_article":
            unused = mentioned - set(summary.facts.values())
            choices += [(slot, value) for value in sorted(unused)]
        elif len(mentioned) < len(pool(kinds[slot]).values):
            choices.append((slot, pool(kinds[slot]).draw(rng, mentioned)))
    if not choices:
        return None
    slot, wrong = choices[rng.integers(len(choices))]
    changed = with_facts(summary.template, summary.type, {**summary.facts, slot: wrong})
    return Corruption(changed, kind, slot, summary.facts[slot], wrong)


def _add(article: Article, summary: Summary, rng: np.random.Generator) -> Corruption | None:
    """A fact that is true in the world but that the article does not state."""
    unstated = [slot for slot in article.type.optional if slot not in article.stated]
    if not unstated:
        return None
    slot = unstated[rng.integers(len(unstated))]
    value = article.event.facts[slot]
    changed = with_facts(summary.template, summary.type, {**summary.facts, slot: value})
    return Corruption(changed, "addition", slot, None, value)


def _swap(article: Article, summary: Summary) -> Corruption | None:
    if article.type.name != "match":
        return None
    winner, loser = summary.facts["winner"], summary.facts["loser"]
    facts = {**summary.facts, "winner": loser, "loser": winner}
    changed = with_facts(summary.template, summary.type, facts)
    return Corruption(changed, "swap", "winner", winner, loser)
