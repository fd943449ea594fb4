"""How well QUALS tells summaries with a known error from faithful ones, as one dictionary.

It is the part ``qagen`` of a run's results: see `quals_jax.report.quals_results`.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from quals_jax.data.world import FAITHFUL, SummaryExample
from quals_jax.data.world_corruptions import ERROR_KINDS
from quals_jax.evaluation.auroc import auroc, auroc_interval
from quals_jax.metrics.quals_result import QAPair, QualsResult

SCORES = ("quals", "answer", "min")
Scored = tuple[SummaryExample, QualsResult]


def collect(scored: Sequence[Scored]) -> dict[str, Any]:
    """AUROC, coverage, scores, examples and the two pairs of the picture.

    Summaries without a score are counted and left out of everything else.
    """
    by_kind: dict[str, list[Scored]] = defaultdict(list)
    for example, result in scored:
        if result.quals is not None:
            by_kind[example.error].append((example, result))
    faithful = by_kind.pop(FAITHFUL, [])
    kinds = {kind: label for kind, label in ERROR_KINDS.items() if by_kind[kind]}
    wrong = [row for kind in kinds for row in by_kind[kind]]
    compared = {"all": wrong, **{kind: by_kind[kind] for kind in kinds}}
    return {
        "error_kinds": kinds,
        "counts": {
            "faithful": len(faithful),
            "corrupted": len(wrong),
            "by_kind": {kind: len(by_kind[kind]) for kind in kinds},
            "without_score": len(scored) - len(faithful) - len(wrong),
        },
        "auroc": {
            name: {kind: _auroc(faithful, rows, name) for kind, rows in compared.items()}
            for name in SCORES
        },
        "coverage": {kind: _coverage(rows) for kind, rows in compared.items()},
        "scores": {
            kind: _values(rows, "quals")
            for kind, rows in [(FAITHFUL, faithful), *((kind, by_kind[kind]) for kind in kinds)]
        },
        "examples": [_median_example(by_kind[kind], faithful) for kind in kinds],
        "picture": _picture([*by_kind["entity_elsewhere"], *by_kind["date"]], faithful),
    }


def _auroc(faithful: Sequence[Scored], wrong: Sequence[Scored], name: str) -> dict[str, Any]:
    """The AUROC of one score with its 95 % interval over articles; None without both sides."""
    if not faithful or not wrong:
        return {"value": None, "interval": None}
    values = _values(faithful, name), _values(wrong, name)
    documents = [[example.document for example, _ in rows] for rows in (faithful, wrong)]
    return {"value": auroc(*values), "interval": auroc_interval(*values, *documents)}


def _values(rows: Sequence[Scored], name: str) -> list[float]:
    return [getattr(result, name) for _, result in rows]


def _coverage(rows: Sequence[Scored]) -> float | None:
    """Share of the summaries in which some pair names the wrong value."""
    asked = [
        any(str(example.wrong) in f"{pair.question} {pair.answer}" for pair in result.pairs)
        for example, result in rows
    ]
    return float(np.mean(asked)) if asked else None


def _median_example(rows: Sequence[Scored], faithful: Sequence[Scored]) -> dict[str, Any]:
    """The summary whose score is the median of its kind, beside its faithful twin."""
    ranked = sorted(rows, key=lambda row: row[1].quals or 0.0)
    return _explained(*ranked[len(ranked) // 2], faithful)


def _picture(rows: Sequence[Scored], faithful: Sequence[Scored]) -> dict[str, Any] | None:
    """A wrong summary with a pair about its error and one about a fact that is right.

    The pair about the error is the median of its kind, so the picture flatters nobody.
    """
    candidates = []
    for example, result in rows:
        wrong = str(example.wrong)
        about = [pair for pair in result.pairs if pair.answer.strip() == wrong]
        others = [pair for pair in result.pairs if wrong not in f"{pair.question} {pair.answer}"]
        if about and others:
            bad = min(about, key=lambda pair: pair.score)
            good = max(others, key=lambda pair: (pair.score > -0.1, len(pair.tokens)))
            candidates.append((bad.score, len(candidates), example, result, bad, good))
    if not candidates:
        return None
    _, _, example, result, bad, good = sorted(candidates)[len(candidates) // 2]
    shown = _explained(example, result, faithful)
    return shown | {"supported": pair_row(good), "unsupported": pair_row(bad)}


def _explained(
    example: SummaryExample, result: QualsResult, faithful: Sequence[Scored]
) -> dict[str, Any]:
    twins = [r.quals for e, r in faithful if e.document == example.document]
    return {
        "document": example.document,
        "summary": example.summary,
        "error": example.error,
        "error_label": ERROR_KINDS[example.error],
        "right": example.right,
        "wrong": example.wrong,
        "quals": result.quals,
        "quals_faithful": twins[0] if twins else float("nan"),
        "pairs": [pair_row(pair) for pair in result.pairs],
    }


def pair_row(pair: QAPair) -> dict[str, Any]:
    """A pair with its tokens, as the picture shows it."""
    return {
        "question": pair.question.strip(),
        "answer": pair.answer.strip(),
        "score": pair.score,
        "tokens": list(pair.tokens),
        "num_answer_tokens": pair.num_answer_tokens,
        "log_probs_document": list(pair.log_probs_document),
        "log_probs_summary": list(pair.log_probs_summary),
    }
