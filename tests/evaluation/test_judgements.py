"""Judgements by id, and scores in their order."""

import json

import numpy as np
import pytest

from quals_jax.evaluation.judgements import Keys, aligned, ngram_floors, read_judgements

ROWS = [
    {"id": 1, "document": "A cat sat down.", "summary": "The cat sat on it.", "human": 0.5},
    {"id": 2, "document": "A cat sat down.", "summary": "A cat sat.", "human": 1},
    {"id": 3, "document": "It rains.", "summary": "It rains.", "human": None},
    {"id": 4, "summary": "So.", "human": True},
]


def _written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def judged(tmp_path):
    return read_judgements([_written(tmp_path / "human.jsonl", ROWS)])


def test_rows_without_a_judgement_are_left_out_and_counted(judged):
    assert judged.ids == ["1", "2", "4"]
    assert judged.human_N.tolist() == [0.5, 1.0, 1.0]
    assert judged.num_without == 1
    assert judged.systems is None


def test_summaries_of_one_document_are_one_group(judged):
    assert judged.groups[0] == judged.groups[1] != judged.groups[2]


def test_scores_come_in_the_order_of_the_judgements_and_a_missing_one_is_no_number(judged):
    scores = aligned(judged, {"a": {"4": 9.0, "1": None, "2": 3.0}, "b": {"5": 1.0}})
    assert scores["a"].tolist()[1:] == [3.0, 9.0]
    assert np.isnan(scores["a"][0])
    assert np.isnan(scores["b"]).all()
    with pytest.raises(ValueError, match=r"no id in common: the scores have 'x', .* '1', '2', '4'"):
        aligned(judged, {"a": {"x": 1.0}})


def test_floors_are_n_gram_precisions_where_both_texts_are_given(judged):
    floors = ngram_floors(judged)
    # Of "the cat sat on it" the document has cat, sat and "cat sat".
    assert floors["ngram1_precision"].tolist()[:2] == [2 / 5, 1.0]
    assert floors["ngram2_precision"].tolist()[:2] == [1 / 4, 1.0]
    assert np.isnan(floors["ngram1_precision"][2])


def test_names_of_fields_and_systems(tmp_path):
    rows = [{"key": "x", "stars": "4", "by": "s1"}, {"key": "y", "stars": "", "by": "s2"}]
    found = read_judgements(
        [_written(tmp_path / "h.jsonl", rows)], Keys(human="stars", id="key", system="by")
    )
    assert (found.ids, found.human_N.tolist(), found.systems) == (["x"], [4.0], ["s1"])
    assert ngram_floors(found) == {}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": 1, "human": 1}, {"id": 1, "human": 0}], "id '1' occurs in lines 1 and 2"),
        ([{"id": 1, "rating": 1}], r"line 1: 'human' is missing; .*'rating' \(--human-key"),
        ([{"id": 1, "human": float("nan")}], "line 1: 'human' is nan; a number or null"),
        ([{"id": 1, "human": "good"}], "line 1: 'human' is 'good'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, rows, message):
    with pytest.raises(ValueError, match=rf"h.jsonl.*{message}"):
        read_judgements([_written(tmp_path / "h.jsonl", rows)])


def test_an_id_in_two_files_is_refused(tmp_path):
    a, b = (_written(tmp_path / f"{n}.jsonl", [{"id": 1, "human": 1}]) for n in "ab")
    with pytest.raises(ValueError, match=r"the id '1' occurs in .*a.jsonl and in .*b.jsonl"):
        read_judgements([a, b])
