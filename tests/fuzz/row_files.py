"""Any file of rows gives rows and row errors, and both can be written; nothing else happens."""

import gzip
import io
import json
import lzma
import tempfile
from functools import partial
from pathlib import Path
from unittest import mock

import pyarrow
import pyarrow.parquet
from hypothesis import strategies as st

from quals_jax.data import readers
from quals_jax.data.readers import FORMATS, read_records
from quals_jax.data.records import LONE_SURROGATE, Record, RowError, RowKeys, RowReader
from quals_jax.data.writers import encode_row
from tests.fuzz.damage import damaged
from tests.fuzz.deeds import only_reading
from tests.fuzz.messages import check_message

_ROW_BYTES = 4_096  # so that rows of more occur
_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
_ROWS = [
    {"id": "a", "document": "dóc \U0001f600", "summary": "s\n1"},
    {"id": 2, "document": "d", "summaries": ["s", "\ud800", "</s>"]},
    {"id": None, "document": None, "summary": 3.5, "reference": ["x"]},
    {"document": "\x00\ufeff", "summary": "{}", "reference": "r"},
]
_JSONL = "".join(json.dumps(row, ensure_ascii=i % 2 == 1) + "\n" for i, row in enumerate(_ROWS))
_CSV = 'id,document,summary\n1,"d, ""x""\n2",s\nä,é,"[""a""]"\n,,\n'
_TOKENS = [
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x00",
        b"\r\n",
        b"\n",
        b'"',
        b"\\ud800",
        b"\\u0000",
        b"\xed\xa0\x80",
    ),
    *(b"{", b"}", b"[", b"]", b",", b"\t", b"null", b"NaN", b"-Infinity", b"1e999", b"9" * 5000),
    *(b"[" * 2000, b'{"a":' * 2000, b'"id"', b'"document": ', b'"summaries": ["", 1]', b"\x1b[2J"),
]


def _parquet() -> bytes:
    stream = io.BytesIO()
    rows = [{"id": "a", "document": "d", "summaries": ["s", "t"]}, {"id": "b", "document": None}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), stream)
    return stream.getvalue()


_TEXT = [
    _JSONL.encode("utf-8", "surrogatepass"),
    _CSV.encode(),
    _CSV.replace(",", "\t").encode(),
    _JSONL.encode("utf-16", "surrogatepass"),
]
_pack = partial(gzip.compress, mtime=0)
_PACKED = [_pack(_TEXT[0]), lzma.compress(_TEXT[0]), _pack(_TEXT[1])]
_TEXTS = st.one_of(damaged(_TEXT, _TOKENS), st.lists(st.sampled_from(_TOKENS)).map(b"".join))
INPUTS = st.one_of(
    st.tuples(st.sampled_from(("jsonl", "csv", "tsv")), _TEXTS, st.booleans()),
    st.tuples(st.sampled_from(("jsonl", "csv")), _TEXTS.map(_pack), st.booleans()),
    st.tuples(st.sampled_from(("jsonl", "csv")), damaged(_PACKED), st.booleans()),
    st.tuples(st.just("parquet"), damaged([_parquet()]), st.booleans()),
)
_KEYS = (RowKeys(), RowKeys(id=None, optional_reference="reference"), RowKeys(reference="summary"))


def check(file: tuple[str, bytes, bool]) -> None:
    """Reads the rows of a file of a format, invalid text replaced or not, and writes them."""
    format, content, replace = file
    assert format in FORMATS
    path = Path(_FOLDER.name) / f"rows.{format}"
    path.write_bytes(content)
    items = []
    try:
        with mock.patch.object(readers, "MAX_ROW_BYTES", _ROW_BYTES), only_reading(path):
            items += read_records(path, format, replace_invalid=replace)
    except ValueError as error:
        check_message(error, path)
    lines = [item.line for item in items]
    assert lines == sorted(set(lines))
    for item in items:
        for keys in _KEYS:
            _check_row(RowReader(keys, replace)(item) if isinstance(item, Record) else item)


def _check_row(row: object) -> None:
    if isinstance(row, RowError):
        assert row.message.isprintable()
        written = {"id": row.id, **row.as_row()}
    else:
        texts = [row.document, *row.summaries, row.reference or ""]
        assert all(isinstance(text, str) and not LONE_SURROGATE.search(text) for text in texts)
        written = {"id": row.id, "document": row.document, "summaries": list(row.summaries)}
    line = encode_row(written)
    assert line.count(b"\n") == 1
    assert json.loads(line) == written
