import collections

from quals_jax.data.context_views import ContextViews, sentences, vary_contexts
from quals_jax.data.qa_example import QAExample

PARAGRAPHS = [
    f"City {i} lies in land {i}. It has {i}00 people. The mayor of it is Ann {i}."
    for i in range(60)
]
ROWS = [
    QAExample(f"{i}-{j}", PARAGRAPHS[i], question, answer)
    for i in range(60)
    for j, (question, answer) in enumerate(
        [("Where?", f"land {i}"), ("How many?", f"{i}00"), ("Who?", f"Ann {i}")]
    )
]


def test_sentences_are_cut_at_their_ends_only():
    assert sentences('He left. "Why?" She said no. It cost 3.5 million.') == [
        "He left.",
        '"Why?"',
        "She said no.",
        "It cost 3.5 million.",
    ]
    assert sentences("  ") == []


def test_every_question_keeps_its_answer_in_view():
    varied = list(vary_contexts(ROWS, seed=1))
    assert sorted(row.id for row in varied) == sorted(row.id for row in ROWS)
    assert all(row.answer in row.context for row in varied)
    assert {(row.question, row.answer) for row in varied} == {(r.question, r.answer) for r in ROWS}


def test_the_views_have_their_shares():
    views = ContextViews(sentence=0.4, neighbours=0.3)
    kinds = collections.Counter()
    for seed in range(8):
        for row in vary_contexts(ROWS, seed, views):
            paragraphs = row.context.count("mayor")
            kinds[
                "neighbours"
                if paragraphs > 1
                else "sentence"
                if len(row.context) < 60
                else "paragraph"
            ] += 1
    total = sum(kinds.values())
    assert total == 8 * len(ROWS)
    assert abs(kinds["sentence"] / total - 0.4) < 0.05
    assert abs(kinds["neighbours"] / total - 0.3) < 0.1


def test_the_seed_decides():
    assert list(vary_contexts(ROWS, 3)) == list(vary_contexts(ROWS, 3))
    assert list(vary_contexts(ROWS, 3)) != list(vary_contexts(ROWS, 4))


def test_joined_paragraphs_respect_the_limit():
    views = ContextViews(sentence=0.0, neighbours=1.0, max_characters=150)
    assert {row.context.count("mayor") for row in vary_contexts(ROWS, 0, views)} == {2}
