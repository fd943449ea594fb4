"""`quals generate`: summaries that `quals score` reads, and question-answer pairs."""

import json

import pytest

from quals_jax.jobs.source import RowSource
from quals_jax.metrics.quals import Quals
from tests import tolerances
from tests.cli.conftest import read_rows, write_rows

_SHORT = ("--min-tokens", "3", "--max-tokens", "12")


@pytest.fixture
def source(tmp_path, texts):
    rows = [{"id": f"r{i}", "document": document} for i, (document, _) in enumerate(texts)]
    return write_rows(tmp_path / "docs.jsonl", rows)


def test_summaries_are_rows_that_score_reads(quals, tmp_path, model_dir, source, texts):
    out = tmp_path / "summaries.jsonl"
    done = quals("generate", source, "-o", out, "--model", model_dir, "--num-beams", "2", *_SHORT)
    assert done.status == 0, done.messages
    assert "4 summaries of 4 rows" in done.messages
    rows = read_rows(out)
    assert [row["document"] for row in rows] == [document for document, _ in texts]
    assert all(row["summary"] and row["log_prob"] < 0 for row in rows)
    to_score = list(RowSource.of(str(out)).rows())
    assert [row.id for row in to_score] == ["r0", "r1", "r2", "r3"]
    assert [row.summaries for row in to_score] == [(row["summary"],) for row in rows]


def test_samples_depend_on_seed_and_id_alone(quals, tmp_path, model_dir, source):
    command = ("generate", "--model", model_dir, "--num-samples", "2", "--top-k", "5", *_SHORT)
    rows = [json.loads(line) for line in quals(*command, source).out.splitlines()]
    assert [len(row["summaries"]) for row in rows] == [2] * 4
    assert [len(row["log_probs"]) for row in rows] == [2] * 4
    turned = write_rows(tmp_path / "turned.jsonl", read_rows(source)[::-1])
    again = [json.loads(line) for line in quals(*command, turned).out.splitlines()][::-1]
    assert [row["summaries"] for row in again] == [row["summaries"] for row in rows]
    other = [json.loads(line) for line in quals(*command, source, "--seed", "1").out.splitlines()]
    assert [row["summaries"] for row in other] != [row["summaries"] for row in rows]


def test_an_empty_document_is_a_row_error(quals, tmp_path, model_dir):
    source = write_rows(tmp_path / "in.jsonl", [{"id": 1, "document": " "}])
    done = quals("generate", source, "--model", model_dir)
    assert done.status == 2
    assert json.loads(done.out) == {
        "id": 1,
        "status": "error",
        "code": "empty_document",
        "message": "there is nothing to summarize",
    }


def test_pairs_are_those_that_the_metric_asks(quals, tmp_path, model_dir, texts):
    rows = [{"id": i, "summary": summary} for i, (_, summary) in enumerate(texts[:3])]
    rows.append({"id": "many", "summaries": [texts[3][1], ""]})
    source = write_rows(tmp_path / "in.jsonl", rows)
    few = ("--num-beams", "12", "--max-tokens", "20")
    done = quals("generate", source, "--model", model_dir, "--task", "qa", *few)
    assert done.status == 0, done.messages
    rows = [json.loads(line) for line in done.out.splitlines()]
    metric = Quals.from_pretrained(model_dir, num_beams=12, num_groups=12, max_pair_tokens=20)
    results = metric.score(*map(list, zip(*texts, strict=True)))
    found = [row["pairs"] for row in rows[:3]] + [rows[3]["pairs"][0]]
    assert rows[3]["pairs"][1] == []
    for pairs, result in zip(found, results, strict=True):
        assert [(p["question"], p["answer"]) for p in pairs] == [
            (p.question, p.answer) for p in result.pairs
        ]
        for pair, expected in zip(pairs, result.pairs, strict=True):
            mean = sum(expected.log_probs_summary) / len(expected.log_probs_summary)
            assert pair["log_prob"] == pytest.approx(mean, abs=tolerances.LOG_PROBS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--task qa --seed 3", "--seed means nothing for --task qa"),
        ("--num-pairs 3", "--num-pairs means nothing for --task summary"),
        ("--top-k 3", "--top-k needs --num-samples"),
        ("--num-samples 3 --num-beams 2", "exclude each other"),
        ("--num-samples 3 --top-k 2 --top-p 0.5", "exclude each other"),
        ("--summary-key x", "reads documents only"),
        ("--task qa --document-key x", "reads summaries only"),
    ],
)
def test_options_are_never_ignored(quals, model_dir, source, arguments, message):
    done = quals("generate", source, "--model", model_dir, *arguments.split())
    assert done.status == 2
    assert message in done.messages
