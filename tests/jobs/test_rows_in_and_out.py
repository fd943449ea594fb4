"""F8, F17, F35, F38: bad rows, ids, none or one row, pipes, locales."""

import csv
import gzip
import io
import json
import os

import pytest


def _ids(content: bytes) -> list:
    return [json.loads(line)["id"] for line in content.splitlines()]


def test_a_bad_row_stands_in_its_place_and_the_status_is_2(stand_in):
    path = stand_in.write_rows("in.jsonl", 10)
    lines = path.read_text("utf-8").splitlines()
    lines[2] = '{"id": "r2", "document": null, "summary": "s"}'
    lines[6] = "{broken"
    path.write_text("\n".join(lines), "utf-8")
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 2
    assert "in.jsonl, line 3: 'document' is null; a text is expected" in messages
    assert "2 of 10 rows failed (bad_type 1, json 1)" in messages
    rows = [json.loads(line) for line in stand_in.read("out.jsonl").splitlines()]
    assert [row["id"] for row in rows] == ["r0", "r1", "r2", "r3", "r4", "r5", 7, "r7", "r8", "r9"]
    assert rows[2] == {
        "id": "r2",
        "status": "error",
        "code": "bad_type",
        "message": "line 3: 'document' is null; a text is expected",
    }
    assert [row.get("code") for row in rows if row.get("status")] == ["bad_type", "json"]
    assert stand_in.run("in.jsonl", "out.jsonl")[0] == 2, "also when there is nothing to do"


def test_rows_that_the_worker_fails_count_like_unusable_ones(stand_in):
    path = stand_in.write_rows("in.jsonl", 20)
    path.write_text(path.read_text("utf-8").replace("dóc 7", "fail").replace("dóc 3", "fail"))
    assert stand_in.run("in.jsonl", "out.jsonl")[0] == 2
    status, _, messages = stand_in.run("in.jsonl", "few.jsonl", "--max-errors", "1")
    assert status == 2
    assert "2 rows failed and --max-errors is 1" in messages
    assert not (stand_in.folder / "few.jsonl").exists()
    # The limit is no setting of the output: with a higher one the job continues.
    status, _, messages = stand_in.run("in.jsonl", "few.jsonl", "--max-errors", "2")
    assert status == 2
    assert "continuing: 8 of 20" in messages
    assert stand_in.read("few.jsonl") == stand_in.read("out.jsonl")


def test_too_many_unusable_rows_are_found_before_the_work_begins(stand_in):
    path = stand_in.write_rows("in.jsonl", 6)
    path.write_text(path.read_text("utf-8").replace('"document"', '"article"'))
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl", "--max-errors", "5")
    assert status == 2
    assert "line 1: 'document' is missing; the row has 'id', 'article', 'summary'" in messages
    assert "… and 1 more" in messages
    assert stand_in.leftovers() == ["in.jsonl"]


def test_doubled_ids_are_listed_with_their_lines(stand_in):
    path = stand_in.write_rows("in.jsonl", 9)
    path.write_text(path.read_text("utf-8").replace('"r7"', '"r2"').replace('"r8"', "1"))
    path.open("a").write('{"document": "d", "summary": "s", "id": "1"}\n')
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 2
    assert "2 ids occur more than once" in messages
    assert "'r2' in lines 3, 8" in messages
    assert "'1' in lines 9, 10" in messages
    assert "--id line" in messages
    assert stand_in.leftovers() == ["in.jsonl"]


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_no_rows_give_an_empty_output(stand_in, format):
    (stand_in.folder / "in.jsonl").write_bytes(b"\n")
    status, _, messages = stand_in.run("in.jsonl", f"out.{format}", "--output-format", format)
    assert status == 0
    assert "in.jsonl has no rows" in messages
    content = stand_in.read(f"out.{format}")
    assert {"jsonl": b"", "csv": b"id,quals\n"}.get(format, content) == content
    assert stand_in.run("in.jsonl", f"out.{format}", "--output-format", format)[0] == 0


def test_one_row(stand_in):
    stand_in.write_rows("in.jsonl", 1)
    assert stand_in.run("in.jsonl", "out.jsonl")[0] == 0
    assert _ids(stand_in.read("out.jsonl")) == ["r0"]


def test_standard_input_and_output(stand_in):
    content = stand_in.write_rows("in.jsonl", 9).read_bytes()
    stand_in.run("in.jsonl", "out.jsonl")
    status, out, messages = stand_in.run("-", "-", stdin=content)
    assert status == 0
    assert out == stand_in.read("out.jsonl")
    assert "9 scored" in messages
    status, out, _ = stand_in.run("-", "-", "--output-format", "csv", stdin=gzip.compress(content))
    assert status == 0
    assert [row["id"] for row in csv.DictReader(io.StringIO(out.decode()))] == [
        f"r{i}" for i in range(9)
    ]
    assert "out.jsonl" in stand_in.leftovers()
    assert not any("work" in name for name in stand_in.leftovers())


def test_a_pipe_is_read_once(stand_in):
    content = stand_in.write_rows("in.jsonl", 9).read_bytes()
    stand_in.run("in.jsonl", "out.jsonl")
    pipe = stand_in.folder / "pipe"
    os.mkfifo(pipe)
    process = stand_in.start(pipe, "piped.jsonl")
    pipe.write_bytes(content)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 0, messages
    assert stand_in.read("piped.jsonl") == stand_in.read("out.jsonl")


def test_a_job_on_standard_input_continues_when_the_same_rows_come_again(stand_in):
    content = stand_in.write_rows("in.jsonl", 30).read_bytes()
    stand_in.run("in.jsonl", "whole.jsonl")
    fault = {"FAULT": "before_assembly"}
    assert stand_in.run("-", "out.jsonl", stdin=content, environment=fault)[0] == -9
    status, _, messages = stand_in.run("-", "out.jsonl", stdin=content[:-1] + b" \n")
    assert status == 2
    assert "input_sha256" in messages
    status, _, messages = stand_in.run("-", "out.jsonl", stdin=content)
    assert status == 0
    assert "continuing: 30 of 30" in messages
    assert stand_in.read("out.jsonl") == stand_in.read("whole.jsonl")


def test_compressed_output_holds_the_same_rows(stand_in):
    stand_in.write_rows("in.jsonl", 9)
    stand_in.run("in.jsonl", "out.jsonl")
    stand_in.run("in.jsonl", "out.jsonl.gz")
    assert gzip.decompress(stand_in.read("out.jsonl.gz")) == stand_in.read("out.jsonl")


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "TZ": "Asia/Kolkata"}, {"PYTHONUTF8": "0"}],
    ids=str,
)
@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_locale_and_time_zone_do_not_change_the_bytes(stand_in, environment, format):
    path = stand_in.write_rows("in.jsonl", 5)
    path.open("a", encoding="utf-8").write('{"id": "é\\ud800", "document": null, "summary": ""}\n')
    stand_in.run("in.jsonl", "utf8", "--output-format", format, environment={"PYTHONUTF8": "1"})
    status, _, messages = stand_in.run(
        "in.jsonl", "other", "--output-format", format, environment=environment
    )
    assert status == 2, messages
    assert stand_in.read("other") == stand_in.read("utf8")


def test_a_row_cannot_steer_the_terminal_that_shows_its_error(stand_in):
    row = {"id": 1, "docum\x1b[2Jent": "d", "summary": "s"}
    (stand_in.folder / "in.jsonl").write_text(json.dumps(row))
    status, _, messages = stand_in.run("in.jsonl", "out.jsonl")
    assert status == 2
    assert r"docum\x1b[2Jent" in messages
    assert "\x1b" not in messages


def test_quiet_is_quiet(stand_in):
    stand_in.write_rows("in.jsonl", 5)
    assert stand_in.run("in.jsonl", "out.jsonl", "--quiet") == (0, b"", "")


def test_an_output_in_a_missing_folder_is_refused(stand_in):
    stand_in.write_rows("in.jsonl", 5)
    status, _, messages = stand_in.run("in.jsonl", "no/out.jsonl")
    assert status == 2
    assert "folder no does not exist" in messages
