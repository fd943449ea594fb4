"""Writes rows: JSON lines, CSV or Parquet, the same bytes on every machine and in every locale.

    write_rows("out.csv.gz", "csv", lambda: iter(rows), columns=("id", "quals"))

Files appear under their name only when they are complete.
"""

import csv
import gzip
import io
import json
import lzma
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from quals_jax.data.records import LONE_SURROGATE, REPLACEMENT

Row = Mapping[str, object]
# These come first in a row, in this order; all other keys follow sorted.
_LEADING = ("id", "document", "summary", "summaries", "quals", "status", "code", "message")
_RANK = {key: rank for rank, key in enumerate(_LEADING)}
_PARQUET_ROWS = 1024  # rows per row group


class WriteError(OSError):
    """A file could not be written: disk full, quota, no permission."""


def encode_row(row: Row) -> bytes:
    """One line of JSON with sorted keys (id first), a line feed at the end.

    UTF-8; a lone surrogate, which UTF-8 cannot hold, is written as its JSON escape.
    NaN and infinity raise ValueError: a missing number is null.
    """
    text = json.dumps(_ordered(row), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _ordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted_keys(value)}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    return value


def sorted_keys(keys: Iterable[str]) -> list[str]:
    """The order of keys and columns in every file written."""
    return sorted(keys, key=lambda key: (_RANK.get(key, len(_RANK)), key))


@contextmanager
def atomic_file(path: Path, part: Path | None = None) -> Iterator[BinaryIO]:
    """A binary file that appears as `path` when the block ends well, and not at all otherwise.

    `part` is where it grows, in the same file system (default: beside it, ".part" added). Raises
    WriteError with path, size and reason.
    """
    part = part or path.with_name(path.name + ".part")
    written = 0
    try:
        with part.open("wb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
            finally:
                written = _position(file)
        os.replace(part, path)
        sync_folder(path.parent)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, WriteError | FileNotFoundError):
            raise WriteError(
                f"cannot write {path} ({written} bytes came through): {error.strerror or error}"
            ) from error
        raise


def _position(file: BinaryIO) -> int:
    try:
        return os.lseek(file.fileno(), 0, os.SEEK_CUR)
    except (OSError, ValueError):
        return 0


def sync_folder(folder: Path) -> None:
    """Makes a rename in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def compressed(file: BinaryIO, path: str | Path) -> Iterator[BinaryIO]:
    """The file itself, or a gzip or xz stream into it as the path's suffix says."""
    if str(path).endswith(".gz"):
        # No name and no time in the header: the same rows give the same bytes.
        with gzip.GzipFile(
            filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6
        ) as packed:
            yield cast(BinaryIO, packed)
    elif str(path).endswith(".xz"):
        with lzma.LZMAFile(file, "wb", preset=6) as packed:
            yield cast(BinaryIO, packed)
    else:
        yield file


def write_rows(
    path: str | Path,
    format: str,
    rows: Callable[[], Iterable[Row]],
    columns: tuple[str, ...] = (),
    part: Path | None = None,
) -> None:
    """Writes a whole file; `rows` is called once per pass (tables need two: columns, then cells).

    `columns` are the columns of a table without rows. Nested values are JSON text in CSV cells and
    nested columns in Parquet.
    """
    path = Path(path)
    with atomic_file(path, part) as file:
        if format == "parquet":
            _write_parquet(file, rows, columns)
            return
        with compressed(file, path) as stream:
            if format == "jsonl":
                stream.writelines(encode_row(row) for row in rows())
            else:
                _write_csv(stream, rows, columns, "\t" if format == "tsv" else ",")


def _write_csv(
    stream: BinaryIO, rows: Callable[[], Iterable[Row]], columns: tuple[str, ...], delimiter: str
) -> None:
    names = sorted_keys({key for row in rows() for key in row} or columns)
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    for row in rows():
        writer.writerow([_cell(row.get(name)) for name in names])
    text.flush()
    text.detach()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return LONE_SURROGATE.sub(REPLACEMENT, value)
    return encode_row({"": value})[5:-2].decode("utf-8")  # {"": VALUE}


def _write_parquet(
    file: BinaryIO, rows: Callable[[], Iterable[Row]], columns: tuple[str, ...]
) -> None:
    import pyarrow
    import pyarrow.parquet

    schema = _parquet_schema(rows, columns)
    with pyarrow.parquet.ParquetWriter(file, schema) as writer:
        for batch in _batches(rows()):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))


def _parquet_schema(rows: Callable[[], Iterable[Row]], columns: tuple[str, ...]):
    """Column types that hold every row. Ids are text, since a file may mix numbers and text."""
    import pyarrow

    schema = pyarrow.schema([])
    for batch in _batches(rows()):
        schema = pyarrow.unify_schemas(
            [schema, pyarrow.Table.from_pylist(batch).schema], promote_options="permissive"
        )
    if not schema.names:
        schema = pyarrow.schema([(name, pyarrow.null()) for name in columns])
    # A Table takes its columns from its first row, hence the names from all rows in _batches.
    return pyarrow.schema([schema.field(name) for name in sorted_keys(schema.names)])


def _batches(rows: Iterable[Row]) -> Iterator[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    for row in rows:
        batch.append(
            cast(dict[str, object], _parquet_value(dict(row) | {"id": str(row.get("id"))}))
        )
        if len(batch) == _PARQUET_ROWS:
            yield _same_keys(batch)
            batch = []
    if batch:
        yield _same_keys(batch)


def _same_keys(batch: list[dict[str, object]]) -> list[dict[str, object]]:
    names = sorted_keys({key for row in batch for key in row})
    return [{name: row.get(name) for name in names} for row in batch]


def _parquet_value(value: object) -> object:
    if isinstance(value, str):
        return LONE_SURROGATE.sub(REPLACEMENT, value)
    if isinstance(value, Mapping):  # Parquet has no objects without fields
        return {key: _parquet_value(item) for key, item in value.items()} or None
    if isinstance(value, list | tuple):
        return [_parquet_value(item) for item in value]
    return value
