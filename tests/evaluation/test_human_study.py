"""What a human study draws, and what annotators may see of it."""

import copy
import dataclasses
import json

import pytest

from quals_jax.evaluation.human_study import check_study, draw_study, study_for_annotators
from tests.evaluation.made_up_study import SYSTEMS, documents, made_up_study


def test_every_annotator_sees_each_system_first_for_half_of_every_data_set():
    study = draw_study(
        documents(30, "news") + documents(21, "talk"), SYSTEMS, num_documents=20, num_annotators=4
    )
    for name in ("news", "talk"):
        first = [item["first"] for item in study["items"] if item["dataset"] == name]
        assert [sum(order) for order in zip(*first, strict=True)] == [10, 10, 10, 10]
        assert len(set(zip(*first, strict=True))) == 4


def test_of_an_odd_number_neither_system_is_first_more_than_once_too_often():
    starts = set()
    for seed in range(12):
        study = draw_study(documents(7), SYSTEMS, seed=seed)
        starts.add(sum(item["first"][0] for item in study["items"]))
    assert starts == {3, 4}


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_rows():
    rows = documents(300)
    study = draw_study(rows, SYSTEMS, num_documents=100, num_annotators=2)
    assert draw_study(rows[::-1], SYSTEMS, num_documents=100, num_annotators=2) == study
    other = draw_study(rows, SYSTEMS, num_documents=100, num_annotators=2, seed=2)
    ids, other_ids = ({item["id"] for item in s["items"]} for s in (study, other))
    assert len(ids) == len(other_ids) == 100
    assert 15 < len(ids & other_ids) < 55  # 33 by chance
    assert study["study"] != other["study"]


def test_each_annotator_has_an_order_of_documents_of_their_own():
    study = made_up_study(10, num_annotators=3)
    keys = [item["key"] for item in study["items"]]
    orders = study["orders"]
    assert [sorted(order) for order in orders] == [sorted(keys)] * 3
    assert len({tuple(order) for order in [keys, *orders]}) == 4


def test_every_data_set_gives_its_documents_or_all_it_has():
    study = draw_study(documents(30, "news") + documents(5, "talk"), SYSTEMS, num_documents=8)
    counts = [[item["dataset"] for item in study["items"]].count(n) for n in ("news", "talk")]
    assert counts == [8, 5]
    assert [dataset["num_shared"] for dataset in study["datasets"]] == [30, 5]


def test_documents_with_the_same_summary_twice_are_counted_and_left_out_on_demand():
    rows = documents(4)
    rows[1] = dataclasses.replace(rows[1], summaries=("same words", "same  words"))
    kept = draw_study(rows, SYSTEMS)
    left_out = draw_study(rows, SYSTEMS, distinct=True)
    assert [len(study["items"]) for study in (kept, left_out)] == [4, 3]
    assert {item["id"] for item in left_out["items"]} == {0, 2, 3}
    for study in (kept, left_out):
        assert study["datasets"] == [{"name": "", "num_shared": 4, "num_identical": 1}]
    with pytest.raises(ValueError, match="are the same"):
        draw_study([rows[1]], SYSTEMS, distinct=True)


def test_what_annotators_get_does_not_tell_the_systems():
    study = made_up_study(20)
    shown = study_for_annotators(study)
    text = json.dumps(shown)
    assert not any(name in text for name in SYSTEMS)
    # The order of the texts is that of the alphabet, so it says nothing about the systems.
    swapped = draw_study(
        [
            dataclasses.replace(d, summaries=d.summaries[::-1])
            for d in documents(20, "news") + documents(20, "talk")
        ],
        SYSTEMS,
        num_annotators=2,
    )
    for key, item in study_for_annotators(swapped)["items"].items():
        assert item["texts"] == shown["items"][key]["texts"] == sorted(item["texts"])


def test_annotators_see_the_system_that_the_key_says_first():
    study = made_up_study(20)
    shown = study_for_annotators(study)["items"]
    for item in study["items"]:
        for annotator in range(2):
            first = shown[item["key"]]["first"][annotator]
            text = shown[item["key"]]["texts"][first]
            assert text == item["summaries"][item["first"][annotator]]


def test_a_study_comes_back_from_its_file_and_changes_are_noticed():
    study = made_up_study()
    stored = json.loads(json.dumps(study))
    assert json.loads(json.dumps(check_study(stored))) == stored
    changed = copy.deepcopy(stored)
    changed["items"][0]["first"][0] ^= 1
    with pytest.raises(ValueError, match="changed after it was made"):
        check_study(changed)
    short = copy.deepcopy(stored)
    short["items"][2]["summaries"] = ["one"]
    with pytest.raises(ValueError, match=r"study\.items\[2\]\.summaries: expected 2 values"):
        check_study(short)
    with pytest.raises(ValueError, match="format 'else' is unknown"):
        check_study(stored | {"format": "else"})


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="no document"):
        draw_study([], SYSTEMS)
    with pytest.raises(ValueError, match="the id '0' of data set 'news' occurs twice"):
        draw_study(documents(2, "news") * 2, SYSTEMS)
    with pytest.raises(ValueError, match="both systems are called 'A'"):
        draw_study(documents(2), ("A", "A"))
