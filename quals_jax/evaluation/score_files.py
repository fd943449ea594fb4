"""Reads scores of summaries by id: what `quals evaluate` and `quals score` wrote, or any rows.

    files = [read_scores("metrics.jsonl"), read_scores("scores.jsonl")]
    by_name = merge_scores(files)                     # {"quals": {"1": -0.31, "2": None}, …}

A missing number stays None: a row without a score is left out later and counted, never filled in.
7 and "7" are the same id, as everywhere; a row without an id is named by its line.
"""

import difflib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quals_jax.data.readers import format_of, read_records
from quals_jax.data.records import Record, RowError

# What `quals score` writes, by the names that `quals evaluate` gives the same numbers.
_QUALS = {
    "quals": "quals",
    "answer": "quals_answer",
    "min": "quals_min",
    "low_share": "quals_low_share",
    "f1": "quals_f1",
}
LOWER_IS_BETTER = frozenset({"quals_low_share"})
_NO_METRICS = frozenset({"human", "num_pairs", "truncated_tokens", "line", "seed"})
Column = dict[str, float | None]


@dataclass(frozen=True)
class ScoreFile:
    """Numbers per name and id, the ids with their lines, and the fields of text of every row."""

    path: Path
    ids: dict[str, int]
    columns: dict[str, Column]
    texts: dict[str, dict[str, str]]


def read_scores(path: str | Path, *, id_key: str = "id", skip: Sequence[str] = ()) -> ScoreFile:
    """The scores in a file: the numbers of "metrics", those of QUALS, or all fields of numbers.

    `skip` names fields that are no scores. Raises ValueError, with file and line, for a row that
    cannot be read or holds the scores of several summaries, for an id that occurs twice, and for
    a score that is not finite.
    """
    path = Path(path)
    is_table = format_of(path) in ("csv", "tsv")
    found: dict[str, dict[str, Any]] = {}
    ids: dict[str, int] = {}
    texts: dict[str, dict[str, str]] = {}
    is_named: set[str] = set()
    for record in records_of(path):
        key = row_id(record, id_key)
        check_unique(path, ids, key, record.line)
        values = record.values
        texts[key] = {name: text for name, text in values.items() if isinstance(text, str)}
        numbers, named = _numbers(path, record)
        is_named |= named
        for name, value in numbers.items():
            if name not in (id_key, *skip):
                found.setdefault(name, {})[key] = value
    columns = {}
    for name, column in found.items():
        if name in is_named or _is_numeric(column.values(), is_table):
            columns[name] = {
                key: as_number(value, f"{path}, line {ids[key]}: '{name}'")
                for key, value in column.items()
            }
    if ids and not columns:
        raise ValueError(f"{path}: no field of its rows holds numbers that could be scores")
    return ScoreFile(path, ids, columns, texts)


def merge_scores(files: Sequence[ScoreFile]) -> dict[str, Column]:
    """The columns of all files. One name in several files is one score where their ids differ.

    Where the files have ids in common, the names get the file's as a prefix: ``small:quals``.
    """
    labels = [file.path.name.split(".", 1)[0] for file in files]
    if len(set(labels)) < len(labels):
        labels = [str(file.path) for file in files]
    if len(set(labels)) < len(labels):
        raise ValueError("the same file of scores is given twice")
    merged: dict[str, Column] = {}
    for name in dict.fromkeys(name for file in files for name in file.columns):
        holders = [(label, f) for label, f in zip(labels, files, strict=True) if name in f.columns]
        num_ids = sum(len(file.ids) for _, file in holders)
        if num_ids == len({key for _, file in holders for key in file.ids}):
            merged[name] = {k: v for _, file in holders for k, v in file.columns[name].items()}
        else:
            merged |= {f"{label}:{name}": file.columns[name] for label, file in holders}
    return merged


def choose_scores(scores: Mapping[str, Column], names: Sequence[str]) -> dict[str, Column]:
    """The scores of these names, in this order; ValueError with near names for one not there."""
    for name in names:
        if name not in scores:
            near = difflib.get_close_matches(name, scores, 2)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(f"no score {name!r} among {', '.join(scores) or 'none'}{hint}")
    return {name: scores[name] for name in names}


def records_of(path: Path) -> Iterator[Record]:
    """The records of a file; ValueError with file and line for one that cannot be read."""
    for record in read_records(path):
        if isinstance(record, RowError):
            raise ValueError(f"{path}, line {record.line}: {record.message}")
        yield record


def row_id(record: Record, id_key: str) -> str:
    """The id of a row as text, its line where it has none."""
    value = record.values.get(id_key)
    return str(record.line if value is None or value == "" else value)


def check_unique(path: Path, ids: dict[str, int], key: str, line: int) -> None:
    """Notes the line of an id; ValueError where it had one before."""
    if ids.setdefault(key, line) != line:
        raise ValueError(
            f"{path}: the id {key!r} occurs in lines {ids[key]} and {line}; make the ids unique"
        )


def as_number(value: Any, place: str) -> float | None:
    """A number or true or false, also as the text of a cell; None for null and an empty cell."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{place} is {value!r:.40}; a number or null is expected")
    return number


def _numbers(path: Path, record: Record) -> tuple[Mapping[str, Any], set[str]]:
    """What may be scores of a row, and the names of those that must be."""
    values = record.values
    if isinstance(values.get("scores"), list):
        raise ValueError(
            f"{path}, line {record.line}: the row has the scores of several summaries; one row "
            "per summary is expected, each with its own id"
        )
    metrics = values.get("metrics")
    if isinstance(metrics, str) and metrics.startswith("{"):  # a cell of a CSV file
        metrics = json.loads(metrics)
    if isinstance(metrics, Mapping):
        return metrics, set(metrics)
    if values.get("status") == "error":
        return {}, set()
    if "quals" in values and "num_pairs" in values:
        numbers = {_QUALS[name]: value for name, value in values.items() if name in _QUALS}
        return numbers, set(numbers)
    return {name: values[name] for name in values if name not in _NO_METRICS}, set()


def _is_numeric(values: Any, is_table: bool) -> bool:
    """Whether some values are numbers and the others null."""
    known = [value for value in values if value is not None and value != ""]
    test: Callable[[Any], bool] = _is_number_text if is_table else _is_number
    return bool(known) and all(map(test, known))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_number_text(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
