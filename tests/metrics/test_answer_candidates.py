import sys
from types import SimpleNamespace

import pytest

from quals_jax.data.world import held_out_articles, summary_examples
from quals_jax.data.world_events import EVENT_TYPES
from quals_jax.data.world_oracle import read_summary
from quals_jax.metrics.answer_candidates import candidate_finder
from quals_jax.text.answers import normalize_answer


def test_entities_come_before_noun_phrases_each_in_the_order_of_the_text():
    find = candidate_finder("rules")
    assert find.name == "rules"
    assert find("A fire in Leeds hurt 26 people on Friday. The fire, said Ann Lee, is out.") == [
        "Leeds",
        "26",
        "Friday",
        "Ann Lee",
        "fire",
        "26 people",
    ]
    assert find("It was a library fire.") == ["library fire", "library"]


def test_candidates_differ_by_more_than_articles_case_and_punctuation():
    find = candidate_finder("rules")
    assert find("A Factory opened. The factory was old, a factory.") == ["Factory"]
    assert find("...") == []


def test_the_rules_find_the_facts_of_the_world():
    find = candidate_finder("rules")
    missed = set()
    for example in summary_examples(held_out_articles(40, seed=3), seed=3):
        reading = read_summary(example.summary)
        assert reading is not None
        found = {normalize_answer(candidate) for candidate in find(example.summary)}
        kinds = EVENT_TYPES[reading.type].kinds
        missed |= {kinds[s] for s, v in reading.facts.items() if normalize_answer(v) not in found}
    assert missed == {"change"}  # "to cut 200 jobs"


def test_spacys_entities_and_noun_chunks_without_pronouns(monkeypatch):
    def span(text, pos="NOUN"):
        return SimpleNamespace(text=text, root=SimpleNamespace(pos_=pos))

    document = SimpleNamespace(
        ents=[span("Ann Lee"), span("Friday")],
        noun_chunks=[span("Ann Lee"), span("She", "PRON"), span("the old factory")],
        sents=[],
    )

    class Pipeline:
        def __init__(self):
            self.meta = {"lang": "en", "name": "core_web_lg", "version": "3.8.0"}

        def __call__(self, text):
            return document

    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=lambda model: Pipeline()))
    find = candidate_finder("auto")
    assert find.name == "spacy en_core_web_lg 3.8.0"
    assert find("Ann Lee ...") == ["Ann Lee", "Friday", "the old factory"]


def test_spacy_can_be_demanded(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)  # as if it were not installed
    with pytest.raises(ModuleNotFoundError):
        candidate_finder("spacy")
