"""Claims about passages of the synthetic world, with FactCC's labels.

rows = list(claim_rows(30_000, seed=0))         # (id, document, claim, CORRECT or INCORRECT)

A passage is an article or, as a document of one sentence, a summary of the event: comparing is
learned on the short ones much earlier.
"""

from collections.abc import Iterator

import numpy as np

from quals_jax.data.world_articles import Article, draw_event, write_article
from quals_jax.data.world_corruptions import ERROR_KINDS, corrupt
from quals_jax.data.world_summaries import event_summary, faithful_summary

_STREAM = 1_002  # of random numbers; world.py has the small ones


def claim_rows(
    num_passages: int, seed: int, *, article_share: float = 0.5
) -> Iterator[tuple[str, str, str, str]]:
    """Per passage a faithful summary and the same with a random error, if one can be made."""
    rng = np.random.default_rng([seed, _STREAM])
    for i in range(num_passages):
        event = draw_event(rng)
        if rng.random() < article_share:
            article = write_article(f"passage-{i}", event, rng)
        else:
            short = event_summary(event, rng)
            article = Article(f"passage-{i}", short.text, event, short.facts, {}, thin=True)
        claim = faithful_summary(article, rng)
        yield f"{article.id}-none", article.text, claim.text, "CORRECT"
        for index in rng.permutation(len(ERROR_KINDS)):
            kind = list(ERROR_KINDS)[index]
            if bad := corrupt(article, claim, kind, rng):
                yield f"{article.id}-{kind}", article.text, bad.summary.text, "INCORRECT"
                break
