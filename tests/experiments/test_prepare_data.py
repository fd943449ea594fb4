"""The command; nothing of it imports TensorFlow, and TFDS is imported late."""

import gzip
import json
import subprocess
import sys

import pytest

from experiments.prepare_data import main
from tests.data.raw_files import qags_line, write_cnn_dailymail, write_xsum

_WITHOUT_TENSORFLOW = """
import sys
from experiments.prepare_data import main
early = {"tensorflow_datasets", "array_record"} & set(sys.modules)
assert not early, early
raw, data_dir, output = sys.argv[1:]
assert main(["xsum", "--from", raw, "--data-dir", data_dir]) == 0
assert main(["rows", f"tfds:xsum/level1:test:{data_dir}", "-o", output]) == 0
assert "tensorflow_datasets" in sys.modules
assert "tensorflow" not in sys.modules
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write_xsum(folder / "xsum")
    write_cnn_dailymail(folder / "cnn_dailymail")
    return folder


def test_a_data_set_is_prepared_and_exported_without_tensorflow(raw, tmp_path):
    output = tmp_path / "test.jsonl.gz"
    command = [sys.executable, "-c", _WITHOUT_TENSORFLOW, raw / "xsum", tmp_path, output]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert f"tfds:xsum/level1:train:{tmp_path}  3 of 3" in done.stdout
    assert "  1 dropped: no source" in done.stdout
    [row] = map(json.loads, gzip.decompress(output.read_bytes()).splitlines())
    assert row == {"id": "6", "document": "Zoë won.", "summary": "Zoë won."}


def test_level_two_names_its_analyser(raw, tmp_path, capsys):
    arguments = ["--corruption-level", "2", "--entities", "rules"]
    place = ["--from", str(raw / "cnn_dailymail"), "--data-dir", str(tmp_path)]
    assert main(["cnn_dailymail", *place, *arguments]) == 0
    said = capsys.readouterr().out
    assert "entities by rules" in said
    assert f"tfds:cnn_dailymail/level2_rules:train:{tmp_path}  2 of 3" in said
    assert "  1 lost sentences" in said


def test_squad_is_prepared_from_its_files(tmp_path, capsys):
    qas = [{"id": "q", "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}]}]
    content = {"data": [{"paragraphs": [{"context": "Ann left.", "qas": qas}]}]}
    for name in ("train-v1.1.json", "dev-v1.1.json.gz"):
        text = json.dumps(content).encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    place = ["--from", str(tmp_path), "--data-dir", str(tmp_path / "tfds")]
    assert main(["squad", *place]) == 0
    assert f"tfds:squad/v1.1:validation:{tmp_path / 'tfds'}  1 of 1" in capsys.readouterr().out
    (tmp_path / "dev-v1.1.json.gz").unlink()
    assert main(["squad", *place]) == 2
    assert "no dev-v1.1.json or dev-v1.1.json.gz" in capsys.readouterr().err


def test_judgements_of_qags_become_rows(tmp_path, capsys):
    lines = [qags_line("A.", ("B.", "yyn"), ("C.", "nny")), qags_line("D.", ("E.", "yyy"))]
    source = tmp_path / "judged.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    output = tmp_path / "human.jsonl.gz"
    assert main(["qags", "--from", str(source), "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert "2 rows, 3 judged sentences, mean human score 0.7500, Krippendorff's alpha" in said
    assert "of the answers 0.111" in said
    first, _ = map(json.loads, gzip.decompress(output.read_bytes()).splitlines())
    assert first == {"id": "judged-1", "document": "A.", "summary": "B. C.", "human": 0.5}
    source.write_text('{"id": 1}', "utf-8")
    assert main(["qags", "--from", str(source), "-o", str(output)]) == 2
    assert "judged.jsonl, line 1: not the layout of QAGS" in capsys.readouterr().err


def test_claims_are_written_with_their_counts(tmp_path, capsys, monkeypatch):
    output = tmp_path / "claims.jsonl.gz"
    (tmp_path / "reworder.py").write_text("def reword(text):\n    return f'Indeed: {text}'\n")
    monkeypatch.syspath_prepend(tmp_path)
    command = ["claims", "world:5:1", "-o", str(output), "--entities", "rules"]
    assert main([*command, "--paraphrase", "reworder:reword"]) == 0
    rows = [json.loads(line) for line in gzip.decompress(output.read_bytes()).splitlines()]
    said = capsys.readouterr().out
    half = len(rows) // 2
    assert f"{len(rows)} rows ({half} CORRECT, {half} INCORRECT)" in said
    assert rows[0].keys() == {"id", "document", "claim", "label", "transformation"}
    assert any(row["claim"].startswith("Indeed: ") for row in rows)
    for name, message in (
        ("reworder", "expected MODULE:FUNCTION"),
        ("reworder:missing", "no function 'missing'"),
        ("no_such_module:f", "run the command where Python finds"),
    ):
        assert main([*command, "--paraphrase", name]) == 2
        assert message in capsys.readouterr().err


def test_documents_without_a_claim_are_an_error(tmp_path, capsys):
    source = tmp_path / "short.jsonl"
    source.write_text('{"document": "So it was."}\n', "utf-8")
    output = tmp_path / "claims.jsonl"
    assert main(["claims", f"rows:{source}", "-o", str(output)]) == 2
    assert "no claim could be made" in capsys.readouterr().err
    assert not output.exists()


def test_judged_texts_get_back_their_case(tmp_path, capsys):
    source, news = tmp_path / "mturk_news.jsonl", tmp_path / "news.jsonl"
    line = qags_line("He paid bo lee â£5.", ("Bo lee was paid.", "yyn"))
    source.write_text(json.dumps(line) + "\n", "utf-8")
    news.write_text('{"document": "There was Bo Lee."}\n', "utf-8")
    output = tmp_path / "human.jsonl"
    assert main(["qags", "--from", str(source), "-o", str(output), "--cased", f"rows:{news}"]) == 0
    row = json.loads(output.read_text("utf-8"))
    assert (row["document"], row["summary"]) == ("He paid Bo Lee £5.", "Bo Lee was paid.")
    assert row["human"] == 1.0
    assert main(["qags", "--from", str(source), "-o", str(output)]) == 0
    assert json.loads(output.read_text("utf-8"))["summary"] == "Bo lee was paid."


def test_bad_input_is_an_error_and_no_traceback(raw, tmp_path, capsys):
    assert main(["xsum", "--from", str(tmp_path), "--data-dir", str(tmp_path)]) == 2
    assert "error: " in capsys.readouterr().err
    assert main(["rows", f"tfds:xsum:train:{tmp_path}", "-o", str(tmp_path / "x.jsonl")]) == 2
    assert "prepare_data xsum" in capsys.readouterr().err
    assert not (tmp_path / "x.jsonl").exists()
    with pytest.raises(SystemExit, match="2"):
        main(["xsum", "--from", str(raw), "--data-dir", str(tmp_path), "--corruption-level", "3"])
