"""QUALS (Nan et al. 2021): is every fact of a summary supported by its document?

A question-answer generation model writes question-answer pairs about the summary; a pair that is
much less probable given the document than given the summary points at an unsupported fact.

>>> metric = Quals.from_pretrained("models/qagen")
>>> (result,) = metric.score("Ann lives in Rome.", "Ann lives in Paris.")
>>> result.quals, result.pairs[0].question, result.pairs[0].answer
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

import quals_jax
from quals_jax.checkpoints.model_folder import ModelFolder, load_model_folder
from quals_jax.checkpoints.open_qagen import OPEN_QAGEN
from quals_jax.decoding.searcher import Hypothesis, Searcher
from quals_jax.metrics.answer_agreement import Answerer
from quals_jax.metrics.pair_filter import Candidate, filter_clean, filter_paper
from quals_jax.metrics.quals_options import QualsOptions
from quals_jax.metrics.quals_result import QAPair, QualsResult
from quals_jax.parallel.batches import RowFailure
from quals_jax.scoring import Scorer
from quals_jax.text.qa_pairs import decode_pair, separator_of

__all__ = ["QAPair", "Quals", "QualsOptions", "QualsResult"]


@dataclasses.dataclass(frozen=True)
class _Pair:
    """A kept pair on its way from the summary to the document."""

    question: str
    answer: str
    tokens: list[int]
    log_probs_summary: np.ndarray


@dataclasses.dataclass
class _Item:
    """One summary on its way through the stages; it is done when it has a result."""

    row: int
    document: str
    summary: str
    pairs: list[_Pair] = dataclasses.field(default_factory=list)
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    summary_source: list[int] = dataclasses.field(default_factory=list)
    best_windows: list[list[int]] = dataclasses.field(default_factory=list)  # of every pair
    truncated_tokens: int = 0
    result: QualsResult | None = None


class Quals:
    """The metric with its question-answer generation model."""

    def __init__(self, model: ModelFolder, options: QualsOptions | None = None):
        self.model = model
        self._separator_id = separator_of(model.tokenizer, model.quals.separator_id)
        self.options = options or QualsOptions()
        self._searcher = Searcher(
            model.config, model.params, self.options.search(), model.quals.forced_bos_id
        )
        self._scorer = Scorer(model.config, model.params)
        self._answerer = Answerer(model, respell=self.options.mode == "paper")

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path = OPEN_QAGEN,
        mode: Literal["clean", "paper"] = "clean",
        **options: object,
    ) -> "Quals":
        """Loads a model folder; nothing is downloaded. ``options``: fields of `QualsOptions`.

        Without a folder it is the small QAGen that comes with the package (docs/open-qagen.md).
        Every beam is a group of its own unless ``num_groups`` says otherwise.
        """
        if "num_beams" in options:
            options.setdefault("num_groups", options["num_beams"])
        return cls(load_model_folder(folder), QualsOptions(mode=mode, **options))  # pyrefly: ignore

    @property
    def signature(self) -> str:
        """One line that tells which metric this is: version, mode, settings, weights."""
        parts = [
            f"quals-jax {quals_jax.__version__}",
            f"mode:{self.options.mode}",
            f"beams:{self.options.num_beams}",
            f"pairs:{self.options.num_pairs}",
            f"weights:{self.model.quals.weights_sha256[:8]}",
        ]
        shown = {"mode", "num_beams", "num_pairs", "low_threshold"}
        for field in dataclasses.fields(QualsOptions):
            value = getattr(self.options, field.name)
            if field.name not in shown and value != field.default:
                parts.append(f"{field.name}:{value}")
        if self.model.config.dtype != "float32":
            parts.append(self.model.config.dtype)
        return "|".join(parts)

    def score(
        self, documents: str | Sequence[str], summaries: str | Sequence[str]
    ) -> list[QualsResult]:
        """Scores each summary against its document, in order.

        Two lists of equal length, or one document (str) with one or many summaries. Raises
        ValueError for lists of different length and TypeError for anything but text.
        """
        if isinstance(summaries, str):
            summaries = [summaries]
        if isinstance(documents, str):
            return self.score_grouped([documents], [summaries])[0]
        if len(documents) != len(summaries):
            raise ValueError(
                f"{len(documents)} documents but {len(summaries)} summaries: give one document "
                "per summary, or a single document as str"
            )
        grouped = self.score_grouped(documents, [[summary] for summary in summaries])
        return [result for (result,) in grouped]

    def score_grouped(
        self,
        documents: Sequence[str],
        summaries: Sequence[Sequence[str]],
        report: Callable[[float], None] = lambda done: None,
    ) -> list[list[QualsResult]]:
        """Scores several summaries per document; each document is encoded once for all of them.

        ``report`` is called with the number of summaries finished since the last call (generation
        and scoring count half each).
        """
        _check_texts(documents, summaries)
        items = [
            _Item(row, document.strip(), summary.strip())
            for row, (document, group) in enumerate(zip(documents, summaries, strict=True))
            for summary in group
        ]
        for item in items:
            if not item.summary:
                item.result = QualsResult(None, reason="empty_summary")
            elif not item.document:
                item.result = QualsResult(None, reason="empty_document")
        report(sum(item.result is not None for item in items))

        self._generate_pairs(_unfinished(items), lambda done: report(0.5 * done))
        for item in _unfinished(items):
            if not item.pairs:
                item.result = self._result(item, [])
        scored = _unfinished(items)
        self._score_pairs(scored, lambda done: report(0.5 * done))
        if self.options.answer_f1 is not None:
            self._compare_answers([item for item in scored if item.result and item.result.pairs])

        grouped: list[list[QualsResult]] = [[] for _ in documents]
        for item in items:
            assert item.result is not None
            grouped[item.row].append(item.result)
        return grouped

    def _generate_pairs(self, items: list[_Item], report: Callable[[float], None]) -> None:
        """Searches for pairs of every summary and filters them."""
        limit = self.model.quals.max_source_tokens
        for item in items:
            tokens = self._encode(item.summary)
            item.truncated_tokens += max(0, len(tokens) - limit)
            item.summary_source = self._source(tokens[:limit])
        sources = [item.summary_source for item in items]
        for item, outcome in zip(items, self._searcher.search(sources, report), strict=True):
            if isinstance(outcome, RowFailure):
                item.result = QualsResult.failed(outcome.code, outcome.message)
            else:
                item.pairs, item.dropped = self._filter(item.summary, outcome)

    def _filter(
        self, summary: str, hypotheses: list[Hypothesis]
    ) -> tuple[list[_Pair], dict[str, int]]:
        """The kept pairs, and how many were dropped for which reason."""
        paper = self.options.mode == "paper"
        decoded = [
            decode_pair(self.model.tokenizer, hypothesis.tokens, self._separator_id)
            for hypothesis in hypotheses
        ]
        # The official scores keep the penalties of the search; the clean ones never had them.
        totals = [h.total_score if paper else float(h.log_probs.sum()) for h in hypotheses]
        candidates = [
            Candidate(*(texts or ("", "")), total, malformed=texts is None)
            for texts, total in zip(decoded, totals, strict=True)
        ]
        select = filter_paper if paper else filter_clean
        selection = select(summary, candidates, self.options.num_pairs)
        pairs = [
            _Pair(
                candidates[i].question,
                candidates[i].answer,
                hypotheses[i].tokens,
                hypotheses[i].search_scores if paper else hypotheses[i].log_probs,
            )
            for i in selection.kept
        ]
        return pairs, selection.dropped

    def _score_pairs(self, items: list[_Item], report: Callable[[float], None]) -> None:
        """Scores the pairs on the documents: each window of a document once, for all its pairs."""
        by_document: dict[int, list[_Item]] = {}
        for item in items:
            by_document.setdefault(item.row, []).append(item)
        sources: dict[int, list[list[int]]] = {}
        targets: list[list[list[int]]] = []
        for row, group in by_document.items():
            windows, truncated = self._windows(self._encode(group[0].document))
            for item in group:
                item.truncated_tokens += truncated
            sources[row] = [self._source(window) for window in windows]
            targets += [[pair.tokens for item in group for pair in item.pairs]] * len(windows)

        outcomes = iter(
            self._scorer.score([s for group in sources.values() for s in group], targets)
        )
        for row, group in by_document.items():
            scored = [next(outcomes) for _ in sources[row]]
            failures = [outcome for outcome in scored if isinstance(outcome, RowFailure)]
            if failures:
                for item in group:
                    item.result = QualsResult.failed(failures[0].code, failures[0].message)
                continue
            # The window that supports a pair best speaks for the document.
            best = iter(
                [
                    max(zip(views, sources[row], strict=True), key=lambda view: np.mean(view[0]))
                    for views in zip(*scored, strict=True)
                ]
            )
            for item in group:
                chosen = [next(best) for _ in item.pairs]
                item.best_windows = [window for _, window in chosen]
                item.result = self._result(item, [log_probs for log_probs, _ in chosen])
        report(len(items))

    def _compare_answers(self, items: list[_Item]) -> None:
        """Answers the questions of the pairs and adds the answers to the results."""
        questions = [
            [self._answerer.question(pair.question, pair.tokens) for pair in item.pairs]
            for item in items
        ]
        found = [self._answerer.answers([item.best_windows for item in items], questions)]
        if self.options.answer_f1 == "summary":
            summaries = [[item.summary_source] * len(item.pairs) for item in items]
            found.append(self._answerer.answers(summaries, questions))
        for item, *sides in zip(items, *found, strict=True):
            failures = [side for side in sides if isinstance(side, RowFailure)]
            if failures:
                item.result = QualsResult.failed(failures[0].code, failures[0].message)
            elif item.result is not None:
                item.result = item.result.with_answers(*sides)

    def _result(self, item: _Item, log_probs_document: list[np.ndarray]) -> QualsResult:
        pairs = tuple(
            QAPair(
                question=pair.question,
                answer=pair.answer,
                tokens=tuple(self.model.tokenizer.pieces(pair.tokens)),
                log_probs_document=tuple(map(float, document)),
                log_probs_summary=tuple(map(float, pair.log_probs_summary)),
                num_answer_tokens=len(pair.tokens) - pair.tokens.index(self._separator_id) - 2,
            )
            for pair, document in zip(item.pairs, log_probs_document, strict=True)
        )
        return QualsResult.from_pairs(
            pairs,
            self.options.low_threshold,
            dropped=item.dropped,
            truncated_tokens=item.truncated_tokens,
        )

    def _encode(self, text: str) -> list[int]:
        tokenizer = self.model.tokenizer
        return tokenizer.break_separators(tokenizer.encode(text))

    def _source(self, tokens: list[int]) -> list[int]:
        tokenizer = self.model.tokenizer
        prefix = [tokenizer.bos_id] if self.model.quals.add_bos else []
        return [*prefix, *tokens, tokenizer.eos_id]

    def _windows(self, tokens: list[int]) -> tuple[list[list[int]], int]:
        """The document as windows that overlap by half, and the number of tokens left out."""
        size = self.model.quals.max_source_tokens
        limit = size if self.options.mode == "paper" else self.options.max_document_tokens
        kept = tokens[: max(size, limit)]
        starts = range(0, max(1, len(kept) - size // 2), max(1, size // 2))
        return [kept[start : start + size] for start in starts], len(tokens) - len(kept)


def _unfinished(items: list[_Item]) -> list[_Item]:
    return [item for item in items if item.result is None]


def _check_texts(documents: Sequence[str], summaries: Sequence[Sequence[str]]) -> None:
    if len(documents) != len(summaries):
        raise ValueError(
            f"{len(documents)} documents but {len(summaries)} lists of summaries: give one list "
            "of summaries per document"
        )
    for row, (document, group) in enumerate(zip(documents, summaries, strict=True)):
        for name, text in [("document", document), *(("summary", text) for text in group)]:
            if not isinstance(text, str):
                raise TypeError(f"{name} of row {row} is {type(text).__name__}, expected str")
