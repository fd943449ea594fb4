"""N-gram precision against cases worked out by hand."""

import pytest

from quals_jax.metrics.metric import Example
from quals_jax.metrics.ngrams import NgramPrecision, ngram_precision, tokens


def test_tokens_are_runs_of_ascii_letters_and_digits():
    assert tokens("It's 3.5 m, said O’Neill: café_bar!") == [
        *("it", "s", "3", "5", "m", "said", "o", "neill", "caf", "bar")
    ]
    assert tokens("Москва, 東京 …") == []


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1, 4 / 6),  # the, cat, sat, a | not: on, mat
        (2, 2 / 5),  # the cat, cat sat | not: sat on, on a, a mat
        (3, 1 / 4),  # the cat sat
        (6, 0.0),
        (7, None),  # the summary has six tokens
    ],
)
def test_the_share_of_the_summary_that_the_document_has(n, expected):
    assert ngram_precision("The cat sat. A dog slept", "the cat SAT on a mat", n) == expected


def test_every_occurrence_in_the_summary_counts_and_one_in_the_document_is_enough():
    assert ngram_precision("no cat", "no no no dog", 1) == 3 / 4
    assert ngram_precision("no no", "no no no dog", 2) == 2 / 3


def test_punctuation_does_not_part_ngrams():
    assert ngram_precision("Rome. It rained", "rome, it rained!", 3) == 1.0


def test_a_summary_without_tokens_has_no_numbers_and_a_short_one_no_long_ngrams():
    told: list[float] = []
    examples = [Example("A cat sat.", text) for text in ("…", "A cat", "")]
    none = dict.fromkeys(NgramPrecision.keys)
    assert NgramPrecision().evaluate([*examples, Example("\n", "A cat")], told.append) == [
        none | {"reason": "no_tokens"},
        {"ngram1_precision": 1.0, "ngram2_precision": 1.0, "ngram3_precision": None},
        none | {"reason": "empty_summary"},
        none | {"reason": "empty_document"},
    ]
    assert sum(told) == 4


def test_nothing_is_found_in_an_empty_document():
    assert ngram_precision("", "a cat", 1) == 0.0
