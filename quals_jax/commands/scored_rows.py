"""Joins the rows of `quals generate`, references and `quals score` into scored documents.

>>> documents = read_documents(
...     [ScoredFiles("samples.jsonl", "samples.scores.jsonl")],
...     ScoredFiles("train.jsonl", "train.scores.jsonl"),
... )
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from quals_jax.data.readers import read_records
from quals_jax.data.records import Record, RowError, RowKeys, RowReader, SummaryRow
from quals_jax.selection import ScoredDocument, ScoredText

_SHOWN = 5  # examples in a message


@dataclasses.dataclass(frozen=True)
class ScoredFiles:
    """A file of texts and the file of their scores, with the same ids; None: nothing is scored."""

    texts: str | Path
    scores: str | Path | None = None


@dataclasses.dataclass(frozen=True)
class _ScoreRow:
    """The scores of a row's summaries; None for a row that could not be scored at all."""

    id: str | int
    line: int
    scores: tuple[float | None, ...] | None


class _Row(Protocol):
    @property
    def id(self) -> str | int: ...

    @property
    def line(self) -> int: ...


_R = TypeVar("_R", bound=_Row)


def read_documents(
    pools: Sequence[ScoredFiles],
    references: ScoredFiles | None = None,
    *,
    score: str = "quals",
    reference_keys: RowKeys | None = None,
) -> list[ScoredDocument]:
    """The documents of the first pool, in its order, with their samples in all pools.

    ``score`` is the field of the score files that counts. A row that an earlier command marked as
    an error has no summaries and no scores. Raises ValueError, with file and line, for rows that
    cannot be read, for an id that occurs twice, and for files whose ids or numbers of summaries
    differ.
    """
    rows = _rows(pools[0].texts, RowKeys())
    samples = [_texts(pool, RowKeys(), score) for pool in pools]
    found: dict[str, tuple[ScoredText, ...]] = {}
    if references is not None:
        keys = reference_keys or RowKeys()
        found = _texts(references, dataclasses.replace(keys, document=None, summaries=None), score)
        _check_same_ids(pools[0].texts, rows, references.texts, found)
    for files, pool in zip(pools[1:], samples[1:], strict=True):
        _check_same_ids(pools[0].texts, rows, files.texts, pool)

    documents = []
    for key, row in rows.items():
        # Nothing can be trained on without the document, whatever is known of its summaries.
        known = bool(row.document.strip())
        reference = next(iter(found.get(key, ())), None)
        documents.append(
            ScoredDocument(
                row.id,
                row.document,
                reference if known else None,
                tuple(pool[key] for pool in samples) if known else (),
            )
        )
    return documents


def _texts(files: ScoredFiles, keys: RowKeys, field: str) -> dict[str, tuple[ScoredText, ...]]:
    """The summaries of every id with their scores."""
    rows = _rows(files.texts, keys)
    if files.scores is None:
        return {key: tuple(map(ScoredText, row.summaries)) for key, row in rows.items()}
    scored = _by_id(files.scores, lambda record: _score_row(record, field))
    _check_same_ids(files.texts, rows, files.scores, scored)
    texts = {}
    for key, row in rows.items():
        scores = scored[key].scores
        if scores is None:
            scores = (None,) * len(row.summaries)
        if len(scores) != len(row.summaries):
            raise ValueError(
                f"{files.texts}, line {row.line}, has {len(row.summaries)} summaries of id "
                f"{row.id!r}, but {files.scores}, line {scored[key].line}, has {len(scores)} "
                "scores; score that file again"
            )
        texts[key] = tuple(map(ScoredText, row.summaries, scores))
    return texts


def _rows(path: str | Path, keys: RowKeys) -> dict[str, SummaryRow]:
    read = RowReader(keys)

    def parse(record: Record) -> SummaryRow:
        if record.values.get("status") == "error":
            text = record.values.get("document")
            document = text if isinstance(text, str) else ""
            return SummaryRow(_id(record), document, (), line=record.line)
        row = read(record)
        if isinstance(row, RowError):
            raise ValueError(row.message)
        return row

    return _by_id(path, parse)


def _by_id(path: str | Path, parse: Callable[[Record], _R]) -> dict[str, _R]:
    """The rows of a file; 7 and "7" are the same id, as everywhere."""
    rows: dict[str, _R] = {}
    for item in read_records(path):
        try:
            if isinstance(item, RowError):
                raise ValueError(item.message)
            row = parse(item)
        except ValueError as error:
            raise ValueError(f"{path}, line {item.line}: {error}") from None
        if (before := rows.setdefault(str(row.id), row)) is not row:
            raise ValueError(
                f"{path}: the id {row.id!r} occurs in lines {before.line} and {row.line}; make the "
                "ids unique"
            )
    return rows


def _id(record: Record) -> str | int:
    value = record.values.get("id")
    return value if isinstance(value, str | int) and value != "" else record.line


def _score_row(record: Record, field: str) -> _ScoreRow:
    values = record.values
    many = values.get("scores")
    if isinstance(many, str) and many:  # a cell of a CSV file
        many = json.loads(many)
    if isinstance(many, list):
        scores = tuple(_score(one, field) for one in many)
    elif values.get("status") == "error":
        scores = None
    else:
        scores = (_score(values, field),)
    return _ScoreRow(_id(record), record.line, scores)


def _score(values: Any, field: str) -> float | None:
    if not isinstance(values, Mapping) or field not in values:
        names = ", ".join(map(repr, values)) if isinstance(values, Mapping) else "no fields"
        hint = "; quals score --answer-f1 writes it" if field == "f1" else ""
        raise ValueError(f"'{field}' is missing among the scores, which are {names}{hint}")
    value = values[field]
    if value is None or value == "":
        return None
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not math.isfinite(number):
        raise ValueError(f"'{field}' is {value!r}; a number or null is expected")
    return number


def _check_same_ids(
    path: str | Path,
    ids: Mapping[str, object],
    other_path: str | Path,
    others: Mapping[str, object],
) -> None:
    if ids.keys() == others.keys():
        return
    lines = [f"{path} and {other_path} are not about the same rows:"]
    for name, only in (
        (path, ids.keys() - others.keys()),
        (other_path, others.keys() - ids.keys()),
    ):
        if only:
            shown = ", ".join(map(repr, sorted(only)[:_SHOWN]))
            more = f" and {len(only) - _SHOWN} more" if len(only) > _SHOWN else ""
            lines.append(f"  only in {name}: {shown}{more}")
    raise ValueError("\n".join(lines))
