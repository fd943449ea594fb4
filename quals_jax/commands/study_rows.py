"""Joins two systems' rows into the documents of a human study.

>>> documents, told = read_pairs(("mle.jsonl", "conseq.jsonl"), PairKeys())
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from quals_jax.data.readers import read_records
from quals_jax.data.records import Record, RowError, RowKeys, RowReader, SummaryRow
from quals_jax.evaluation.human_study import PairedDocument

_Name: TypeAlias = tuple[str, str]  # data set and id


@dataclass(frozen=True)
class PairKeys:
    """Names of the fields of a row; `id` None: rows are named by their lines."""

    document: str = "document"
    summary: str = "summary"
    dataset: str = "dataset"
    id: str | None = "id"


def read_pairs(
    files: tuple[str | Path, str | Path], keys: PairKeys
) -> tuple[list[PairedDocument], list[str]]:
    """The documents of which both files have a summary, and lines on what was left out.

    A document needs to stand in one of the files only. Rows that an earlier command marked as
    errors have no summary. Raises ValueError, with file and line, for other rows that cannot be
    read, a name that occurs twice, and documents that differ or are missing.
    """
    first, second = (_summaries(path, keys) for path in files)
    shared = [name for name in first if name in second]
    if not shared:
        raise ValueError(
            f"{files[0]} ({len(first)} summaries) and {files[1]} ({len(second)}) have no document "
            f"in common: rows belong together when their '{keys.id}' and '{keys.dataset}' are equal"
        )
    told = [
        f"{path}: {len(rows) - len(shared)} summaries of documents that the other file lacks"
        for path, rows in zip(files, (first, second), strict=True)
        if len(rows) > len(shared)
    ]
    documents = []
    num_blank = 0
    for name in shared:
        document = _document(files, first[name], second[name])
        if document is None:
            num_blank += 1
            continue
        texts = (first[name].summaries[0], second[name].summaries[0])
        documents.append(PairedDocument(name[0], first[name].id, document, texts))
    if num_blank:
        told.append(f"{num_blank} documents are empty and left out")
    return documents, told


def _document(
    files: tuple[str | Path, str | Path], first: SummaryRow, second: SummaryRow
) -> str | None:
    """The document that both rows, or one of them, have; None where it is blank in both."""
    texts = [row.document for row in (first, second) if row.document.strip()]
    if len(texts) == 2 and texts[0].split() != texts[1].split():
        raise ValueError(
            f"document {first.id!r} is not the same in {files[0]}, line {first.line}, and in "
            f"{files[1]}, line {second.line}; are both files about the same data?"
        )
    return texts[0] if texts else None


def _summaries(path: str | Path, keys: PairKeys) -> dict[_Name, SummaryRow]:
    """A file's rows by data set and id."""
    rows: dict[_Name, SummaryRow] = {}
    for dataset, row in _rows(path, keys):
        if len(row.summaries) != 1:
            raise ValueError(
                f"{path}, line {row.line}: {len(row.summaries)} summaries; a study compares one "
                "summary per document and system"
            )
        name = (dataset, str(row.id))
        if name in rows:
            raise ValueError(
                f"{path}, line {row.line}: the id {row.id!r} is already on line {rows[name].line}; "
                "make ids unique, or name rows by their lines: --id line"
            )
        rows[name] = row
    return rows


def _rows(path: str | Path, keys: PairKeys) -> Iterator[tuple[str, SummaryRow]]:
    for record in read_records(path):
        if isinstance(record, Record) and record.values.get("status") == "error":
            continue
        row: SummaryRow | RowError
        row = record if isinstance(record, RowError) else _row(record, keys)
        if isinstance(row, RowError):
            raise ValueError(f"{path}, line {row.line}: {row.message}")
        dataset = record.values.get(keys.dataset) if isinstance(record, Record) else None
        if dataset is not None and not isinstance(dataset, str):
            raise ValueError(f"{path}, line {row.line}: '{keys.dataset}' is not a text")
        yield dataset or "", row


def _row(record: Record, keys: PairKeys) -> SummaryRow | RowError:
    names = RowKeys(
        document=keys.document if keys.document in record.values else None,
        summary=keys.summary,
        id=keys.id,
    )
    return RowReader(names)(record)
