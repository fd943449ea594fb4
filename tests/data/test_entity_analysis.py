"""Analysers of level 2; spaCy itself is an extra and stood in for."""

import sys
import types
from typing import ClassVar

import pytest

from quals_jax.data import entity_analysis
from quals_jax.data.corruption import Story, SummarySentence, drop_unsupported_sentences
from quals_jax.data.entity_analysis import entity_analyser


class Token:
    def __init__(self, ent_type_):
        self.ent_type_ = ent_type_


class Span(list):
    """A span of tokens with a text and entities, as spaCy has them."""

    def __init__(self, text, types=(), ents=()):
        super().__init__(map(Token, types))
        self.text, self.ents = text, ents


class Pipeline:
    meta: ClassVar = {"lang": "en", "name": "core_web_lg", "version": "3.8.0"}

    def __call__(self, text):
        ents = [Span("Ann Lee", ["PERSON", "GPE"]), Span("May", ["DATE"]), Span("Rome", ["GPE"])]
        return types.SimpleNamespace(
            sents=[Span("Ann Lee left Rome in May. ", ents=ents), Span(" ")]
        )


@pytest.fixture
def spacy(monkeypatch):
    """A module that knows one model."""

    def load(model):
        if model != "en_core_web_lg":
            raise OSError("[E050] Can't find model")
        return Pipeline()

    module = types.ModuleType("spacy")
    module.load = load
    monkeypatch.setitem(sys.modules, "spacy", module)


@pytest.mark.parametrize("kind", ["auto", "spacy"])
def test_spacy_is_used_and_named_with_its_model(spacy, kind):
    analyser = entity_analyser(kind)
    assert (analyser.kind, analyser.name) == ("spacy", "spacy en_core_web_lg 3.8.0")
    assert analyser("…") == [SummarySentence("Ann Lee left Rome in May.", ("Ann Lee", "Rome"))]


def test_without_its_model_spacy_is_an_error_and_auto_takes_the_rules(spacy):
    with pytest.raises(FileNotFoundError, match=r"E050.*python -m spacy download other"):
        entity_analyser("spacy", "other")
    assert entity_analyser("auto", "other").name == "rules"


def test_without_spacy_the_extra_is_named_and_auto_takes_the_rules(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "quals-jax\[spacy\]"'):
        entity_analyser("spacy")
    assert entity_analyser("auto").kind == "rules"


def test_a_broken_spacy_is_not_passed_over(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'thinc'", name="thinc")

    monkeypatch.setattr(entity_analysis.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="thinc"):
        entity_analyser("auto")


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="entity analyser 'stanza': expected auto, spacy or rules"):
        entity_analyser("stanza")


def test_rules_keep_abbreviations_in_their_sentence():
    analyse = entity_analyser("rules")
    assert analyse("Mr. Smith met Ann. Dr. Lee slept.") == [
        SummarySentence("Mr. Smith met Ann.", ("Smith", "Ann")),
        SummarySentence("Dr. Lee slept.", ("Lee",)),
    ]
    assert analyse("") == []


def test_rules_drop_what_the_document_does_not_mention():
    story = Story("ann lee went to rome.", "Mr. Bob Fox left. In Rome Ann Lee slept. All is well.")
    kept = drop_unsupported_sentences(story, entity_analyser("rules"))
    assert kept.target == "In Rome Ann Lee slept. All is well."
