"""Training examples of question generators."""

from collections import Counter

import pytest

from quals_jax.data.examples import Limits
from quals_jax.data.qa_example import QAExample
from quals_jax.data.qagen import CUT_OFF, TOO_LONG
from quals_jax.data.question_examples import NO_ROOM, question_examples
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files

LIMITS = Limits(max_source_tokens=60, max_target_tokens=20, max_targets=2)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_folder(golden_files.path("world_qagen"))


def rows(*triples):
    return [QAExample(f"r{i}", *triple) for i, triple in enumerate(triples)]


def test_text_and_answer_give_the_question(tokenizer):
    [example] = question_examples(
        rows(("Ann lives in Rome.", "Where is Ann?", "Rome")), tokenizer, LIMITS
    )
    separator, end = tokenizer.separator_id, tokenizer.eos_id
    text, answer = tokenizer.encode("Ann lives in Rome."), tokenizer.encode("Rome")
    assert list(example.source) == [*text, separator, *answer, end]
    assert [list(target) for target in example.targets] == [
        [*tokenizer.encode("Where is Ann?"), end]
    ]


def test_questions_share_a_source_only_with_the_same_text_and_answer(tokenizer):
    context = "Ann lives in Rome."
    found = question_examples(
        rows(
            (context, "Who is it?", "Ann"),
            (context, "Where is Ann?", "Rome"),
            (context, "Who lives?", "Ann"),
            (context, "Who lives in Rome?", "Ann"),
            ("Rome is home of Ann.", "Who is it?", "Ann"),
        ),
        tokenizer,
        LIMITS,
    )
    assert [(example.id, len(example.targets)) for example in found] == [
        ("r0#0", 1),
        ("r0#1", 2),
        ("r1", 1),
        ("r4", 1),
    ]


def test_a_separator_in_the_text_is_no_separator(tokenizer):
    [example] = question_examples(
        rows(("a strutConnector b", "a strutConnector?", "a strutConnector")), tokenizer, LIMITS
    )
    assert list(example.source).count(tokenizer.separator_id) == 1
    assert tokenizer.separator_id not in list(example.targets[0])


def test_what_does_not_fit_is_dropped_and_counted(tokenizer):
    drops: Counter[str] = Counter()
    long = "Rome was here. " * 20
    found = question_examples(
        rows(
            ("Ann came. " + long, "Who came?", "Ann"),  # before the cut
            (long + "Bob left.", "Who left?", "Bob"),
            ("Ann came.", "Who came? " * 20, "Ann"),
            ("Ann came.", "What?", "Ann came. " * 30),
        ),
        tokenizer,
        LIMITS,
        drops,
    )
    assert [example.id for example in found] == ["r0"]
    assert len(found[0].source) == LIMITS.max_source_tokens
    assert drops == {CUT_OFF: 1, TOO_LONG: 1, NO_ROOM: 1}
