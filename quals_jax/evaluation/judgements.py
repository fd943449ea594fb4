"""Reads what people said about summaries, and aligns scores with it.

judged = read_judgements(["human.jsonl"])
scores = aligned(judged, merge_scores([read_scores("scores.jsonl")]))    # {name: [N], NaN: missing}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quals_jax.data.records import Record
from quals_jax.evaluation.score_files import (
    Column,
    as_number,
    check_unique,
    records_of,
    row_id,
)
from quals_jax.metrics.metric import Example
from quals_jax.metrics.ngrams import NgramPrecision


@dataclass(frozen=True)
class Keys:
    """Names of the fields of a judgement."""

    human: str = "human"
    id: str = "id"
    document: str = "document"
    summary: str = "summary"
    system: str = "system"


@dataclass(frozen=True)
class Judgements:
    """Judged summaries, N of them: higher `human_N` is better.

    `groups` name the documents (the id where the text is not given), `systems` is None unless
    every row names one, `texts` are document and summary, None where one of them is not given.
    `num_without` rows had no judgement and are left out.
    """

    ids: list[str]
    human_N: np.ndarray
    groups: list[str]
    systems: list[str] | None
    texts: list[tuple[str, str] | None]
    num_without: int = 0


def read_judgements(paths: Sequence[str | Path], keys: Keys | None = None) -> Judgements:
    """The judged summaries of the files, in their order.

    Raises ValueError, with file and line, for a row without the field of the judgement, for a
    judgement that is no number, and for an id that occurs twice.
    """
    keys = keys or Keys()
    ids: list[str] = []
    human: list[float] = []
    groups, systems, texts = [], [], []
    places: dict[str, Path] = {}
    num_without = 0
    for path in map(Path, paths):
        lines: dict[str, int] = {}
        for record in records_of(path):
            key = row_id(record, keys.id)
            check_unique(path, lines, key, record.line)
            if places.setdefault(key, path) != path:
                raise ValueError(f"the id {key!r} occurs in {places[key]} and in {path}")
            value = _judgement(path, record, keys.human)
            if value is None:
                num_without += 1
                continue
            document, summary = record.values.get(keys.document), record.values.get(keys.summary)
            system = record.values.get(keys.system)
            ids.append(key)
            human.append(value)
            groups.append(f"document: {document}" if isinstance(document, str) else key)
            systems.append(None if system in (None, "") else str(system))
            is_given = isinstance(document, str) and isinstance(summary, str)
            texts.append((document, summary) if is_given else None)
    named = [system for system in systems if system is not None]
    return Judgements(
        ids,
        np.array(human, float),
        groups,
        named if named and len(named) == len(systems) else None,
        texts,
        num_without,
    )


def aligned(judged: Judgements, scores: Mapping[str, Column]) -> dict[str, np.ndarray]:
    """Every score in the order of the judgements [N], NaN where there is none.

    ValueError where no score is about a judged summary.
    """
    known = {key for column in scores.values() for key in column}
    if judged.ids and not known & set(judged.ids):
        raise ValueError(
            "scores and judgements have no id in common: "
            f"the scores have {_some(sorted(known))}, the judgements have {_some(judged.ids)}"
        )
    return {
        name: np.array([_or_nan(column.get(key)) for key in judged.ids], float)
        for name, column in scores.items()
    }


def ngram_floors(judged: Judgements) -> dict[str, np.ndarray]:
    """The n-gram precisions of the judged summaries [N], NaN where a text is not given."""
    metric = NgramPrecision()
    found = {key: np.full(len(judged.ids), np.nan) for key in metric.keys}
    places = [i for i, pair in enumerate(judged.texts) if pair is not None]
    examples = [Example(*pair) for pair in judged.texts if pair is not None]
    for i, row in zip(places, metric.evaluate(examples), strict=True):
        for key in metric.keys:
            found[key][i] = _or_nan(row[key])
    return found if places else {}


def _judgement(path: Path, record: Record, name: str) -> float | None:
    place = f"{path}, line {record.line}"
    if name not in record.values:
        names = ", ".join(map(repr, list(record.values)[:10]))
        raise ValueError(
            f"{place}: '{name}' is missing; the row has {names or 'no fields'} "
            "(--human-key names the field of the judgement)"
        )
    return as_number(record.values[name], f"{place}: '{name}'")


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(map(repr, ids[:3]))
    return f"{shown}, …" if len(ids) > 3 else shown or "none"
