"""The official selection's files as our scored documents, and what it made of them."""

import functools
import json
import math
import operator
from collections.abc import Mapping

from quals_jax.metrics.pair_filter import answer_log_prob
from quals_jax.selection import ScoredDocument, ScoredText
from tests import golden_files

SENTINEL = 1e5
METRICS = (
    "eval_ns",
    "eval_a_ns",
    "eval_uns",
    "eval_a_uns",
    "eval_ns-ns",
    "eval_a_ns-ns",
    "eval_uns-uns",
    "eval_a_uns-uns",
    "eval_prob",
    "ans_lm",
)
CASES = {case["name"]: case for case in golden_files.read_json("quals_pipeline.json")["cases"]}


def metric_of(pairs: list[dict], metric: str) -> float | None:
    """Mean over a summary's pairs; None without pairs that have what the metric needs."""
    values = [value for pair in pairs if (value := _value(pair, metric)) is not None]
    # One addition after the other, as there: newer Pythons' sum() is more exact.
    return functools.reduce(operator.add, values, 0.0) / len(values) if values else None


def _value(pair: dict, metric: str) -> float | None:
    if metric == "eval_prob":
        return math.exp(pair["eval_ns"])
    if metric == "ans_lm":
        if 50259 not in pair.get("toks", ()):
            return None
        sides = (pair["eval_pos_scores"], pair["pos_s"])
        document, summary = (answer_log_prob(pair["toks"], scores, 50259) for scores in sides)
        return document - summary
    minuend, _, subtrahend = metric.partition("-")
    return pair[minuend] - (pair[subtrahend] if subtrahend else 0.0)


def hypotheses(files: Mapping[str, str], folder: str, metric: str) -> list[list[ScoredText]]:
    """The scored hypotheses of every line of the evaluation files of a folder.

    The official code does not look at the texts; what it knows of blank ones is their score.
    """
    names = sorted(n for n in files if n.startswith(f"{folder}/") and n.endswith("_noprepend"))
    return [texts for name in names for texts in _scored(files[name], metric)]


@functools.cache
def _scored(file: str, metric: str) -> list[list[ScoredText]]:
    return [
        [
            ScoredText(
                row["context"] if row["context"].strip() else "(blank)",
                metric_of(row["qas"], metric),
            )
            for row in json.loads(line)
        ]
        for line in file.splitlines()
    ]


def index_values(text: str, metric: str) -> list[float | None]:
    """Scores of an index file; the sentinel of a missing score becomes None."""
    values = [json.loads(line)["avg_value"][metric] for line in text.splitlines()]
    return [None if abs(value) == SENTINEL else value for value in values]


def documents_300(metric: str, *, additional: bool = False):
    """The 300 documents of most cases, their references and one or two pools of hypotheses."""
    pools = [hypotheses(CASES["select_300_hypotheses"]["inputs"], "sub", metric)]
    if additional:
        pools.append(hypotheses(CASES["select_300_additional"]["inputs"], "asub", metric))
    index = CASES["select_300_targets"]["outputs"]["tsub/untarget.index"]
    return [
        ScoredDocument(i, f"source line {i}", ScoredText(f"target line {i}", score), tuple(texts))
        for i, (score, *texts) in enumerate(
            zip(index_values(index, metric), *(map(tuple, pool) for pool in pools), strict=True)
        )
    ]


def documents_of(files: Mapping[str, str]) -> list[ScoredDocument]:
    """The documents of a case that brings its own files, one hypothesis each."""
    sources, targets = (files[f"train.{side}"].splitlines() for side in ("source", "target"))
    scores = index_values(files["sub/untarget.index"], "eval_ns-ns")
    texts = hypotheses(files, "sub", "eval_ns-ns")
    references: list[float | None] = [None] * len(sources)
    if "tsub/untarget.index" in files:
        references = index_values(files["tsub/untarget.index"], "eval_ns-ns")
    return [
        ScoredDocument(
            i,
            source,
            ScoredText(target, reference),
            (tuple(ScoredText(text.text, score) for text in group),),
        )
        for i, (source, target, reference, score, group) in enumerate(
            zip(sources, targets, references, scores, texts, strict=True)
        )
    ]


def written(outputs: Mapping[str, str], side: str) -> set[tuple[str, str]]:
    """(source, text) of every line of a written ``train.target`` or ``train.untarget``."""
    (name,) = (name for name in outputs if name.endswith(f"/train.{side}"))
    sources = outputs[name.replace(f"train.{side}", "train.source")].splitlines()
    lines = outputs[name].splitlines()
    pairs = set(zip(sources, lines, strict=True))
    assert len(pairs) == len(lines)
    return pairs
