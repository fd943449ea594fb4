"""The synthetic world as data sets: rows of questions, of summaries with known errors, of texts.

    rows = list(qa_rows(4000, seed=0))                  # training data of QAGen
    articles = held_out_articles(250, seed=0)
    rows = summary_examples(articles, seed=0)           # faithful and corrupted summaries

Articles, summaries and their errors are written by a grammar (world_events.py), so it is known
exactly which facts a summary states and which of them its article supports (world_oracle.py).
Everything is a function of the seed; the parts draw from separate streams.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from quals_jax.data.qa_example import QAExample
from quals_jax.data.world_articles import Article, draw_articles
from quals_jax.data.world_corruptions import ERROR_KINDS, corrupt
from quals_jax.data.world_questions import draw_passage
from quals_jax.data.world_summaries import faithful_summary, reference

FAITHFUL = "none"

# Streams of random numbers: no data set changes when another one grows.
_QA, _TRAIN_ARTICLES, _HELD_OUT_ARTICLES, _SUMMARIES, _REFERENCES, _CLEAN_REFERENCES, _CLAIMS = (
    range(7)
)


@dataclass(frozen=True)
class SummaryExample:
    """A summary whose truth is known.

    `error` is `FAITHFUL` or one of `ERROR_KINDS`; an erroneous summary says `wrong` where the
    article says `right` (None: the article says nothing).
    """

    id: str
    document: str
    summary: str
    error: str = FAITHFUL
    slot: str | None = None
    right: str | None = None
    wrong: str | None = None


def qa_rows(
    num_passages: int, seed: int, *, pairs_per_passage: int = 8, article_share: float = 0.6
) -> Iterator[QAExample]:
    """Question-answer pairs about articles and about summary-like sentences.

    Rows of one passage follow one another. A summary-like sentence says what happened in a made-up
    event, so what it says is true: QAGen learns to ask about summaries too.
    """
    rng = np.random.default_rng([seed, _QA])
    for i in range(num_passages):
        text, pairs = draw_passage(rng, pairs_per_passage, article_share)
        for j, (question, answer) in enumerate(pairs):
            yield QAExample(f"passage-{i}-{j}", text, question, answer)


def train_articles(count: int, seed: int) -> list[Article]:
    """Articles for training a summarizer."""
    return draw_articles(count, np.random.default_rng([seed, _TRAIN_ARTICLES]), "train")


def held_out_articles(count: int, seed: int) -> list[Article]:
    """Articles that no training set of this seed holds: other events, from another stream."""
    return draw_articles(count, np.random.default_rng([seed, _HELD_OUT_ARTICLES]), "held-out")


def reference_rows(articles: Sequence[Article], seed: int) -> list[tuple[str, str, str]]:
    """(id, document, summary) with the noisy references a summarizer is trained on."""
    rng = np.random.default_rng([seed, _REFERENCES])
    return [(article.id, article.text, reference(article, rng).text) for article in articles]


def clean_reference_rows(articles: Sequence[Article], seed: int) -> list[tuple[str, str, str]]:
    """(id, document, summary) with faithful references, drawn apart from the noisy ones."""
    rng = np.random.default_rng([seed, _CLEAN_REFERENCES])
    return [(article.id, article.text, faithful_summary(article, rng).text) for article in articles]


def contrast_rows(articles: Sequence[Article], seed: int) -> list[tuple[str, str, str, str]]:
    """(id, document, positive, negative): per article a faithful summary and one with an error.

    Sets as an oracle would write them, for trying out ConSeq without a summarizer; articles in
    whose summary no error can be made are left out.
    """
    rows: list[tuple[str, str, str, str]] = []
    faithful = ""
    for example in summary_examples(articles, seed):
        if example.error == FAITHFUL:
            faithful = example.summary
        elif not rows or rows[-1][1] != example.document:
            article_id = example.id.removesuffix(f"-{example.error}")
            rows.append((article_id, example.document, faithful, example.summary))
    return rows


def summary_examples(articles: Sequence[Article], seed: int) -> list[SummaryExample]:
    """Per article a faithful summary, then that summary with each error that can be made in it."""
    rng = np.random.default_rng([seed, _SUMMARIES])
    examples = []
    for article in articles:
        faithful = faithful_summary(article, rng)
        examples.append(SummaryExample(f"{article.id}-{FAITHFUL}", article.text, faithful.text))
        for kind in ERROR_KINDS:
            if bad := corrupt(article, faithful, kind, rng):
                name = f"{article.id}-{kind}"
                examples.append(
                    SummaryExample(
                        name, article.text, bad.summary.text, kind, bad.slot, bad.right, bad.wrong
                    )
                )
    return examples
