import pytest

from quals_jax.text.entity_match import STOP_WORDS, find_entity
from tests import golden_files

CASES = golden_files.read_json("data.json")["entity_match"]


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['entity']} in {case['text']}")
def test_matches_are_those_recorded(case, level):
    assert find_entity(case["entity"], case["text"], level) == case[f"level{level}"]


def test_stop_words_are_those_of_spacy_2_3():
    assert len(STOP_WORDS) == 326
    assert {"the", "n't", "n’t", "‘s", "noone"} <= STOP_WORDS


def test_other_levels_are_refused():
    with pytest.raises(ValueError, match="match level 3"):
        find_entity("a", "a", 3)
