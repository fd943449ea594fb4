"""Other scores from the token log-probabilities of `quals score --explain`, for `quals meta-eval`.

    quals score human.jsonl -o scores.jsonl --explain
    quals score null.jsonl -o null_scores.jsonl --explain      # the same rows, each document "."
    python -m experiments.score_variants scores.jsonl --null null_scores.jsonl -o variants.jsonl
    quals meta-eval variants.jsonl --human human.jsonl

Question: does QUALS say more with other tokens, other pairs, or with what a pair's probability is
without any text? The pairs depend on the summary alone, so the second run scores the same ones.
"""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from quals_jax.data.readers import read_records
from quals_jax.data.records import RowError
from quals_jax.data.writers import write_rows
from quals_jax.text.tokenizer import SEPARATOR_TOKEN

_SURE = -1.0  # nats: a token as probable given the summary is one that the summary tells
_ANSWERABLE = -0.7  # nats per token of the answer, given the summary
_GIVEN = 1.0  # nats that the summary adds to a token's log-probability without a text


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Explained scores, and those of the same rows without a document."""

    scores: Annotated[Path, tyro.conf.Positional]
    """Output of `quals score --explain` on rows with one summary each."""
    null: Path
    """The same for rows whose document is a full stop."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """JSON lines to write: id and a column per variant."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """Log-probabilities [T] of a pair's tokens given document, summary and no text."""

    document_T: np.ndarray
    summary_T: np.ndarray
    null_T: np.ndarray
    separator: int

    @property
    def difference_T(self) -> np.ndarray:
        """What QUALS averages."""
        return self.document_T - self.summary_T


def variants(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """The scores of one summary; None where no token or pair counts."""
    differences = [pair.difference_T for pair in pairs]
    sure = [pair.difference_T[pair.summary_T > _SURE] for pair in pairs]
    answerable = [
        pair.difference_T
        for pair in pairs
        if pair.summary_T[pair.separator + 1 :].mean() > _ANSWERABLE
    ]
    given = [(pair.summary_T - pair.null_T) > _GIVEN for pair in pairs]
    lifts = [pair.document_T - pair.null_T for pair in pairs]
    ratios = [
        np.clip(lift[on] / (pair.summary_T - pair.null_T)[on], 0.0, 1.0)
        for pair, lift, on in zip(pairs, lifts, given, strict=True)
    ]
    return {
        "all": _mean([d.mean() for d in differences]),
        "question": _mean(
            [d[: p.separator].mean() for d, p in zip(differences, pairs, strict=True)]
        ),
        "sure_tokens": _mean(np.concatenate(sure)),
        "answerable_pairs": _mean([d.mean() for d in answerable]),
        "lift": _mean([lift.mean() for lift in lifts]),
        "given_tokens": _mean(
            np.concatenate([d[on] for d, on in zip(differences, given, strict=True)])
        ),
        "given_ratio": _mean(np.concatenate(ratios)),
    }


def write_variants(task: Arguments) -> int:
    """Writes a row per summary that has pairs; returns how many."""
    null = {row["id"]: row["pairs"] for row in _rows(task.null)}
    rows = []
    for row in _rows(task.scores):
        if row["pairs"]:
            others = null.get(row["id"], [])
            if [pair["tokens"] for pair in others] != [pair["tokens"] for pair in row["pairs"]]:
                raise ValueError(
                    f"{task.null}: row {row['id']!r} has other pairs than {task.scores}"
                )
            pairs = [_pair(*both) for both in zip(row["pairs"], others, strict=True)]
            rows.append({"id": row["id"], **variants(pairs)})
    if not rows:
        raise ValueError(f"{task.scores}: no row has question-answer pairs")
    write_rows(task.output, "jsonl", lambda: rows)
    return len(rows)


def _pair(pair: dict[str, Any], null: dict[str, Any]) -> Pair:
    separator = SEPARATOR_TOKEN.replace("Ġ", " ")
    return Pair(
        np.array(pair["log_probs_document"]),
        np.array(pair["log_probs_summary"]),
        np.array(null["log_probs_document"]),
        pair["tokens"].index(separator),
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for record in read_records(path, "jsonl"):
        place = f"{path}, line {record.line}"
        if isinstance(record, RowError):
            raise ValueError(f"{place}: {record.message}")
        pairs = record.values.get("pairs")
        if "scores" in record.values:
            raise ValueError(f"{place}: several summaries, expected one per row")
        if not isinstance(pairs, list) or any("tokens" not in pair for pair in pairs):
            raise ValueError(f"{place}: no explained pairs; pass --explain to quals score")
        yield dict(record.values)


def _mean(values: Sequence[float] | np.ndarray) -> float | None:
    return float(np.mean(values)) if len(values) else None


def parse(arguments: Sequence[str]) -> Arguments:
    """What the arguments ask for; SystemExit for unusable ones and for --help."""
    return tyro.cli(
        Arguments,
        prog="python -m experiments.score_variants",
        description=__doc__,
        args=list(arguments),
    )


def main(arguments: Sequence[str]) -> int:
    """Runs the command; its exit status: 0 good, 2 bad usage or input."""
    task = parse(arguments)
    try:
        print(f"{task.output}: {write_variants(task):,} rows")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
