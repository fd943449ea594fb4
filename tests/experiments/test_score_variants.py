"""Variants of QUALS from explained scores."""

import json

import numpy as np
import pytest

from experiments.score_variants import Pair, main, variants

_TOKENS = ["Who", "?", " strutConnector", "Ann", "</s>"]


def _row(row_id, document, summary, tokens=_TOKENS):
    pair = {"tokens": tokens, "log_probs_document": document, "log_probs_summary": summary}
    return {"id": row_id, "pairs": [pair] if document else []}


def _write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_variants_are_those_computed_by_hand():
    pair = Pair(
        document_T=np.array([-1.0, -0.5, -0.25, -4.0, -0.5]),
        summary_T=np.array([-1.5, -0.5, -0.25, -0.5, -0.1]),
        null_T=np.array([-1.0, -0.5, -0.5, -4.5, -2.1]),
        separator=2,
    )
    other = Pair(np.full(4, -3.0), np.full(4, -2.0), np.full(4, -2.5), 1)
    found = variants([pair, other])
    assert found == pytest.approx(
        {
            "all": ((0.5 - 3.5 - 0.4) / 5 - 1) / 2,
            "question": (0.25 - 1) / 2,
            "sure_tokens": (0 + 0 - 3.5 - 0.4) / 4,
            "answerable_pairs": (0.5 - 3.5 - 0.4) / 5,
            "lift": ((0.25 + 0.5 + 1.6) / 5 - 0.5) / 2,
            "given_tokens": (-3.5 - 0.4) / 2,
            "given_ratio": (0.5 / 4.0 + 1.6 / 2.0) / 2,
        }
    )
    assert variants([other])["given_ratio"] is None


def test_rows_are_joined_and_those_without_pairs_left_out(tmp_path, capsys):
    numbers = [-1.0, -1.0, -1.0, -2.0, -1.0], [-1.0, -1.0, -1.0, -1.0, -1.0]
    scores = _write(tmp_path / "scores.jsonl", _row("a", *numbers), _row("b", [], []))
    null = _write(tmp_path / "null.jsonl", _row("b", [], []), _row("a", *numbers[::-1]))
    output = tmp_path / "out.jsonl"
    assert main([str(scores), "--null", str(null), "-o", str(output)]) == 0
    [row] = map(json.loads, output.read_text().splitlines())
    assert row["id"] == "a"
    assert row["all"] == pytest.approx(-0.2)
    assert "1 rows" in capsys.readouterr().out


def test_other_pairs_and_scores_without_tokens_are_refused(tmp_path, capsys):
    numbers = [-1.0] * 5, [-1.0] * 5
    scores = _write(tmp_path / "scores.jsonl", _row("a", *numbers))
    other = _write(tmp_path / "other.jsonl", _row("a", *numbers, tokens=["When", *_TOKENS[1:]]))
    command = ["-o", str(tmp_path / "out.jsonl"), "--null"]
    assert main([str(scores), *command, str(other)]) == 2
    assert "row 'a' has other pairs" in capsys.readouterr().err
    plain = _write(tmp_path / "plain.jsonl", {"id": "a", "pairs": [{"question": "Who?"}]})
    assert main([str(plain), *command, str(scores)]) == 2
    assert "line 1: no explained pairs; pass --explain" in capsys.readouterr().err
    several = _write(tmp_path / "several.jsonl", {"id": "a", "scores": [{"pairs": []}]})
    assert main([str(several), *command, str(scores)]) == 2
    assert "line 1: several summaries" in capsys.readouterr().err
    none = _write(tmp_path / "none.jsonl", _row("a", [], []))
    assert main([str(none), *command, str(none)]) == 2
    assert "no row has question-answer pairs" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()
