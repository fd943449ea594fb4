"""`quals score` with a real, if tiny, model."""

import csv
import json

import pytest

from quals_jax.metrics.quals import Quals
from quals_jax.text.answers import token_f1
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files, tolerances
from tests.cli.conftest import FEW_BEAMS, read_rows, write_rows


@pytest.fixture(scope="module")
def metric(model_dir):
    return Quals.from_pretrained(model_dir, num_beams=12, num_groups=12, max_pair_tokens=20)


def _rows(texts):
    return [
        {"id": f"r{i}", "document": document, "summary": summary}
        for i, (document, summary) in enumerate(texts)
    ]


def test_rows_in_rows_out_as_the_metric_says(quals, tmp_path, model_dir, texts, metric):
    documents, summaries = zip(*texts, strict=True)
    rows = _rows(texts)
    source = write_rows(tmp_path / "in.jsonl", rows)
    done = quals("score", source, "-o", tmp_path / "out.jsonl", "--model", model_dir, *FEW_BEAMS)
    assert done.status == 0, done.messages
    scored = read_rows(tmp_path / "out.jsonl")
    expected = [result.to_row() for result in metric.score(documents, summaries)]
    assert scored == [{"id": row["id"], **e} for row, e in zip(rows, expected, strict=True)]
    assert sum(row["num_pairs"] for row in scored) >= 4
    numbers = [row["quals"] for row in scored if row["quals"] is not None]
    assert f"mean QUALS {sum(numbers) / len(numbers):.4f}" in done.messages
    assert f"{len(numbers)} of 4 summaries scored" in done.messages
    assert metric.signature in done.messages
    assert "rows/s" in done.messages


def test_nothing_to_score_is_null_with_a_reason_and_no_error(quals, tmp_path, model_dir, texts):
    document, summary = texts[0]
    rows = [
        *({"document": document, "summary": summary} for document, summary in texts[:3]),
        {"document": document, "summary": " \n"},
        {"document": "", "summary": summary},
        {"document": document, "summary": "z " * 18},
    ]
    source = write_rows(tmp_path / "in.jsonl", rows)
    done = quals("score", source, "-o", tmp_path / "out.jsonl", "--model", model_dir, *FEW_BEAMS)
    assert done.status == 0
    scored = read_rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in scored] == [1, 2, 3, 4, 5, 6]
    assert [row["reason"] for row in scored] == [
        None,
        None,
        None,
        "empty_summary",
        "empty_document",
        "no_questions",
    ]
    assert [row["quals"] is None for row in scored] == [False] * 3 + [True] * 3
    assert "dropped" in scored[5]
    assert "3 of 6 summaries scored (empty_document 1, empty_summary 1, no_questions 1)" in (
        done.messages
    )


def test_agreement_of_answers_on_demand(quals, tmp_path, model_dir, texts):
    rows = [*_rows(texts)[:3], {"id": "empty", "document": "d", "summary": ""}]
    source = write_rows(tmp_path / "in.jsonl", rows)
    command = ("score", source, "-o", tmp_path / "out.jsonl", "--model", model_dir, *FEW_BEAMS)
    done = quals(*command, "--answer-f1")
    assert done.status == 0, done.messages
    scored = read_rows(tmp_path / "out.jsonl")
    assert scored[3]["f1"] is None
    pairs = [pair for row in scored[:3] for pair in row["pairs"]]
    assert pairs
    for row in scored[:3]:
        values = [token_f1(pair["document_answer"], pair["answer"]) for pair in row["pairs"]]
        assert row["f1"] == (pytest.approx(sum(values) / len(values)) if values else None)
    numbers = [row["f1"] for row in scored if row["f1"] is not None]
    assert f"mean F1 {sum(numbers) / len(numbers):.4f}" in done.messages
    assert "answer_f1:pair" in done.messages
    done = quals(*command[:2], "--model", model_dir, "--f1-against", "summary")
    assert done.status == 2
    assert "--f1-against needs --answer-f1" in done.messages


def test_paper_mode_cuts_documents_says_by_how_much_and_warns_once(quals, tmp_path):
    folder = golden_files.path("world_qagen")
    sentence = "Lucy Lowe opened a new library in Norbank on Tuesday. "
    lengths = [1, 9, 30, 9]
    rows = [{"document": sentence * n, "summary": sentence} for n in lengths]
    source = write_rows(tmp_path / "in.jsonl", rows)
    command = ("score", source, "--model", folder, "--shard-rows", "2", *FEW_BEAMS)
    tokenizer = Tokenizer.from_folder(folder)
    counts = [len(tokenizer.encode((sentence * n).strip())) for n in lengths]
    limit = 78  # of that model
    assert counts[0] <= limit < counts[1]

    done = quals(*command, "--mode", "paper")
    assert done.status == 0, done.messages
    scored = [json.loads(line) for line in done.out.splitlines()]
    assert [row.get("truncated_tokens", 0) for row in scored] == [max(0, n - limit) for n in counts]
    assert "truncated_tokens" not in scored[0]
    assert done.messages.count("truncated_tokens") == 1
    assert "3 with texts cut at the limit (truncated_tokens)" in done.messages
    # Mode clean reads them whole.
    done = quals(*command)
    assert "truncated_tokens" not in done.out.decode() + done.messages


def test_text_that_is_not_utf8_is_a_row_error_or_replaced_on_demand(quals, tmp_path, model_dir):
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"id": "caf\xe9", "document": "d\xff", "summary": " "}\n')
    done = quals("score", source, "--model", model_dir)
    assert done.status == 2
    assert json.loads(done.out)["code"] == "encoding"
    assert "--encoding-errors replace" in done.messages
    done = quals("score", source, "--model", model_dir, "--encoding-errors", "replace")
    assert done.status == 0, done.messages
    row = json.loads(done.out)
    assert (row["id"], row["reason"]) == ("caf\ufffd", "empty_summary")


def test_several_summaries_of_a_document_stay_together(quals, tmp_path, model_dir, texts, metric):
    rows = _rows(texts)
    summaries = [rows[0].pop("summary"), "", rows[1]["summary"]]
    rows[0]["summaries"] = summaries
    rows[3] = {"id": "none", "document": texts[3][0], "summaries": []}
    source = write_rows(tmp_path / "in.jsonl", rows)
    done = quals("score", source, "-o", tmp_path / "out.jsonl", "--model", model_dir, *FEW_BEAMS)
    assert done.status == 0
    many, *_, none = read_rows(tmp_path / "out.jsonl")
    (expected,) = metric.score_grouped([rows[0]["document"]], [summaries])
    assert [score["reason"] for score in many["scores"]] == [None, "empty_summary", None]
    for score, result in zip(many["scores"], expected, strict=True):
        assert score["quals"] == pytest.approx(result.quals, abs=tolerances.QUALS)
        assert [pair["answer"] for pair in score["pairs"]] == [p.answer for p in result.pairs]
    assert none == {"id": "none", "scores": []}
    assert "4 of 5 summaries scored" in done.messages


def test_explain_adds_the_numbers_of_every_token(quals, tmp_path, model_dir, texts):
    source = write_rows(tmp_path / "in.jsonl", _rows(texts))
    arguments = ("score", source, "--model", model_dir, *FEW_BEAMS)
    plain = json.loads(quals(*arguments).out.splitlines()[0])
    explained = json.loads(quals(*arguments, "--explain").out.splitlines()[0])
    assert explained["quals"] == plain["quals"]
    pair = explained["pairs"][0]
    numbers = pair["log_probs_document"], pair["log_probs_summary"]
    assert len(pair["tokens"]) == len(numbers[0]) == len(numbers[1])
    means = [sum(side) / len(side) for side in numbers]
    assert pair["score"] == pytest.approx(means[0] - means[1], abs=2e-6)
    assert "tokens" not in plain["pairs"][0]


def test_csv_with_other_names_to_csv(quals, tmp_path, model_dir, texts):
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["url", "article", "highlights"])
        writer.writerows([f"u{i}", *row] for i, row in enumerate(texts))
    done = quals(
        *("score", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--model", model_dir),
        *("--document-key", "article", "--summary-key", "highlights", "--id-key", "url"),
        *FEW_BEAMS,
    )
    assert done.status == 0, done.messages
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["u0", "u1", "u2", "u3"]
    assert [len(json.loads(row["pairs"])) for row in rows] == [int(r["num_pairs"]) for r in rows]


def test_doubled_ids_are_refused_unless_lines_name_the_rows(quals, tmp_path, model_dir, texts):
    row = {"id": "same", "document": texts[0][0], "summary": texts[0][1]}
    source = write_rows(tmp_path / "in.jsonl", [row] * 4)
    arguments = ("score", source, "--model", model_dir, *FEW_BEAMS)
    done = quals(*arguments)
    assert done.status == 2
    assert "'same' in lines 1, 2, 3, 4" in done.messages
    done = quals(*arguments, "--id", "line")
    assert done.status == 0
    scored = [json.loads(line) for line in done.out.splitlines()]
    assert [row.pop("id") for row in scored] == [1, 2, 3, 4]
    assert scored == scored[:1] * 4


def test_unusable_rows_alone_need_no_model(quals, tmp_path, model_dir):
    source = write_rows(tmp_path / "in.jsonl", [{"document": 1, "summary": "s"}])
    done = quals("score", source, "--model", model_dir)
    assert done.status == 2
    assert json.loads(done.out)["code"] == "bad_type"
    assert "float32 on" not in done.messages, "the model was loaded"
    assert "0 of 1 summaries scored" in done.messages
