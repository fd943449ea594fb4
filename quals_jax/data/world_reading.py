"""Reading of the synthetic world: questions that a passage answers, and some that it does not.

rows = list(reading_rows(4000, seed=0))         # an empty answer: the passage does not say

The unanswered questions ask, in the same words, for facts of the event that the passage leaves out:
what a summary adds on its own is just that.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from quals_jax.data.qa_example import QAExample
from quals_jax.data.world_articles import Event, draw_event, write_article
from quals_jax.data.world_questions import aside_questions, draw_pairs, fact_questions
from quals_jax.data.world_summaries import event_summary

_STREAM = 1_001  # of random numbers; world.py has the small ones


def reading_rows(
    num_passages: int,
    seed: int,
    *,
    pairs_per_passage: int = 8,
    unanswered_per_passage: int = 2,
    article_share: float = 0.6,
) -> Iterator[QAExample]:
    """Rows of questions about articles and summary-like sentences; one passage's stand together."""
    rng = np.random.default_rng([seed, _STREAM])
    for i in range(num_passages):
        event = draw_event(rng)
        if rng.random() < article_share:
            article = write_article("", event, rng)
            text, stated = article.text, article.stated
            questions = fact_questions(event.type, stated)
            if asides := aside_questions(event.type, article.asides):
                questions["aside"] = asides
        else:
            summary = event_summary(event, rng)
            text, stated = summary.text, summary.facts
            questions = fact_questions(event.type, stated)
        pairs = draw_pairs(questions, pairs_per_passage, rng)
        pairs += draw_pairs(_unanswered(event, stated), unanswered_per_passage, rng)
        for j, (question, answer) in enumerate(pairs):
            yield QAExample(f"passage-{i}-{j}", text, question, answer)


def _unanswered(event: Event, stated: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Questions for facts that are not stated, of patterns that name stated facts only."""
    questions = {}
    for name, slot in event.type.slots.items():
        usable = [t for t in slot.questions if all(s in stated for s in t.required)]
        if name not in stated and usable:
            questions[name] = [(template.write(stated), "") for template in usable]
    return questions
