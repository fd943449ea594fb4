"""The synthetic world: what the generator says is what the text says, on thousands of rows."""

import collections

import numpy as np
import pytest

from quals_jax.data.world import (
    FAITHFUL,
    held_out_articles,
    qa_rows,
    reference_rows,
    summary_examples,
    train_articles,
)
from quals_jax.data.world_articles import draw_articles
from quals_jax.data.world_corruptions import ERROR_KINDS, corrupt
from quals_jax.data.world_events import EVENT_TYPES
from quals_jax.data.world_oracle import judge, read_article, read_summary
from quals_jax.data.world_summaries import faithful_summary, reference
from quals_jax.data.world_vocabulary import DATE_KINDS, ENTITY_KINDS, NUMBER_KINDS, WORD_KINDS


@pytest.fixture(scope="module")
def articles():
    return train_articles(1000, seed=3)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    assert list(qa_rows(20, seed=1)) == list(qa_rows(20, seed=1))
    assert list(qa_rows(20, seed=1)) != list(qa_rows(20, seed=2))
    first, again = (summary_examples(held_out_articles(20, seed=1), seed=1) for _ in range(2))
    assert first == again


def test_a_data_set_is_a_prefix_of_a_larger_one():
    assert [a.text for a in train_articles(5, 1)] == [a.text for a in train_articles(9, 1)][:5]


def test_held_out_articles_are_not_training_articles(articles):
    seen = {article.text for article in articles}
    contexts = {row.context for row in qa_rows(2000, seed=3, pairs_per_passage=1)}
    held_out = [article.text for article in held_out_articles(300, seed=3)]
    # A few short articles with few facts coincide by chance.
    assert sum(text in seen or text in contexts for text in held_out) <= 3


def test_the_oracle_reads_every_article_as_it_was_written(articles):
    for article in articles:
        reading = read_article(article.text)
        assert reading.type == article.type.name
        assert reading.facts == article.stated
        assert reading.asides == article.asides


def test_the_oracle_reads_every_reference_as_it_was_written(articles):
    rng = np.random.default_rng(0)
    for article in articles:
        summary = reference(article, rng)
        reading = read_summary(summary.text)
        assert reading is not None
        assert reading.type == article.type.name
        assert reading.facts == summary.facts


def test_faithful_summaries_are_factual_and_a_third_of_the_references_is_not(articles):
    rng = np.random.default_rng(0)
    assert all(judge(a.text, faithful_summary(a, rng).text).factual for a in articles)
    verdicts = [judge(document, text) for _, document, text in reference_rows(articles, seed=0)]
    assert all(verdict.parsed for verdict in verdicts)
    assert 0.30 < 1 - np.mean([verdict.factual for verdict in verdicts]) < 0.42
    precision = sum(len(v.supported) for v in verdicts) / sum(v.num_facts for v in verdicts)
    assert 0.85 < precision < 0.92


def test_the_errors_of_references_are_systematic(articles):
    """Mostly a core fact that is true but not in the article, so the mode of a model is wrong."""
    wrong = collections.Counter()
    for article, (_, document, text) in zip(articles, reference_rows(articles, 0), strict=True):
        for slot in judge(document, text).wrong:
            wrong[bool(article.type.slots[slot].core)] += 1
    assert wrong[True] > 3 * wrong[False]


def test_thin_articles_state_less_than_rich_ones(articles):
    def stated(thin):
        return [
            len(set(a.stated) & set(a.type.optional)) / len(a.type.optional)
            for a in articles
            if a.thin == thin
        ]

    assert np.mean(stated(thin=True)) == pytest.approx(0.35, abs=0.04)
    assert np.mean(stated(thin=False)) == pytest.approx(0.95, abs=0.02)


def test_a_corruption_changes_exactly_what_it_says(articles):
    rng = np.random.default_rng(1)
    made = collections.Counter()
    for article in articles:
        faithful = faithful_summary(article, rng)
        for kind in ERROR_KINDS:
            bad = corrupt(article, faithful, kind, rng)
            if bad is None:
                continue
            made[kind] += 1
            verdict = judge(article.text, bad.summary.text)
            assert verdict.parsed
            if kind == "swap":
                expected = {"winner": faithful.facts["loser"], "loser": faithful.facts["winner"]}
            else:
                expected = {bad.slot: bad.wrong}
            assert verdict.wrong == expected
            assert {**faithful.facts, **expected} == {**verdict.supported, **verdict.wrong}
            assert bad.right == article.stated.get(bad.slot) != bad.wrong
    assert set(made) == set(ERROR_KINDS)
    assert min(made.values()) > 100


def test_each_kind_of_error_changes_a_value_of_its_kind(articles):
    kinds = {
        "entity_in_article": ENTITY_KINDS,
        "entity_elsewhere": ENTITY_KINDS,
        "number": NUMBER_KINDS,
        "date": DATE_KINDS,
        "word": WORD_KINDS,
    }
    by_text = {article.text: article for article in articles}
    for example in summary_examples(articles[:500], seed=0):
        if example.error not in kinds:
            continue
        article = by_text[example.document]
        assert article.type.kinds[example.slot] in kinds[example.error]
        assert (example.wrong in example.document) or example.error != "entity_in_article"
        mentioned = article.mentions(article.type.kinds[example.slot])
        assert (example.wrong in mentioned) == (example.error == "entity_in_article")


def test_every_article_has_one_faithful_summary_and_the_rest_are_wrong():
    examples = summary_examples(held_out_articles(200, seed=5), seed=5)
    faithful = collections.Counter(e.document for e in examples if e.error == FAITHFUL)
    assert set(faithful.values()) == {1}
    assert len({e.id for e in examples}) == len(examples)
    for example in examples:
        assert judge(example.document, example.summary).factual == (example.error == FAITHFUL)


def test_every_answer_stands_in_its_passage_and_no_pair_repeats():
    rows = list(qa_rows(1500, seed=4))
    assert all(row.answer in row.context for row in rows)
    pairs = [(row.id.rpartition("-")[0], row.question) for row in rows]
    assert len(set(pairs)) == len(pairs)
    per_passage = collections.Counter(passage for passage, _ in pairs)
    assert max(per_passage.values()) == 8
    assert min(per_passage.values()) >= 4


def test_the_questions_of_a_passage_cover_its_facts():
    for event_type in EVENT_TYPES.values():
        for slot in event_type.slots.values():
            # At least one question needs nothing but the anchors, which every passage states.
            assert any(set(q.required) <= set(event_type.anchors) for q in slot.questions)


def test_a_text_of_another_world_is_not_understood():
    (article,) = draw_articles(1, np.random.default_rng(0))
    verdict = judge(article.text, "Something else happened.")
    assert (verdict.parsed, verdict.factual, verdict.precision) == (False, False, 0.0)
    with pytest.raises(ValueError, match="not an article of the synthetic world"):
        judge("The economy grew.", "The economy grew.")
    with pytest.raises(ValueError, match="not a sentence of the synthetic world"):
        read_article(article.text + " The economy grew.")
    with pytest.raises(ValueError, match="not a sentence of the synthetic world"):
        read_article(article.text.replace(".", "!", 1) + " " + article.text)


def test_a_summary_of_another_event_supports_nothing():
    articles = draw_articles(40, np.random.default_rng(0))
    fire = next(a for a in articles if a.type.name == "fire")
    trial = next(a for a in articles if a.type.name == "trial")
    verdict = judge(fire.text, faithful_summary(trial, np.random.default_rng(0)).text)
    assert verdict.parsed
    assert not verdict.supported
    assert not verdict.factual
