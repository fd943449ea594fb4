"""Two systems under every score both have, row by row.

    results = compare_systems(read_scores("a.jsonl"), read_scores("b.jsonl"), texts)
    results["metrics"][0]["difference"]["value"]          # mean of a less mean of b

Scores are joined by id; rows that only one system has are counted and left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from quals_jax.evaluation.paired import PairedOptions, compare_columns
from quals_jax.evaluation.score_files import (
    LOWER_IS_BETTER,
    ScoreFile,
    check_unique,
    choose_scores,
    records_of,
    row_id,
)

Results = dict[str, Any]
Texts = Mapping[str, Mapping[str, str]]


def compare_systems(
    files: tuple[ScoreFile, ScoreFile],
    texts: tuple[Texts, Texts],
    names: tuple[str, str],
    *,
    metrics: Sequence[str] = (),
    lower_is_better: Sequence[str] = (),
    options: PairedOptions | None = None,
) -> Results:
    """The figures of every score, and per row both scores, their difference and the texts.

    `texts` are "document" and "summary" by id, as far as known. `metrics` chooses scores; the
    first one orders nothing here, but is what a page shows first. Scores in `lower_is_better`
    are turned round first. ValueError where the files share no id or no score.
    """
    options = options or PairedOptions()
    ids = _shared(files)
    shared = [name for name in files[0].columns if name in files[1].columns]
    if not shared:
        has = "; ".join(f"{f.path} has {', '.join(f.columns)}" for f in files)
        raise ValueError(f"the files have no score in common: {has}")
    known = {name: files[0].columns[name] for name in shared}
    choose_scores(known, lower_is_better)
    chosen = list(choose_scores(known, metrics)) if metrics else shared
    turned = [n for n in chosen if n in LOWER_IS_BETTER or n in lower_is_better]
    groups = [_document_of(key, files, texts) for key in ids]
    figures, rows = [], [_row(key, texts) for key in ids]
    for name in chosen:
        sides = [_column(file, name, ids) for file in files]
        first_N, second_N = (-side if name in turned else side for side in sides)
        figures.append(
            {"name": name, "lower_is_better": name in turned}
            | compare_columns(first_N, second_N, groups, options)
        )
        for row, first, second in zip(rows, *sides, strict=True):
            row["scores"][name] = [_number(first), _number(second)]
            apart = second - first if name in turned else first - second
            row["differences"][name] = _number(apart)
    return {
        "systems": list(names),
        "num_rows": len(ids),
        "num_documents": len(set(groups)),
        "num_only": [len(file.ids.keys() - set(ids)) for file in files],
        "options": asdict(options),
        "metrics": figures,
        "rows": rows,
    }


def read_texts(path: str | Path, keys: Mapping[str, str], id_key: str = "id") -> Texts:
    """Document and summary of every row by id; `keys` names their fields.

    ValueError, with file and line, for a row without a summary and an id that occurs twice.
    """
    path, ids = Path(path), {}
    found: dict[str, dict[str, str]] = {}
    for record in records_of(path):
        key = row_id(record, id_key)
        check_unique(path, ids, key, record.line)
        texts = {name: record.values.get(field) for name, field in keys.items()}
        found[key] = {name: text for name, text in texts.items() if isinstance(text, str)}
        if "summary" not in found[key]:
            raise ValueError(
                f"{path}, line {record.line}: '{keys['summary']}' is no text or missing; the row "
                f"has {', '.join(map(repr, record.values))} (--summary-key names the field)"
            )
    return found


def rows_that_differ_most(results: Results, metric: str, count: int) -> tuple[list, list]:
    """Up to `count` rows where the first system is better by most, and where the second is."""
    tie = results["options"]["tie_within"]
    known = [row for row in results["rows"] if row["differences"][metric] is not None]
    known.sort(key=lambda row: -row["differences"][metric])
    first = [row for row in known[:count] if row["differences"][metric] > tie]
    second = [row for row in known[::-1][:count] if row["differences"][metric] < -tie]
    return first, second


def _shared(files: tuple[ScoreFile, ScoreFile]) -> list[str]:
    ids = [key for key in files[0].ids if key in files[1].ids]
    if not ids:
        shown = "; ".join(
            f"{file.path} has {', '.join(map(repr, list(file.ids)[:3])) or 'no rows'}"
            for file in files
        )
        raise ValueError(f"the files have no id in common: {shown}")
    return ids


def _document_of(key: str, files: tuple[ScoreFile, ScoreFile], texts: tuple[Texts, Texts]) -> str:
    for side in texts:
        if document := side.get(key, {}).get("document"):
            return f"text {document}"
    # quals evaluate names a document by its hash.
    return files[0].texts[key].get("document_sha256", f"id {key}")


def _row(key: str, texts: tuple[Texts, Texts]) -> Results:
    sides = [side.get(key, {}) for side in texts]
    document = next((side["document"] for side in sides if side.get("document")), None)
    summaries = [side.get("summary") for side in sides]
    return {
        "id": key,
        "document": document,
        "summaries": summaries,
        "scores": {},
        "differences": {},
    }


def _column(file: ScoreFile, name: str, ids: Sequence[str]) -> np.ndarray:
    values = [file.columns[name].get(key) for key in ids]
    return np.array([np.nan if value is None else value for value in values], float)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
