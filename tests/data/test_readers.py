"""F8, F10: files of rows, whole and damaged, in every format."""

import codecs
import gzip
import json
import lzma
import tracemalloc

import pyarrow
import pyarrow.parquet
import pytest

from quals_jax.data.readers import format_of, read_records
from quals_jax.data.records import Record, RowError, RowKeys, RowReader

_ROWS = [
    {"id": str(i), "document": f"dócument {i}\n\U0001f600", "summary": f's"{i}",'} for i in range(5)
]


def _jsonl(rows=_ROWS) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _read(path, **options):
    return list(read_records(path, **options))


def _write(tmp_path, name, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def _error(item) -> tuple[int, str]:
    assert isinstance(item, RowError)
    return item.line, item.code


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["", "gz", "xz"])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json.gz", "rows.ndjson.xz"])
def test_json_lines_plain_and_compressed_whatever_the_suffix(tmp_path, name, pack):
    records = _read(_write(tmp_path, name, pack(_jsonl())))
    assert records == [Record(i + 1, row) for i, row in enumerate(_ROWS)]


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_csv_with_line_breaks_and_quotes_in_fields(tmp_path, delimiter):
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, list(_ROWS[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(_ROWS)
    name = "rows.csv" if delimiter == "," else "rows.tsv"
    path = _write(tmp_path, name, codecs.BOM_UTF8 + text.getvalue().encode())
    records = _read(path)
    assert [dict(record.values) for record in records] == _ROWS
    assert [record.line for record in records] == [2, 4, 6, 8, 10]


def test_parquet_in_batches(tmp_path):
    rows = [{"id": i, "document": "d" * i, "summaries": ["a", "b"]} for i in range(150)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    records = _read(tmp_path / "rows.parquet")
    assert records == [Record(i + 1, row) for i, row in enumerate(rows)]


def test_the_format_can_be_given(tmp_path):
    assert len(_read(_write(tmp_path, "rows.txt", _jsonl()), format="jsonl")) == 5
    with pytest.raises(ValueError, match=r"names no format.*--format"):
        format_of("rows.txt")


@pytest.mark.parametrize("newline", [b"\r\n", b"\n\n", b" \n \t\n"])
def test_byte_order_mark_line_ends_and_blank_lines_are_accepted(tmp_path, newline):
    content = codecs.BOM_UTF8 + _jsonl().replace(b"\n", newline)
    records = _read(_write(tmp_path, "rows.jsonl", content))
    assert [dict(record.values) for record in records] == _ROWS


def test_the_last_line_needs_no_line_end(tmp_path):
    assert len(_read(_write(tmp_path, "rows.jsonl", _jsonl().rstrip()))) == 5


def test_an_empty_file_has_no_rows(tmp_path):
    for name in ("rows.jsonl", "rows.csv", "rows.jsonl.gz"):
        assert _read(_write(tmp_path, name, b"")) == []
    assert _read(_write(tmp_path, "packed.jsonl", gzip.compress(b""))) == []


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (b'{"id": 1', "json", "column 9: Expecting ',' delimiter"),
        (b'{"id": 1} {"id": 2}', "json", "column 11: Extra data"),
        (b"  nonsense", "json", "column 3: Expecting value"),
        (b"[1, 2]", "json", "an object"),
        (b'"text"', "json", "an object"),
        (b'{"id": "a\x00b"}', "json", "column 10: Invalid control character"),
        (b'{"id": "caf\xe9"}', "encoding", "byte 12 is not valid UTF-8 (0xe9)"),
        (b'{"id": ' + b"9" * 5000 + b"}", "json", "digits"),
        (b"[" * 100_000, "json", "recursion"),
    ],
)
def test_a_damaged_line_is_a_row_error_and_reading_goes_on(tmp_path, line, code, message):
    good = b'{"id": 1}'
    first, error, last = _read(_write(tmp_path, "r.jsonl", good + b"\n" + line + b"\n" + good))
    assert first == Record(1, {"id": 1})
    assert last == Record(3, {"id": 1})
    assert _error(error) == (2, code)
    assert message in error.message


def test_invalid_bytes_can_be_replaced(tmp_path):
    content = b'{"document": "caf\xe9!"}\n'
    (record,) = _read(_write(tmp_path, "r.jsonl", content), replace_invalid=True)
    assert record.values == {"document": "caf\ufffd!"}
    (record,) = _read(_write(tmp_path, "r.csv", b"document\ncaf\xe9!\n"), replace_invalid=True)
    assert record.values == {"document": "caf\ufffd!"}


def test_invalid_bytes_in_csv_stay_in_their_field(tmp_path):
    content = b"document,summary\ngood,good\nb\xe9d,good\ngood,good\n"
    rows = [RowReader()(record) for record in _read(_write(tmp_path, "r.csv", content))]
    assert [type(row).__name__ for row in rows] == ["SummaryRow", "RowError", "SummaryRow"]
    assert _error(rows[1]) == (3, "encoding")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_utf16_is_named_with_the_command_that_converts_it(tmp_path, encoding, name):
    path = _write(tmp_path, name, _jsonl().decode().encode(encoding))
    with pytest.raises(ValueError, match=r"UTF-16.*iconv"):
        _read(path)


@pytest.mark.parametrize("start", [b"[\n", b'[{"id": 1},\n'])
def test_a_json_list_is_named_with_the_command_that_splits_it(tmp_path, start):
    with pytest.raises(ValueError, match="jq"):
        _read(_write(tmp_path, "rows.json", start + b'{"id": 2}]\n'))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_truncated_archive_keeps_the_rows_before_the_cut(tmp_path, pack, suffix):
    import random

    noise = random.Random(3)
    texts = ["".join(noise.choices("abcdefghij", k=400)) for _ in range(300)]
    if suffix == "jsonl":
        content = b"".join(b'{"t": "%s"}\n' % text.encode() for text in texts)
    else:
        content = b"t\n" + b"".join(text.encode() + b"\n" for text in texts)
    packed = pack(content)
    counts = []
    for cut in (len(packed) // 3, len(packed) * 2 // 3, len(packed) - 9):
        *good, error = _read(_write(tmp_path, f"r.{suffix}.gz", packed[:cut]))
        assert [record.values["t"] for record in good] == texts[: len(good)]
        assert _error(error) == (len(good) + 1 + (suffix == "csv"), "truncated_input")
        counts.append(len(good))
    assert counts == sorted(counts)
    assert 20 < counts[0] < counts[1] <= counts[2]


def test_an_archive_with_flipped_bits_ends_with_a_row_error(tmp_path):
    packed = bytearray(gzip.compress(_jsonl()))
    packed[len(packed) // 2] ^= 0xFF
    *_, error = _read(_write(tmp_path, "r.jsonl.gz", bytes(packed)))
    assert _error(error)[1] == "truncated_input"


def test_csv_rows_of_the_wrong_width_and_open_quotes_are_row_errors(tmp_path):
    content = b'a,b\n1,2\n1\n1,2,3\n\n"x"y,2\n3,4\n5,"open\n6,7\n'
    items = _read(_write(tmp_path, "r.csv", content))
    assert items[0] == Record(2, {"a": "1", "b": "2"})
    assert [_error(item) for item in items[1:4]] == [(3, "csv"), (4, "csv"), (6, "csv")]
    assert "1 fields, and the header has 2" in items[1].message
    assert items[4] == Record(7, {"a": "3", "b": "4"})
    assert _error(items[5]) == (8, "csv")


def test_a_csv_header_must_be_readable_and_unambiguous(tmp_path):
    with pytest.raises(ValueError, match="'a' more than once"):
        _read(_write(tmp_path, "r.csv", b"a,b,a\n1,2,3\n"))
    with pytest.raises(ValueError, match="header cannot be read"):
        _read(_write(tmp_path, "r.csv", b'"a"b\n1\n'))


def test_a_field_of_a_megabyte_is_read(tmp_path):
    big = b"x" * 1_000_000
    (record,) = _read(_write(tmp_path, "r.csv", b"document\n" + big + b"\n"))
    assert len(record.values["document"]) == 1_000_000


@pytest.mark.parametrize("content", [b"", b"PAR1 not really", b"<html>"])
def test_what_is_no_parquet_file_is_named(tmp_path, content):
    with pytest.raises(ValueError, match=r"r.parquet cannot be read as Parquet"):
        _read(_write(tmp_path, "r.parquet", content))


def test_a_missing_file_is_named_with_its_likely_name(tmp_path):
    _write(tmp_path, "rows.jsonl", b"")
    with pytest.raises(FileNotFoundError, match=r"did you mean rows\.jsonl\?"):
        _read(tmp_path / "row.jsonl")
    with pytest.raises(FileNotFoundError, match=r"folder .* does not exist"):
        _read(tmp_path / "no" / "rows.jsonl")
    with pytest.raises(ValueError, match="is a folder"):
        _read(tmp_path)


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_memory_does_not_grow_with_the_file(tmp_path, suffix):
    line = b'{"t": "%s"}\n' if suffix == "jsonl" else b"%s\n"
    path = _write(
        tmp_path, f"r.{suffix}", b"t\n" * (suffix == "csv") + (line % (b"x" * 1000)) * 4000
    )
    tracemalloc.start()
    assert sum(1 for _ in read_records(path)) == 4000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["", "gz"])
def test_a_line_without_end_is_a_row_error_in_bounded_memory(tmp_path, monkeypatch, suffix, pack):
    monkeypatch.setattr("quals_jax.data.readers.MAX_ROW_BYTES", 1 << 16)
    good = b'{"t": 1}\n' if suffix == "jsonl" else b"t\n"
    path = _write(tmp_path, f"r.{suffix}", pack(good + b"x" * (8 << 20) + b"\n" + good))
    tracemalloc.start()
    items = _read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    *_, error, last = items
    assert _error(error) == (2, "too_long")
    assert last.line == 3
    assert len(items) == 3 - (suffix == "csv")


def test_an_open_quote_takes_in_no_more_than_a_row_may_hold(tmp_path, monkeypatch):
    monkeypatch.setattr("quals_jax.data.readers.MAX_ROW_BYTES", 1 << 12)
    path = _write(tmp_path, "r.csv", b'a,b\n"1,2\n' + b"3,4\n" * 2000)
    first, *rest = _read(path)
    assert _error(first) == (2, "too_long")
    assert {tuple(record.values.items()) for record in rest} == {(("a", "3"), ("b", "4"))}
    assert rest[-1].line == 2002


def test_a_parquet_column_whose_name_is_no_text_is_named(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"document": ["d"]}), tmp_path / "r.parquet")
    content = (tmp_path / "r.parquet").read_bytes().replace(b"document", b"docum\xe4nt")
    with pytest.raises(ValueError, match=r"r\.parquet cannot be read as Parquet: 'utf-8' codec"):
        _read(_write(tmp_path, "r.parquet", content))


def test_no_message_holds_a_character_that_steers_a_terminal(tmp_path):
    with pytest.raises(ValueError, match="header cannot be read") as header:
        _read(_write(tmp_path, "r.tsv", b'"id"x\n'))
    _, error = _read(_write(tmp_path, "r.tsv", b'id\n1\n"2"x\n'))
    record = Record(1, {"docum\x1b[2Jent": "d", "summary": "s"})
    missing = RowReader(RowKeys(document="document"))(record)
    assert "--document-key docum\\x1b[2Jent?" in missing.message
    assert (header.value.args[0] + error.message + missing.message).isprintable()
