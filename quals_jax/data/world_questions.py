"""Question-answer pairs about articles and summaries of the synthetic world.

Every fact a passage states can be asked for in several ways; the pairs of one passage are drawn so
that as many of its facts as possible get a question before any gets a second one.
"""

from collections.abc import Mapping

import numpy as np

from quals_jax.data.world_articles import draw_event, write_article
from quals_jax.data.world_schema import EventType
from quals_jax.data.world_summaries import event_summary

Pair = tuple[str, str]


def fact_questions(event_type: EventType, facts: Mapping[str, str]) -> dict[str, list[Pair]]:
    """For each stated fact, all its questions with its value as the answer."""
    questions = {}
    for name, value in facts.items():
        templates = event_type.slots[name].questions
        usable = [t for t in templates if all(s in facts for s in t.required)]
        questions[name] = [(template.write(facts), value) for template in usable]
    return questions


def aside_questions(event_type: EventType, asides: Mapping[str, str]) -> list[Pair]:
    """The questions about what an article says of others."""
    for distractor in event_type.distractors:
        if set(distractor.kinds) == set(asides):
            return [
                (template.write(asides), asides[slot])
                for slot, templates in distractor.questions.items()
                for template in templates
            ]
    return []


def draw_pairs(
    questions: Mapping[str, list[Pair]], count: int, rng: np.random.Generator
) -> list[Pair]:
    """Up to `count` different pairs, spread evenly over the facts."""
    waiting = [[pairs[i] for i in rng.permutation(len(pairs))] for pairs in questions.values()]
    drawn: list[Pair] = []
    while waiting and len(drawn) < count:
        for i in rng.permutation(len(waiting)):
            drawn.append(waiting[i].pop())
        waiting = [pairs for pairs in waiting if pairs]
    return drawn[:count]


def draw_passage(rng: np.random.Generator, num_pairs: int, article_share: float):
    """A passage, article or summary-like sentence, with up to `num_pairs` pairs about it."""
    event = draw_event(rng)
    if rng.random() < article_share:
        article = write_article("", event, rng)
        questions = fact_questions(event.type, article.stated)
        if asides := aside_questions(event.type, article.asides):
            questions["aside"] = asides  # all of them count as one fact: readers ask for the news
        return article.text, draw_pairs(questions, num_pairs, rng)
    summary = event_summary(event, rng)
    return summary.text, draw_pairs(fact_questions(event.type, summary.facts), num_pairs, rng)
