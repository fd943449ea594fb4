"""Streams records from JSON lines, CSV and Parquet files, plain or compressed with gzip or xz.

    for record in read_records("rows.jsonl.gz"):
        ...                      # Record(line, values), or RowError where a line cannot be read

Memory does not grow with the file. A damaged line, or one of more than `MAX_ROW_BYTES`, is a
RowError and reading goes on behind it.
"""

import csv
import difflib
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from quals_jax.data.records import Record, RowError
from quals_jax.text.printable import printable

FORMATS = ("jsonl", "csv", "tsv", "parquet")
COMPRESSIONS = (".gz", ".xz")
_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_TRUNCATED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
_PARQUET_ROWS = 64  # rows decoded at a time
MAX_ROW_BYTES = 64 << 20  # a few kilobytes of gzip can unpack to one line of gigabytes


def format_of(path: str | Path) -> str:
    """The format a path's suffix names, .gz and .xz aside."""
    name = Path(path).name.lower()
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    found = _SUFFIXES.get(Path(name).suffix)
    if found is None:
        raise ValueError(
            f"{path}: the suffix names no format; known are "
            f"{', '.join(_SUFFIXES)} (also .gz, .xz), or pass --format jsonl|csv|tsv|parquet"
        )
    return found


def check_input(path: str | Path) -> Path:
    """The path of an existing, readable file, or an error that names files with a similar name."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder; a file of rows is expected")
    if path.exists():
        path.open("rb").close()
        return path
    message = f"{path}: no such file"
    if path.parent.is_dir():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.iterdir()], 3)
        message += f"; did you mean {' or '.join(near)}?" if near else ""
    else:
        message += f" (the folder {path.parent} does not exist)"
    raise FileNotFoundError(message)


def read_records(
    path: str | Path, format: str | None = None, *, replace_invalid: bool = False
) -> Iterator[Record | RowError]:
    """Records of a file in order. The format follows the suffix unless given; gzip and xz are seen
    by their first bytes. `replace_invalid` turns invalid UTF-8 into U+FFFD instead of a RowError.

    Raises ValueError for what is wrong with the whole file: UTF-16, no CSV header, no Parquet file.
    """
    path = check_input(path)
    format = format or format_of(path)
    if format == "parquet":
        yield from _read_parquet(path)
        return
    with _open(path) as stream:
        _refuse_other_encodings(path, stream)
        if format == "jsonl":
            yield from _read_jsonl(path, stream, replace_invalid)
        else:
            yield from _read_csv(path, stream, "\t" if format == "tsv" else ",", replace_invalid)


@contextmanager
def _open(path: Path) -> Iterator[io.BufferedReader]:
    with path.open("rb") as file:
        start = file.peek(6)
        if start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield io.BufferedReader(cast(io.RawIOBase, unpacked))
        elif start.startswith(b"\xfd7zXZ"):
            with lzma.LZMAFile(cast(BinaryIO, file)) as unpacked:
                yield io.BufferedReader(cast(io.RawIOBase, unpacked))
        else:
            yield file


def _refuse_other_encodings(path: Path, stream: io.BufferedReader) -> None:
    try:
        start = stream.peek(1024)[:1024]
    except _TRUNCATED:
        return  # reported with its line by the reader
    half = len(start) // 2
    wide = half > 1 and max(start[0::2].count(0), start[1::2].count(0)) > 0.4 * half
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or wide:
        raise ValueError(
            f"{path} is UTF-16 or UTF-32, and UTF-8 is expected; convert it: "
            f"iconv -f UTF-16 -t UTF-8 {path} > utf8-{path.name}"
        )


def _damaged(line: int, error: Exception) -> RowError:
    return RowError(
        line,
        line,
        "truncated_input",
        "the compressed file is damaged or ends too early "
        f"here ({error}); the rows before are good, this and later ones are lost",
    )


def _too_long() -> str:
    return f"the row has more than {MAX_ROW_BYTES >> 20} MiB and is not read"


# JSON lines


def _read_jsonl(
    path: Path, stream: io.BufferedReader, replace_invalid: bool
) -> Iterator[Record | RowError]:
    line = 0
    while True:
        line += 1
        try:
            raw = stream.readline(MAX_ROW_BYTES + 1)
            if too_long := len(raw) > MAX_ROW_BYTES:
                while raw and not raw.endswith(b"\n"):
                    raw = stream.readline(MAX_ROW_BYTES)
        except _TRUNCATED as error:
            yield _damaged(line, error)
            return
        if too_long:
            yield RowError(line, line, "too_long", _too_long())
            continue
        if not raw:
            return
        raw = raw.rstrip(b" \t\r\n")
        if line == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw == b"[" or raw.startswith(b"[{"):
                raise ValueError(
                    f"{path} holds one JSON list; one object per line is expected: "
                    f"jq -c '.[]' {path} > rows.jsonl"
                )
        if raw:
            yield _json_record(line, raw, replace_invalid)


def _json_record(line: int, raw: bytes, replace_invalid: bool) -> Record | RowError:
    try:
        values = json.loads(raw.decode("utf-8", "replace" if replace_invalid else "strict"))
    except UnicodeDecodeError as error:
        return RowError(
            line,
            line,
            "encoding",
            f"byte {error.start + 1} is not valid UTF-8 "
            f"({raw[error.start]:#04x}); --encoding-errors replace reads it as U+FFFD",
        )
    except json.JSONDecodeError as error:
        return RowError(
            line, line, "json", f"column {error.colno}: {error.msg.removesuffix(' at')}"
        )
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, deep nesting
        return RowError(line, line, "json", f"{error}"[:200])
    if not isinstance(values, dict):
        return RowError(line, line, "json", "an object {…} is expected on every line")
    return Record(line, values)


# CSV


def _read_csv(
    path: Path, stream: io.BufferedReader, delimiter: str, replace_invalid: bool
) -> Iterator[Record | RowError]:
    csv.field_size_limit(MAX_ROW_BYTES)
    # surrogateescape carries invalid bytes to the field they are in, where they become a RowError.
    text = io.TextIOWrapper(
        stream, "utf-8-sig", "replace" if replace_invalid else "surrogateescape", newline=""
    )
    lines = _CsvLines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        line = lines.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TRUNCATED as error:
            yield _damaged(line, error)
            return
        except csv.Error as error:
            if header is None:
                raise ValueError(
                    f"{path}, line {line}: the CSV header cannot be read ({printable(str(error))})"
                ) from None
            yield _csv_error(line, error)
            continue
        if not cells:
            continue
        if header is None:
            header = _header(path, cells)
        elif len(cells) != len(header):
            yield RowError(
                line, line, "csv", f"{len(cells)} fields, and the header has {len(header)}"
            )
        else:
            yield Record(line, dict(zip(header, cells, strict=True)))


class _CsvLines:
    """The lines of a text; `count` of them were read. csv.Error for one that is too long."""

    def __init__(self, text: io.TextIOWrapper):
        self._text = text
        self.count = 0

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW_BYTES + 1)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) > MAX_ROW_BYTES:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(MAX_ROW_BYTES)
            raise csv.Error(_too_long())
        return line


def _csv_error(line: int, error: csv.Error) -> RowError:
    # A large field of many lines: an open quote took in the rows behind it.
    if str(error).startswith(("field larger than", _too_long())):
        return RowError(line, line, "too_long", _too_long())
    message = f"{printable(str(error))}; quotes inside a field are written twice"
    return RowError(line, line, "csv", message)


def _header(path: Path, cells: list[str]) -> list[str]:
    if doubled := sorted({name for name in cells if cells.count(name) > 1}):
        raise ValueError(
            f"{path}: the CSV header names {', '.join(map(repr, doubled))} more than once"
        )
    return cells


# Parquet


def _read_parquet(path: Path) -> Iterator[Record | RowError]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            line = 0
            for batch in file.iter_batches(_PARQUET_ROWS):
                for values in batch.to_pylist():
                    line += 1
                    yield Record(line, values)
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        # Damaged names and dates out of range are errors of Python's, not of Arrow's.
        reason = printable(str(error).split("\n")[0])
        raise ValueError(f"{path} cannot be read as Parquet: {reason}") from None
