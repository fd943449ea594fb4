"""Scores by id from every kind of file; what is wrong is named with file and line."""

import json

import pytest

from quals_jax.evaluation.score_files import choose_scores, merge_scores, read_scores


def _written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_scores_of_evaluate_of_quals_and_of_any_rows(tmp_path):
    evaluated = [
        {
            "id": "a",
            "metrics": {"rouge1": 0.5, "quals": None},
            "reasons": {"quals": "no_questions"},
        },
        {"id": "b", "metrics": {"rouge1": 1, "quals": None}},
    ]
    found = read_scores(_written(tmp_path / "e.jsonl", evaluated))
    assert found.columns == {"rouge1": {"a": 0.5, "b": 1.0}, "quals": {"a": None, "b": None}}
    scored = [
        {"id": 7, "quals": -0.3, "answer": -0.4, "min": -1, "low_share": 0.1, "num_pairs": 9},
        {"id": 8, "status": "error", "code": "json", "message": "line 2: bad"},
    ]
    found = read_scores(_written(tmp_path / "s.jsonl", scored))
    assert set(found.columns) == {"quals", "quals_answer", "quals_min", "quals_low_share"}
    assert found.columns["quals_min"] == {"7": -1.0}
    assert found.ids == {"7": 1, "8": 2}
    other = [
        {"bleurt": 1, "judge": "x", "ok": True, "none": None, "human": 3, "mixed": 1},
        {"bleurt": None, "judge": "y", "ok": False, "none": None, "human": 4, "mixed": "?"},
    ]
    found = read_scores(_written(tmp_path / "o.jsonl", other))
    assert found.columns == {"bleurt": {"1": 1.0, "2": None}}
    assert found.texts["2"] == {"judge": "y", "mixed": "?"}


def test_cells_of_a_table_are_numbers(tmp_path):
    (tmp_path / "t.csv").write_text('id,a,b,metrics\nx,0.5,k,\ny,,l,"{""c"": 2}"\n', "utf-8")
    found = read_scores(tmp_path / "t.csv")
    assert found.columns == {"a": {"x": 0.5}, "c": {"y": 2.0}}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": 1, "a": 1}, {"id": "1", "a": 2}], "id '1' occurs in lines 1 and 2"),
        ([{"id": 1, "a": 1}, {"id": 2, "a": float("nan")}], "line 2: 'a' is nan; a number or null"),
        ([{"id": 1, "metrics": {"a": "high"}}], "line 1: 'a' is 'high'; a number or null"),
        ([{"id": 1, "scores": [{"quals": 1}]}], "line 1: the row has the scores of several"),
        ([{"id": 1, "text": "x"}], "no field of its rows holds numbers"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, rows, message):
    with pytest.raises(ValueError, match=rf"s.jsonl.*{message}"):
        read_scores(_written(tmp_path / "s.jsonl", rows))


def test_one_name_in_several_files(tmp_path):
    a = read_scores(_written(tmp_path / "small.jsonl", [{"id": 1, "q": 1}, {"id": 2, "q": 2}]))
    b = read_scores(_written(tmp_path / "large.jsonl", [{"id": 2, "q": 3, "r": 4}]))
    c = read_scores(_written(tmp_path / "more.jsonl", [{"id": 3, "q": 5}]))
    assert merge_scores([a, c]) == {"q": {"1": 1.0, "2": 2.0, "3": 5.0}}
    assert merge_scores([a, b]) == {
        "small:q": {"1": 1.0, "2": 2.0},
        "large:q": {"2": 3.0},
        "r": {"2": 4.0},
    }
    (tmp_path / "d").mkdir()
    other = read_scores(_written(tmp_path / "d" / "small.jsonl", [{"id": 1, "q": 9}]))
    assert set(merge_scores([a, other])) == {f"{a.path}:q", f"{other.path}:q"}
    with pytest.raises(ValueError, match="the same file of scores is given twice"):
        merge_scores([a, a])


def test_scores_are_chosen_by_name():
    scores = {"quals": {}, "rouge1": {}, "rouge2": {}}
    assert list(choose_scores(scores, ["rouge2", "quals"])) == ["rouge2", "quals"]
    with pytest.raises(ValueError, match=r"no score 'roge2' among .*; did you mean rouge2"):
        choose_scores(scores, ["roge2"])
