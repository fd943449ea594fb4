"""The two generating workers: summaries of documents, question-answer pairs of summaries."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import quals_jax
from quals_jax.data.records import SummaryRow, error_row
from quals_jax.jobs.row_job import Report, Worker

if TYPE_CHECKING:
    from quals_jax.checkpoints.model_folder import ModelFolder


def summary_worker(
    model: "ModelFolder",
    *,
    num_beams: int,
    num_samples: int | None,
    top_k: int | None,
    top_p: float | None,
    min_tokens: int,
    max_tokens: int,
    length_penalty: float,
    no_repeat_ngram_size: int,
    seed: int,
) -> Worker:
    """The best summary of every document, or `num_samples` drawn ones."""
    from quals_jax.decoding.options import BeamSearch, Sampling, TopK, TopP
    from quals_jax.decoding.searcher import Hypothesis, Searcher
    from quals_jax.parallel.batches import RowFailure

    lengths: dict[str, Any] = {
        "min_len": min_tokens,
        "max_len": max_tokens,
        "length_penalty": length_penalty,
        "no_repeat_ngram_size": no_repeat_ngram_size,
    }
    if num_samples is None:
        options = BeamSearch(num_beams, **lengths)
    else:
        kept = TopK(top_k) if top_k else TopP(top_p) if top_p else None
        options = Sampling(num_samples, kept, **lengths)
    searcher = Searcher(model.config, model.params, options, model.quals.forced_bos_id)

    def output_row(row: SummaryRow, found: list[Hypothesis] | RowFailure) -> dict[str, Any]:
        if isinstance(found, RowFailure):
            return {"document": row.document} | error_row(found.code, found.message)
        texts = [model.tokenizer.decode(hypothesis.tokens).strip() for hypothesis in found]
        means = [round(float(hypothesis.log_probs.mean()), 6) for hypothesis in found]
        if num_samples is None:
            return {"document": row.document, "summary": texts[0], "log_prob": means[0]}
        return {"document": row.document, "summaries": texts, "log_probs": means}

    def process(rows: list[SummaryRow], report: Report) -> list[dict[str, Any]]:
        full = [row for row in rows if row.document.strip()]
        sources = [_source(model, row.document) for row in full]
        found = iter(searcher.search(sources, report, ids=[str(row.id) for row in full], seed=seed))
        empty = error_row("empty_document", "there is nothing to summarize")
        return [output_row(row, next(found)) if row.document.strip() else empty for row in rows]

    what = f"beams:{num_beams}" if num_samples is None else f"samples:{num_samples}|seed:{seed}"
    return Worker(process, _signature(model, what))


def pair_worker(
    model: "ModelFolder",
    *,
    num_beams: int,
    num_pairs: int,
    diversity_strength: float,
    min_tokens: int,
    max_tokens: int,
) -> Worker:
    """The question-answer pairs that QUALS (mode clean) asks about a summary."""
    from quals_jax.decoding.options import BeamSearch
    from quals_jax.decoding.searcher import Hypothesis, Searcher
    from quals_jax.metrics.pair_filter import Candidate, filter_clean
    from quals_jax.parallel.batches import RowFailure
    from quals_jax.text.qa_pairs import decode_pair, separator_of

    separator_id = separator_of(model.tokenizer, model.quals.separator_id)
    options = BeamSearch(
        num_beams,
        num_groups=num_beams,
        diversity_strength=diversity_strength,
        min_len=min_tokens,
        max_len=max_tokens,
    )
    searcher = Searcher(model.config, model.params, options, model.quals.forced_bos_id)

    def pairs_of(summary: str, hypotheses: list[Hypothesis]) -> list[dict[str, Any]]:
        texts = [decode_pair(model.tokenizer, h.tokens, separator_id) for h in hypotheses]
        candidates = [
            Candidate(*(pair or ("", "")), float(h.log_probs.sum()), malformed=pair is None)
            for pair, h in zip(texts, hypotheses, strict=True)
        ]
        return [
            {
                "question": candidates[i].question,
                "answer": candidates[i].answer,
                "log_prob": round(float(hypotheses[i].log_probs.mean()), 6),
            }
            for i in filter_clean(summary, candidates, num_pairs).kept
        ]

    def process(rows: list[SummaryRow], report: Report) -> list[dict[str, Any]]:
        summaries = [summary.strip() for row in rows for summary in row.summaries]
        full = [summary for summary in summaries if summary]
        rows_per_summary = len(rows) / max(1, len(full))
        found = iter(
            searcher.search(
                [_source(model, summary) for summary in full],
                lambda done: report(done * rows_per_summary),
            )
        )
        outcomes = iter([next(found) if summary else [] for summary in summaries])
        return [output_row(row, [next(outcomes) for _ in row.summaries]) for row in rows]

    def output_row(row: SummaryRow, outcomes: list[Any]) -> dict[str, Any]:
        for outcome in outcomes:
            if isinstance(outcome, RowFailure):
                return error_row(outcome.code, outcome.message)
        pairs = [
            pairs_of(summary.strip(), hypotheses)
            for summary, hypotheses in zip(row.summaries, outcomes, strict=True)
        ]
        if row.single:
            return {"summary": row.summaries[0], "pairs": pairs[0]}
        return {"summaries": list(row.summaries), "pairs": pairs}

    return Worker(process, _signature(model, f"beams:{num_beams}|pairs:{num_pairs}"))


def _source(model: "ModelFolder", text: str) -> list[int]:
    return model.tokenizer.encode_source(
        text.strip(), model.quals.max_source_tokens, add_bos=model.quals.add_bos
    )


def _signature(model: "ModelFolder", what: str) -> str:
    parts = [
        f"quals-jax {quals_jax.__version__}",
        what,
        f"weights:{model.quals.weights_sha256[:8]}",
    ]
    return "|".join(parts + [model.config.dtype] * (model.config.dtype != "float32"))


class GeneratedTally:
    """Counts generated texts and pairs."""

    def __init__(self):
        self._texts = self._pairs = self._rows = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes an output row."""
        if row.get("status") == "error":
            return
        self._rows += 1
        self._texts += len(row.get("summaries", [0]))
        for pairs in row.get("pairs", []):
            self._pairs += len(pairs) if isinstance(pairs, list) else 1

    def line(self) -> str:
        """For example ``600 summaries of 100 rows``."""
        pairs = f"{self._pairs} pairs about " if self._pairs else ""
        return f"{pairs}{self._texts} summaries of {self._rows} rows"
