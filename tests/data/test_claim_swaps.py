"""Each transformation of FactCC on sentences whose outcomes can be listed."""

import re

import numpy as np
import pytest

from quals_jax.data.claim_noise import add_noise
from quals_jax.data.claim_swaps import (
    SWAPS,
    DocumentFacts,
    negate,
    swap_date,
    swap_entity,
    swap_number,
    swap_pronoun,
)

PLURAL = ("our", "their")
FACTS = DocumentFacts(
    names=("Ann Lee", "Lee", "Bob", "New York", "York"),
    numbers=("26", "11", "two", "Three", "£5m", "£7m", "10%", "2-1", "3rd", "5th"),
    dates=("Friday", "Monday", "May", "12 May 2010", "3 June 1998", "1998", "2001"),
)


def outcomes(swap, sentence, facts=FACTS):
    """Everything that the transformation may make of a sentence; the place it names is checked."""
    found = set()
    for seed in range(60):
        changed = swap(sentence, facts, np.random.default_rng(seed))
        if changed is None:
            return None
        assert changed.text != sentence
        inserted = changed.text[changed.start : changed.end]
        head, tail = changed.text[: changed.start], changed.text[changed.end :]
        assert sentence.startswith(head)
        assert sentence.endswith(tail)
        assert inserted
        found.add(changed.text)
    return found


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # Not "Lee" for "Ann Lee", of which it is a part.
        ("Then Ann Lee left.", {"Then Bob left.", "Then New York left.", "Then York left."}),
        ("Lee left.", {"Bob left.", "New York left.", "York left."}),
        ("Bob met Ann Lee in New York.", None),  # every name shares a word with the claim
        ("The Yorker left.", None),
        ("He left.", None),
    ],
)
def test_entity_swap(sentence, expected):
    assert outcomes(swap_entity, sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It hurt 26 men.", {"It hurt 11 men."}),
        ("It hurt two men.", {"It hurt three men."}),
        ("Two men left.", {"Three men left."}),
        ("It cost £5m.", {"It cost £7m."}),
        ("He was 3rd of 26.", {"He was 5th of 26.", "He was 3rd of 11."}),
        ("It rose by 10%.", None),
        ("They won 2-1.", None),
        ("On 3 June 1998 it rained.", None),
    ],
)
def test_number_swap(sentence, expected):
    assert outcomes(swap_number, sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It began on Friday.", {"It began on Monday."}),
        ("It began on friday.", {"It began on monday."}),
        ("It began in 1998.", {"It began in 2001."}),
        ("It began on 12 May 2010.", {"It began on 3 June 1998."}),
        ("It began in May.", None),
        ("It began in June 2012.", None),
        ("It hurt 26 men.", None),
    ],
)
def test_date_swap(sentence, expected):
    assert outcomes(swap_date, sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("He left.", {"She left."}),
        ("They saw him.", {"We saw him.", "They saw her."}),
        ("I saw her at home.", {"I saw him at home."}),
        (
            "I saw her dog.",
            {f"I saw {p} dog." for p in ["my", "your", "his", "its", "our", "their"]},
        ),
        ("It hurt himself.", {"It hurt herself."}),
        ("The US and you.", None),
        ("The theme of it.", None),
    ],
)
def test_pronoun_swap(sentence, expected):
    assert outcomes(swap_pronoun, sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("He is ill.", {"He is not ill."}),
        ("He is not ill.", {"He is ill."}),
        ("He isn't ill.", {"He is ill."}),
        ("He can’t go.", {"He can go."}),
        ("He cannot go.", {"He can go."}),
        ("He won't go.", {"He will go."}),
        (
            "It has burnt and was old.",
            {"It has not burnt and was old.", "It has burnt and was not old."},
        ),
        ("It didn't burn.", {"It did burn."}),
        ("It has a roof.", None),  # no auxiliary
        ("In May we met Will.", None),
        ("Is he ill?", None),
        ("It burnt.", None),
    ],
)
def test_negation(sentence, expected):
    assert outcomes(negate, sentence) == expected


@pytest.mark.parametrize("name", SWAPS)
def test_a_transformation_is_a_function_of_its_generator(name):
    sentence = "Bob said he was 26 on Friday."
    once, again = (SWAPS[name](sentence, FACTS, np.random.default_rng(4)) for _ in range(2))
    assert once == again is not None


def test_noise_doubles_or_drops_words():
    claim = "The old fire hurt some men."
    seen = {add_noise(claim, np.random.default_rng(seed), 0.0) for seed in range(200)}
    words = claim.split()
    doubled = {" ".join([*words[: i + 1], *words[i:]]) for i in range(6)}
    dropped = {" ".join([*words[:i], *words[i + 1 :]]) for i in range(6)}
    assert seen == doubled | dropped  # at rate 0 exactly one word


def test_more_noise_at_a_higher_rate():
    claim = "one two three four five six seven eight nine ten"
    changed = [
        abs(len(str(add_noise(claim, np.random.default_rng(seed), 1.0)).split()) - 10)
        for seed in range(50)
    ]
    assert max(changed) > 3


def test_noise_spares_what_makes_the_label():
    claim = "Bob did not see 11 men."
    for seed in range(100):
        noisy = add_noise(claim, np.random.default_rng(seed), 0.6, (16, 18))
        assert noisy is not None
        assert len(re.findall(r"\b11\b", noisy)) == 1
        assert noisy.split().count("not") == 1
    assert add_noise("not", np.random.default_rng(0), 1.0) is None
    assert add_noise("not 11", np.random.default_rng(0), 1.0, (4, 6)) is None
