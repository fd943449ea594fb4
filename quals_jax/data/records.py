"""Typed rows: a document with one summary or several, or the reason why a row cannot be used.

    row = summary_row(Record(line=3, values={"document": "…", "summary": "…"}), RowKeys())

A row that cannot be used is a value, not an exception: it is written to the output in its place.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from quals_jax.text.printable import printable

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Record:
    """One row as it was read; `line` is where it starts in the file, 1 for the first line."""

    line: int
    values: Mapping[str, object]


@dataclass(frozen=True)
class RowError:
    """Why a row cannot be used: a short code for counting and a message for the user."""

    id: str | int
    line: int
    code: str
    message: str

    def as_row(self) -> dict[str, object]:
        """The row that stands for this one in the output."""
        return error_row(self.code, f"line {self.line}: {self.message}")


def error_row(code: str, message: str) -> dict[str, object]:
    """An output row without a score; the job adds the id."""
    return {"status": "error", "code": code, "message": message}


@dataclass(frozen=True)
class SummaryRow:
    """A document and its summaries; `single` when the row held one summary and not a list.

    `reference` is what the summaries are compared with; None where it is not known.
    """

    id: str | int
    document: str
    summaries: tuple[str, ...]
    single: bool = True
    line: int = 0
    reference: str | None = None


@dataclass(frozen=True)
class RowKeys:
    """Names of the fields; None for a field that is not read.

    Without an id key, or where a row has no id, the line number is the id. Every row must have the
    field `reference`, though null in it is fine; `optional_reference` may be missing.
    """

    document: str | None = "document"
    summary: str | None = "summary"
    summaries: str | None = "summaries"
    id: str | None = "id"
    reference: str | None = None
    optional_reference: str | None = None


class _BadValueError(Exception):
    """A field that cannot be used."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class RowReader:
    """Turns records into rows. `replace_invalid`: invalid text is no error but becomes U+FFFD."""

    keys: RowKeys = field(default_factory=RowKeys)
    replace_invalid: bool = False

    def __call__(self, record: Record) -> SummaryRow | RowError:
        """The row in the record, or what is wrong with it."""
        row_id: str | int = record.line
        try:
            row_id = self._id(record)
            summaries, single = self._summaries(record.values)
            document, reference = self._document(record.values), self._reference(record.values)
            return SummaryRow(row_id, document, summaries, single, record.line, reference)
        except _BadValueError as error:
            return RowError(row_id, record.line, error.code, str(error))

    def _id(self, record: Record) -> str | int:
        value = record.values.get(self.keys.id) if self.keys.id is not None else None
        if value is None or value == "":
            return record.line
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _BadValueError(
                "bad_type",
                f"'{self.keys.id}' is {_kind(value)}; a text or an integer "
                "is expected (--id line numbers the rows instead)",
            )
        return value

    def _document(self, values: Mapping[str, object]) -> str:
        if self.keys.document is None:
            return ""
        return self._text(self.keys.document, _required(values, self.keys.document, "document"))

    def _reference(self, values: Mapping[str, object]) -> str | None:
        key = self.keys.reference or self.keys.optional_reference
        if key is None:
            return None
        value = values.get(key)
        if self.keys.reference is not None:
            value = _required(values, key, "reference", "; where it is not known, write null")
        return None if value is None else self._text(key, value)

    def _summaries(self, values: Mapping[str, object]) -> tuple[tuple[str, ...], bool]:
        one, many = self.keys.summary, self.keys.summaries
        if one is None and many is None:
            return (), True
        has_one, has_many = one is not None and one in values, many is not None and many in values
        if has_one and has_many:  # a table has both columns: the filled one counts
            has_many = values.get(str(many)) not in (None, "")
            has_one = not has_many or values.get(str(one)) not in (None, "")
        if has_one and has_many:
            raise _BadValueError(
                "ambiguous",
                f"the row has both '{one}' and '{many}'; "
                f"choose one: --summary-key {one} or --summaries-key {many}",
            )
        if many is not None and (has_many or one is None):
            texts = _list(many, _required(values, many, "summaries"))
            return tuple(self._text(f"{many}[{i}]", text) for i, text in enumerate(texts)), False
        assert one is not None
        return (self._text(one, _required(values, one, "summary")),), True

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise _BadValueError("bad_type", f"'{key}' is {_kind(value)}; a text is expected")
        if value.isascii() or not (bad := LONE_SURROGATE.search(value)):
            return value
        if self.replace_invalid:
            return LONE_SURROGATE.sub(REPLACEMENT, value)
        raise _BadValueError(
            "encoding",
            f"'{key}' holds text that is not valid UTF-8 at character "
            f"{bad.start() + 1}; --encoding-errors replace reads it as U+FFFD",
        )


def _required(values: Mapping[str, object], key: str, flag: str, hint: str = "") -> object:
    if key in values:
        return values[key]
    names = [str(name) for name in values]
    message = f"'{key}' is missing; the row has {', '.join(map(repr, names[:10])) or 'no fields'}"
    if near := difflib.get_close_matches(key, names, 1):
        message += f" (--{flag}-key {printable(near[0])}?)"
    raise _BadValueError("missing_key", message + hint)


def _list(key: str, value: object) -> list[object]:
    """A list, also as JSON text: the cells of CSV files hold nothing but text."""
    texts = value
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            texts = json.loads(value)
        except ValueError as error:
            raise _BadValueError("json", f"'{key}' is no list of texts: {error}") from None
    if not isinstance(texts, list):
        raise _BadValueError("bad_type", f"'{key}' is {_kind(texts)}; a list of texts is expected")
    return texts


def _kind(value: object) -> str:
    """The value's type in the words of JSON, with the value where it is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value!r:.40}"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return f"of type {type(value).__name__}"
