"""F10, F38: rows as bytes, the same everywhere."""

import csv
import gzip
import io
import json
import lzma

import pyarrow.parquet
import pytest

from quals_jax.data.readers import read_records
from quals_jax.data.writers import WriteError, atomic_file, encode_row, write_rows

_ROWS = [
    {"reason": None, "quals": -0.25, "id": 1, "pairs": [{"question": "q?", "answer": "é"}]},
    {"quals": None, "id": "b", "reason": "no_questions", "pairs": []},
    {"message": "line 3: …", "status": "error", "code": "json", "id": 3},
]


def _write(tmp_path, name, format, rows=_ROWS, **options):
    write_rows(tmp_path / name, format, lambda: iter(rows), **options)
    return (tmp_path / name).read_bytes()


def test_keys_are_sorted_with_the_id_first():
    line = encode_row({"b": {"z": 1, "a": 2}, "a": [1], "id": 7, "quals": 0.5})
    assert line == b'{"id": 7, "quals": 0.5, "a": [1], "b": {"a": 2, "z": 1}}\n'


def test_text_is_utf8_and_every_string_survives():
    texts = ["é 😀", "\ud800", "x\udfffy", "\x00\x1f\n\r\u2028\u0085", 'a"\\b']
    line = encode_row({"texts": texts})
    assert "é 😀".encode() in line
    assert line.count(b"\n") == 1
    assert json.loads(line.decode("utf-8")) == {"texts": texts}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_row({"quals": number})


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.jsonl.xz"])
def test_json_lines_are_read_back(tmp_path, name):
    content = _write(tmp_path, name, "jsonl")
    assert [record.values for record in read_records(tmp_path / name)] == _ROWS
    unpack = {"gz": gzip.decompress, "xz": lzma.decompress}.get(name[-2:], bytes)
    assert unpack(content) == b"".join(map(encode_row, _ROWS))


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.csv.xz", "out.parquet", "out.csv.gz"])
def test_the_same_rows_give_the_same_bytes_at_any_time(tmp_path, name, monkeypatch):
    format = name.split(".")[1]
    first = _write(tmp_path, name, format)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    (tmp_path / "again").mkdir()
    assert _write(tmp_path / "again", name, format) == first


def test_csv_has_all_columns_and_nested_values_as_json(tmp_path):
    text = _write(tmp_path, "out.csv", "csv").decode("utf-8")
    header, first, second, third = csv.reader(io.StringIO(text))
    assert header == ["id", "quals", "status", "code", "message", "pairs", "reason"]
    assert first == ["1", "-0.25", "", "", "", '[{"answer": "é", "question": "q?"}]', ""]
    assert second == ["b", "", "", "", "", "[]", "no_questions"]
    assert third == ["3", "", "error", "json", "line 3: …", "", ""]
    assert "\r" not in text


def test_parquet_has_typed_columns(tmp_path):
    _write(tmp_path, "out.parquet", "parquet", [*_ROWS[1:], *[_ROWS[1]] * 1500, _ROWS[0]])
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["id", "quals", "status", "code", "message", "pairs", "reason"]
    assert str(table.schema.field("quals").type) == "double"
    rows = table.to_pylist()
    assert len(rows) == 1503
    assert rows[-1]["id"] == "1"
    assert rows[-1]["pairs"] == _ROWS[0]["pairs"]
    assert rows[0]["pairs"] == []
    assert rows[1]["pairs"] is None


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_lone_surrogate_does_not_break_a_table(tmp_path, name):
    format = name.split(".")[1]
    _write(tmp_path, name, format, [{"id": 1, "t": "a\ud800", "l": ["\udfff"]}])
    (record,) = read_records(tmp_path / name)
    assert record.values["t"] == "a\ufffd"


def test_tables_without_rows_have_their_columns(tmp_path):
    columns = ("id", "quals")
    assert _write(tmp_path, "out.jsonl", "jsonl", [], columns=columns) == b""
    assert _write(tmp_path, "out.csv", "csv", [], columns=columns) == b"id,quals\n"
    _write(tmp_path, "out.parquet", "parquet", [], columns=columns)
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert (table.num_rows, table.column_names) == (0, ["id", "quals"])


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def fail_midway():
        with atomic_file(path) as file:
            file.write(b"new")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail_midway()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_system_refuses_is_named_with_path_and_size(tmp_path):
    part = tmp_path / "full"
    part.symlink_to("/dev/full")
    message = r"cannot write .*out .*No space left on device"
    with pytest.raises(WriteError, match=message), atomic_file(tmp_path / "out", part) as file:
        file.write(b"x" * 100_000)


def test_objects_without_fields_are_null_in_parquet(tmp_path):
    path = tmp_path / "out.parquet"
    write_rows(path, "parquet", lambda: [{"id": "a", "reasons": {}}])
    (record,) = read_records(path)
    assert record.values == {"id": "a", "reasons": None}
