"""Patterns that are written and read, and the pools their values come from."""

import collections

import numpy as np
import pytest

from quals_jax.data.world_events import EVENT_TYPES, FILLERS
from quals_jax.data.world_templates import Template
from quals_jax.data.world_vocabulary import pool

KINDS = {"place": "place", "city": "city", "injured": "injured"}
FIRE = Template("A fire at a {place}[ in {city}] hurt {injured} people.")


def test_an_optional_part_appears_with_its_fact_only():
    facts = {"place": "school", "injured": "3"}
    assert FIRE.write(facts) == "A fire at a school hurt 3 people."
    assert FIRE.write({**facts, "city": "York"}) == "A fire at a school in York hurt 3 people."


def test_reading_undoes_writing():
    anchors = {"place": "school", "injured": "45"}
    for facts in (anchors, {**anchors, "city": "York"}):
        assert FIRE.read(FIRE.write(facts), KINDS) == facts


@pytest.mark.parametrize(
    "sentence",
    [
        "A fire at a school hurt 46 people.",  # not a value of this world
        "A fire at a school in Paris hurt 3 people.",
        "A fire at a school hurt 3 people. More.",
        "A fire at a school  hurt 3 people.",
    ],
)
def test_other_sentences_are_not_read(sentence):
    assert FIRE.read(sentence, KINDS) is None


def test_a_fact_outside_brackets_is_required():
    with pytest.raises(KeyError, match="injured"):
        FIRE.write({"place": "school"})
    assert FIRE.required == ("place", "injured")


def test_common_values_are_common_and_uniform_values_are_not():
    rng = np.random.default_rng(0)
    cities = collections.Counter(pool("city").draw(rng) for _ in range(3000))
    assert cities["London"] / 3000 == pytest.approx(0.44, abs=0.04)
    ages = collections.Counter(pool("age").draw(rng) for _ in range(3000))
    assert max(ages.values()) / 3000 < 0.04


def test_drawing_avoids_what_it_is_told_to():
    rng = np.random.default_rng(0)
    assert {pool("change").draw(rng, {"cut"}) for _ in range(50)} == {"create"}


def test_a_pool_reads_its_own_values_and_no_others():
    for kind in ("city", "person", "score", "stage", "cause"):
        template = Template("{x}")
        assert all(template.read(value, {"x": kind}) for value in pool(kind).values)
        assert template.read("nothing of the kind", {"x": kind}) is None


def test_a_sentence_belongs_to_one_pattern_only():
    """Otherwise the oracle could read a fact that the writer did not mean."""
    rng = np.random.default_rng(0)
    for event_type in EVENT_TYPES.values():
        patterns = [*event_type.lead]
        patterns += [t for slot in event_type.slots.values() for t in slot.sentences]
        patterns += [t for aside in event_type.distractors for t in aside.sentences]
        facts = {name: pool(kind).draw(rng) for name, kind in event_type.kinds.items()}
        for group in (patterns, event_type.summaries):
            for template in group:
                text = template.write(facts)
                readers = [t for t in group if t.read(text, event_type.kinds) is not None]
                assert readers == [template]
                assert template.read(text, event_type.kinds) == {
                    slot: facts[slot] for slot in template.slots
                }


def test_every_sentence_ends_with_its_only_full_stop():
    texts = list(FILLERS)
    for event_type in EVENT_TYPES.values():
        texts += [t.text for t in (*event_type.lead, *event_type.summaries)]
        texts += [t.text for slot in event_type.slots.values() for t in slot.sentences]
        texts += [t.text for aside in event_type.distractors for t in aside.sentences]
    assert all(text.endswith(".") and text.count(".") == 1 for text in texts)


def test_every_summary_pattern_can_state_every_fact():
    for event_type in EVENT_TYPES.values():
        for template in event_type.summaries:
            assert set(template.slots) == set(event_type.slots)
            assert set(template.required) == set(event_type.anchors)
