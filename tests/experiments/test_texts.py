"""`python -m experiments.prepare_data texts`: what denoising learns from."""

import gzip
import json

import pytest

from experiments.prepare_data import main
from tests.data.raw_files import qags_line

_JUDGED = (
    "Ann Lee, 34, moved to Rome in May 2014. She had lived in Paris for two years before that."
)


@pytest.fixture
def files(tmp_path):
    def lines(name, *rows):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    lines("wiki.jsonl", {"id": 7, "title": "T", "text": "A moth."}, {"text": f"So: {_JUDGED}"})
    tokens = _JUDGED.lower().replace(",", " ,").replace(".", " .")
    lines("news.jsonl", {"article": "He did n't go ."}, {"article": f"(CNN) {tokens}"})
    lines("judged.jsonl", qags_line(_JUDGED, ("Ann moved.", "yyy")))
    qas = [{"id": "q", "question": "Who?", "answers": [{"text": "Bo", "answer_start": 0}]}]
    paragraphs = [{"context": "Bo left.", "qas": qas * 2}, {"context": "Bo came.", "qas": qas}]
    (tmp_path / "squad.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    return tmp_path


def _sources(files):
    names = ("rows:wiki.jsonl", "treebank:news.jsonl", "squad:squad.json")
    return [name.replace(":", f":{files}/") for name in names]


def test_texts_of_all_kinds_without_the_judged_ones(files, capsys):
    output = files / "texts.jsonl.gz"
    command = ["texts", *_sources(files), "-o", str(output)]
    assert main([*command, "--judged", str(files / "judged.jsonl")]) == 0
    rows = [json.loads(line) for line in gzip.decompress(output.read_bytes()).splitlines()]
    found = {row["id"]: row["text"] for row in rows}
    assert found == {
        "wiki-0": "A moth.",
        "news-0": "He didn't go.",
        "squad-0": "Bo left.",
        "squad-1": "Bo came.",
    }
    said = capsys.readouterr().out
    assert "texts.jsonl.gz: 4 texts" in said
    assert f"treebank:{files}/news.jsonl: 1 texts, 13 characters, 1 left out: judged" in said


def test_without_judgements_all_are_kept_in_the_order_of_the_seed(files):
    orders = []
    for seed in ("1", "1", "2"):
        output = files / "texts.jsonl"
        assert main(["texts", *_sources(files), "-o", str(output), "--seed", seed]) == 0
        orders.append([json.loads(line)["id"] for line in output.read_text().splitlines()])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])
    assert len(orders[0]) == 6


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"id": 1, "title": "no text"}', "line 1: no text in any of text, document, article"),
        ("{", "line 1: "),
        ("", "no text in rows:"),
    ],
)
def test_what_has_no_text_is_an_error(tmp_path, row, message, capsys):
    (tmp_path / "bad.jsonl").write_text(row + "\n" if row else "")
    output = tmp_path / "texts.jsonl"
    assert main(["texts", f"rows:{tmp_path}/bad.jsonl", "-o", str(output)]) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_an_unknown_kind_is_an_error(tmp_path, capsys):
    assert main(["texts", "csv:x", "-o", str(tmp_path / "texts.jsonl")]) == 2
    assert "expected one of rows:FILE, treebank:FILE, squad:FILE" in capsys.readouterr().err
