"""Where a job's rows come from, and what is known about them before anything heavy starts."""

import shutil
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from quals_jax.data.readers import check_input, format_of, read_records
from quals_jax.data.records import Record, RowError, RowKeys, RowReader, SummaryRow
from quals_jax.data.writers import atomic_file

STDIN = "-"
_SHOWN = 5  # examples in a message


@dataclass(frozen=True)
class RowSource:
    """A file of rows, a pipe, or standard input ("-"). `name` is what messages call it."""

    path: str
    name: str
    format: str
    keys: RowKeys = field(default_factory=RowKeys)
    replace_invalid: bool = False

    @classmethod
    def of(
        cls,
        path: str,
        format: str | None = None,
        keys: RowKeys | None = None,
        replace_invalid: bool = False,
    ) -> "RowSource":
        """A checked source; what is no file is JSON lines unless `format` says otherwise."""
        if path == STDIN:
            name = "standard input"
        else:
            name = path if _is_pipe(path) else str(check_input(path))
        format = format or ("jsonl" if path == STDIN or _is_pipe(path) else format_of(path))
        return cls(path, name, format, keys or RowKeys(), replace_invalid)

    @property
    def is_stream(self) -> bool:
        """Whether it can be read once only."""
        return self.path == STDIN or _is_pipe(self.path)

    def spooled(self, folder: Path) -> "RowSource":
        """The same rows in a file: what can be read once only is copied into the folder."""
        if not self.is_stream:
            return self
        if self.path == STDIN and sys.stdin.isatty():
            print("reading rows from the terminal; Ctrl-D ends the input", file=sys.stderr)
        copy = folder / "input"
        path = sys.stdin.fileno() if self.path == STDIN else self.path
        with open(path, "rb", closefd=self.path != STDIN) as stream, atomic_file(copy) as file:
            shutil.copyfileobj(stream, file)
        return replace(self, path=str(copy))

    def rows(self) -> Iterator[SummaryRow | RowError]:
        """The rows in order, as often as asked."""
        read_row = RowReader(self.keys, self.replace_invalid)
        for item in read_records(self.path, self.format, replace_invalid=self.replace_invalid):
            yield read_row(item) if isinstance(item, Record) else item


def _is_pipe(path: str) -> bool:
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


@dataclass(frozen=True)
class Survey:
    """What one pass over the rows found."""

    rows: int
    errors: int
    examples: tuple[RowError, ...]

    def describe_errors(self, name: str) -> str:
        """The first errors, one per line, with file and line."""
        lines = [f"  {name}, line {error.line}: {error.message}" for error in self.examples]
        if self.errors > len(lines):
            lines.append(f"  … and {self.errors - len(lines)} more")
        return "\n".join(lines)


def survey(source: RowSource) -> Survey:
    """Counts rows and unusable rows; ValueError where ids are not unique."""
    rows = errors = 0
    examples: list[RowError] = []
    hashes = array("Q")  # eight bytes a row: all that a job keeps of it
    for row in source.rows():
        rows += 1
        hashes.append(_hash(row.id))
        if isinstance(row, RowError):
            errors += 1
            if len(examples) < _SHOWN:
                examples.append(row)
    doubled = _doubled(hashes)
    if doubled:
        _refuse_duplicates(source, doubled)
    return Survey(rows, errors, tuple(examples))


def _hash(row_id: str | int) -> int:
    # 7 and "7" are the same id: CSV and Parquet do not tell them apart.
    text = str(row_id).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


def _doubled(hashes: array) -> set[int]:
    import numpy as np  # whoever asks for help only does not wait for it

    ordered = np.frombuffer(hashes, np.uint64)
    ordered.sort()  # in place, since a second list of them would be five times as large
    return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())


def _refuse_duplicates(source: RowSource, doubled: set[int]) -> None:
    lines: dict[str, list[int]] = {}
    for row in source.rows():
        if _hash(row.id) in doubled:
            lines.setdefault(str(row.id), []).append(row.line)
    lines = {row_id: where for row_id, where in lines.items() if len(where) > 1}
    if not lines:
        return  # two ids with one hash
    shown = [
        f"  {row_id!r} in lines {', '.join(map(str, where[:_SHOWN]))}"
        + (", …" if len(where) > _SHOWN else "")
        for row_id, where in list(lines.items())[:_SHOWN]
    ]
    if len(lines) > _SHOWN:
        shown.append(f"  … and {len(lines) - _SHOWN} more")
    raise ValueError(
        f"{source.name}: {len(lines)} id{'s occur' if len(lines) > 1 else ' occurs'} more than "
        "once; make them unique, or pass --id line to number the rows\n" + "\n".join(shown)
    )
