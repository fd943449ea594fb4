"""`quals meta-eval`: the table and the file, and what is wrong with the rows."""

import json
import re

import pytest

from tests.cli.conftest import write_rows


@pytest.fixture
def human(tmp_path):
    rows = [
        {
            "id": i,
            "document": f"Ann has {i} cats and {i % 5} dogs.",
            "summary": f"Ann has {i % 7} cats.",
            "human": float(i % 7 == i),
        }
        for i in range(20)
    ]
    return write_rows(tmp_path / "human.jsonl", rows)


def _scores(path, *values):
    return write_rows(path, [{"id": i, "metrics": m} for i, m in enumerate(values)])


def test_the_table_and_the_file(quals, human, tmp_path):
    values = [{"a": 1 / (i + 1), "b": None if i % 4 else i % 3, "same": 1} for i in range(19)]
    scores = _scores(tmp_path / "s.jsonl", *values, {"a": 0, "b": 1, "same": 1})
    output = tmp_path / "new" / "meta.json"
    done = quals("meta-eval", scores, "--human", human, "-o", output, "--num-resamples", "20")
    assert done.status == 0
    text = done.out.decode()
    assert "20 judged summaries of 20 documents, mean human score 0.3500, 7 consistent" in text
    assert re.search(r"Pearson less that of ngram\d_precision +rows", text)
    assert "same: pearson, spearman, kendall, pearson_less_ngrams: all scores are equal (1)" in text
    results = json.loads(output.read_text("utf-8"))
    assert [m["name"] for m in results["metrics"]][:3] == ["a", "b", "same"]
    assert [m["num_missing"] for m in results["metrics"]][:3] == [0, 14, 0]
    value = results["metrics"][0]["overall"]["pearson"]["value"]
    assert f"{value:+.3f}" in text
    assert results["num_judged_not_scored"] == 0
    again = tmp_path / "again.json"
    quals("meta-eval", scores, "--human", human, "-o", again, "--num-resamples", "20")
    assert again.read_bytes() == output.read_bytes()


def test_rows_that_are_in_one_file_only_are_counted(quals, human, tmp_path):
    rows = [{"id": i, "q": i * i % 7} for i in range(5, 30)]
    scores = write_rows(tmp_path / "s.jsonl", rows)
    done = quals("meta-eval", scores, "--human", human, "--num-resamples", "5")
    assert done.status == 0
    assert "5 judged summaries are in no file of scores" in done.out.decode()
    assert "10 scored summaries were not judged" in done.out.decode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "x"}, "no id in common: the scores have 'x', the judgements have '0', '1', '2', …"),
        ({"metrics": {"a": float("inf")}}, "s.jsonl, line 1: 'a' is inf; a number or null"),
        ({"metrics": {}}, "s.jsonl: no field of its rows holds numbers"),
    ],
)
def test_bad_rows_are_status_2(quals, human, tmp_path, change, message):
    scores = write_rows(tmp_path / "s.jsonl", [{"id": 1, "metrics": {"a": 1}} | change])
    done = quals("meta-eval", scores, "--human", human, "-o", tmp_path / "o.json")
    assert done.status == 2
    assert message in done.messages
    assert done.out == b""
    assert not (tmp_path / "o.json").exists()


def test_bad_usage_is_status_2(quals, human, tmp_path):
    scores = _scores(tmp_path / "s.jsonl", {"quals": 1}, {"quals": 2})
    place = ("meta-eval", scores, "--human", human)
    assert "did you mean quals?" in quals(*place, "--metrics", "qual").messages
    assert quals(*place, "-o", scores).messages.endswith("name another output\n")
    assert "between 0 and 1" in quals(*place, "--validation-share", "1").messages
    assert "did you mean human.jsonl" in quals(*place[:3], tmp_path / "humn.jsonl").messages
    assert "--human-key" in quals(*place, "--human-key", "rating").messages
    assert quals(*place[:2]).status == 2
