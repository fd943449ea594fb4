"""Two files of scores joined by id: what is compared, left out and shown."""

import json

import pytest

from quals_jax.evaluation.paired import PairedOptions
from quals_jax.evaluation.score_files import read_scores
from quals_jax.evaluation.system_comparison import (
    compare_systems,
    read_texts,
    rows_that_differ_most,
)


def _read(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return read_scores(path)


@pytest.fixture
def files(tmp_path):
    a = [
        {"id": i, "document_sha256": f"h{i // 2}", "metrics": {"quals": q, "quals_low_share": s}}
        for i, q, s in [(1, -0.1, 0.1), (2, -0.4, 0.5), (3, None, 0.2), (5, -0.3, 0.0)]
    ]
    b = [
        {"id": str(i), "metrics": {"quals": q, "quals_low_share": s, "other": 1}}
        for i, q, s in [(5, -0.3, 0.6), (3, -0.2, 0.2), (2, -0.1, 0.1), (1, -0.9, 0.6), (9, 0, 0)]
    ]
    return _read(tmp_path / "a.jsonl", a), _read(tmp_path / "b.jsonl", b)


def test_rows_are_joined_by_id_and_what_only_one_has_is_counted(files):
    found = compare_systems(files, ({}, {}), ("a", "b"))
    assert [row["id"] for row in found["rows"]] == ["1", "2", "3", "5"]
    assert (found["num_rows"], found["num_only"]) == (4, [0, 1])
    assert found["num_documents"] == 3  # by their hashes: 1; 2 and 3; 5
    quals, low_share = found["metrics"]
    assert quals["num_missing"] == [1, 0]
    assert (quals["wins"], quals["ties"], quals["losses"]) == (1, 1, 1)
    assert found["rows"][2]["scores"]["quals"] == [None, -0.2]
    assert found["rows"][2]["differences"]["quals"] is None
    # Less is better: a wins where its share is lower.
    assert low_share["lower_is_better"]
    assert (low_share["wins"], low_share["losses"]) == (2, 1)
    assert found["rows"][0]["differences"]["quals_low_share"] == pytest.approx(0.5)


def test_rows_that_differ_most_are_told_for_each_side(files):
    found = compare_systems(files, ({}, {}), ("a", "b"), options=PairedOptions())
    first, second = rows_that_differ_most(found, "quals", 5)
    assert [row["id"] for row in first] == ["1"]
    assert [row["id"] for row in second] == ["2"]
    first, _ = rows_that_differ_most(found, "quals_low_share", 1)
    assert [row["id"] for row in first] == ["5"]


def test_texts_come_by_id_and_name_the_documents(files):
    texts = {"1": {"document": "D.", "summary": "A."}, "2": {"document": "D.", "summary": "C."}}
    found = compare_systems(files, (texts, {"1": {"summary": "B."}}), ("a", "b"))
    row = found["rows"][0]
    assert (row["document"], row["summaries"]) == ("D.", ["A.", "B."])
    assert found["rows"][3]["summaries"] == [None, None]
    assert found["num_documents"] == 3  # 1 and 2; 3; 5


def test_files_that_share_nothing_are_refused(files, tmp_path):
    other = _read(tmp_path / "o.jsonl", [{"id": "x", "metrics": {"quals": 1}}])
    with pytest.raises(ValueError, match=r"no id in common: .*a.jsonl has '1', '2', '3'; .*'x'"):
        compare_systems((files[0], other), ({}, {}), ("a", "o"))
    with pytest.raises(ValueError, match=r"e.jsonl has no rows"):
        compare_systems((files[0], _read(tmp_path / "e.jsonl", [])), ({}, {}), ("a", "e"))
    other = _read(tmp_path / "p.jsonl", [{"id": 1, "metrics": {"rouge": 1}}])
    with pytest.raises(ValueError, match=r"no score in common: .* has quals, .* has rouge"):
        compare_systems((files[0], other), ({}, {}), ("a", "p"))
    with pytest.raises(ValueError, match=r"no score 'qals' among quals, .*did you mean quals"):
        compare_systems(files, ({}, {}), ("a", "b"), metrics=["qals"])


def test_a_row_without_a_summary_is_named(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": 1, "text": "A.", "source": "D."}\n{"id": 2, "source": "D."}\n', "utf-8")
    keys = {"document": "source", "summary": "text"}
    with pytest.raises(ValueError, match=r"t.jsonl, line 2: 'text' is no text .*'source'"):
        read_texts(path, keys)
