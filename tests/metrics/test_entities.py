"""Entity precision and recall: the recorded matches, and shares worked out by hand."""

import dataclasses

import pytest

from quals_jax.data.corruption import SummarySentence
from quals_jax.data.entity_analysis import EntityAnalyser, entity_analyser
from quals_jax.metrics.entities import EntityOverlap
from quals_jax.metrics.metric import Example
from tests import golden_files

RULES = entity_analyser("rules")
# What stands between bars is an entity: "|Ann| met |Bob|".
MARKED = EntityAnalyser(
    "marked", "marked", lambda text: [SummarySentence(text, tuple(text.split("|")[1::2]))]
)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_an_entity_counts_as_found_where_the_official_code_found_it(level):
    cases = golden_files.read_json("data.json")["entity_match"]
    metric = EntityOverlap(MARKED, level)
    examples = [Example(case["text"], f"|{case['entity']}|", case["text"]) for case in cases]
    rows = metric.evaluate(examples)
    wanted = [float(bool(case[f"level{level}"])) for case in cases]
    assert [row["entity_precision"] for row in rows] == wanted
    assert [row["entity_precision_target"] for row in rows] == wanted
    assert 0 < sum(wanted) < len(wanted)


def test_shares_are_of_all_occurrences():
    document = "Ann Lee met Bob Fox in Rome."
    example = Example(
        document, "|Ann| and |Ann| saw |Carl| in |Rome|", "|Carl| saw |Dee| and |Bob|"
    )
    assert EntityOverlap(MARKED).evaluate([example]) == [
        {
            "entity_precision": 3 / 4,  # twice Ann, and Rome
            "entity_precision_target": 1 / 4,  # Carl
            "entity_recall_target": 1 / 3,  # Carl
        }
    ]


def test_what_has_no_entities_has_no_share_of_them():
    metric = EntityOverlap(MARKED)
    told: list[float] = []
    rows = metric.evaluate(
        [
            *(Example("Ann", "nobody", "|Ann|"), Example("Ann", " ")),
            *(Example("Ann", "|Ann|", "nobody"), Example("", "|Ann|", "|Ann|")),
        ],
        told.append,
    )
    none = dict.fromkeys(EntityOverlap.keys)
    assert rows == [
        none | {"entity_recall_target": 0.0, "reason": "no_entities"},
        none | {"reason": "empty_summary"},
        none | {"entity_precision": 1.0, "entity_precision_target": 0.0},
        {
            "entity_precision": None,
            "entity_precision_target": 1.0,
            "entity_recall_target": 1.0,
            "reason": "empty_document",
        },
    ]
    assert sum(told) == 4


def test_the_signature_says_who_found_the_entities_and_how_they_are_matched():
    assert EntityOverlap(RULES).signature == "entities:rules|match level:2"
    spacy = dataclasses.replace(RULES, kind="spacy", name="spacy en_core_web_lg 3.8.0")
    assert EntityOverlap(spacy, 1).signature == (
        "entities:spacy en_core_web_lg 3.8.0|match level:1|types:PERSON,FAC,GPE,ORG,NORP,LOC,EVENT"
    )


def test_rules_need_no_model():
    example = Example("Ann Lee met Bob Fox.", "In Rome, Ann met Bob.")
    assert EntityOverlap(RULES).evaluate([example])[0]["entity_precision"] == 2 / 3


def test_other_levels_are_refused_at_once():
    with pytest.raises(ValueError, match="match level 3"):
        EntityOverlap(RULES, 3)
