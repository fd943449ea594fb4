from collections import Counter

import pytest

from quals_jax.data.no_answer import with_no_answer
from quals_jax.data.pair_examples import (
    PairLimits,
    claim_examples,
    locate_answer,
    span_examples,
)
from quals_jax.data.qa_example import QAExample
from quals_jax.data.world_claims import claim_rows
from quals_jax.data.world_oracle import judge, read_summary
from quals_jax.data.world_reading import reading_rows
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

TOKENIZER = Tokenizer.from_folder(golden_files.path("world_qagen"))
CONTEXT = "Celtic beat Motherwell 3-1 in Glasgow. " * 3 + "The fire hurt 31 people in York."
ROWS = [
    QAExample("a", CONTEXT, "How many people did the fire hurt?", "31"),
    QAExample("b", CONTEXT, "Who won?", "Celtic"),
    QAExample("c", CONTEXT, "Who lost the case?", ""),
    QAExample("d", CONTEXT, "Where is Rome?", "Italy"),
]


def answers(examples):
    """What the targets say, read back from the tokens; None: no answer."""
    found = []
    for example in examples:
        ((first, last),) = [[t - TOKENIZER.pad_id - 1 for t in ts] for ts in example.targets]
        ids = example.source[first : last + 1]
        found.append(TOKENIZER.decode(ids).strip() if (first, last) != (0, 0) else None)
    return found


def test_targets_are_the_tokens_of_the_answer():
    drops = Counter()
    limits = PairLimits(max_tokens=128, max_question_tokens=20)
    examples = span_examples(ROWS, TOKENIZER, limits, drops)
    assert answers(examples) == ["31", "Celtic", None]
    assert [example.id for example in examples] == ["a", "b", "c"]
    assert drops["answer not in the context"] == 1
    source = examples[1].source
    assert source[0] == TOKENIZER.cls_id
    assert source.count(TOKENIZER.sep_id) == 2
    assert source[-1] == TOKENIZER.sep_id


def test_windows_without_the_answer_have_none():
    limits = PairLimits(max_tokens=48, max_question_tokens=20, overlap_tokens=10)
    examples = span_examples(ROWS[:1], TOKENIZER, limits)
    assert len(examples) > 2
    assert {len(example.source) for example in examples} == {48}
    assert answers(examples)[-1] == "31"
    assert answers(examples)[0] is None
    assert len({example.id for example in examples}) == len(examples)


def test_an_answer_stands_where_the_question_is_about():
    context = "In 1995 Ann was born in Rome. Bob, 31, was born there in 1995. It was the year 31."
    assert locate_answer(context, "When was Ann born?", "1995") == (3, 7)
    near = "x " * 200
    text = f"The vote was in 1995. {near} The war began in 1995 at sea. {near} 1995"
    start, end = locate_answer(text, "When did the war at sea begin?", "1995")
    assert text[:start].endswith("war began in ")
    assert locate_answer("concatenate the cat", "Which animal?", "cat") == (16, 19)
    assert locate_answer("concatenate", "Which animal?", "cat") == (3, 6)
    assert locate_answer("a dog", "Which animal?", "cat") is None
    assert end - start == 4


def test_claims_follow_their_document_which_is_cut():
    drops = Counter()
    rows = [
        ("a", CONTEXT, "Celtic won.", "CORRECT"),
        ("b", CONTEXT, "Celtic lost.", "INCORRECT"),
        ("c", CONTEXT, "", "CORRECT"),
    ]
    examples = claim_examples(rows, ("CORRECT", "INCORRECT"), TOKENIZER, 40, drops)
    assert [example.targets for example in examples] == [
        [[TOKENIZER.pad_id + 1]],
        [[TOKENIZER.pad_id + 2]],
    ]
    assert all(len(example.source) == 40 for example in examples)
    first = examples[0].source.index(TOKENIZER.sep_id)
    assert CONTEXT.startswith(TOKENIZER.decode(examples[0].source[:first]))
    assert TOKENIZER.decode(examples[0].source[first:]) == "Celtic won."
    assert (drops["document cut"], drops["claim empty or too long"]) == (2, 1)
    with pytest.raises(ValueError, match="row x: label 'yes', expected one of CORRECT, INCORRECT"):
        claim_examples([("x", "D", "C", "yes")], ("CORRECT", "INCORRECT"), TOKENIZER, 40)


def test_made_up_questions_lack_their_answer():
    rows = [
        QAExample(f"{i}-{j}", f"Passage {i} names {i % 3}x.", f"Q{i}{j}?", f"{i % 3}x")
        for i in range(30)
        for j in range(2)
    ]
    found = with_no_answer(rows, 0.25, seed=3)
    assert found[:60] == rows
    added = found[60:]
    assert len(added) == 20
    answer_of = {row.question: row.answer for row in rows}
    own = {row.question: row.context for row in rows}
    for row in added:
        assert row.answer == ""
        assert answer_of[row.question] not in row.context
        assert row.context != own[row.question]
    near = [
        abs(int(row.context.split()[1]) - int(own[row.question].split()[1])) <= 8 for row in added
    ]
    assert 10 <= sum(near) < 20
    assert found == with_no_answer(rows, 0.25, seed=3)
    assert found != with_no_answer(rows, 0.25, seed=4)


def test_the_world_asks_for_facts_that_a_passage_leaves_out():
    rows = list(reading_rows(40, seed=1))
    assert rows == list(reading_rows(40, seed=1))
    answered = [row for row in rows if row.answer]
    assert all(row.answer in row.context for row in answered)
    unanswered = [row for row in rows if not row.answer]
    assert 0.05 < len(unanswered) / len(rows) < 0.3
    # The same words ask for facts that other passages state.
    starts = {" ".join(row.question.split()[:2]) for row in answered}
    same = sum(" ".join(row.question.split()[:2]) in starts for row in unanswered)
    assert same > 0.8 * len(unanswered)


def test_labels_of_the_worlds_claims_are_the_oracles():
    rows = list(claim_rows(60, seed=1))
    assert rows == list(claim_rows(60, seed=1))
    assert rows != list(claim_rows(60, seed=2))
    short = [row for row in rows if read_summary(row[1])]
    articles = [row for row in rows if row not in short]
    for _, document, claim, label in articles:
        assert judge(document, claim).factual == (label == "CORRECT")
    for _, document, claim, label in short:
        stated, claimed = (read_summary(text).facts for text in (document, claim))
        assert (claimed.items() <= stated.items()) == (label == "CORRECT")
    for some in (short, articles):
        shares = [row[3] == "CORRECT" for row in some]
        assert 0.4 < sum(shares) / len(shares) < 0.6
        assert len(some) > 30
