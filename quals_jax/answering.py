"""Extractive question answering: which words of a text answer a question, or that none do.

>>> answerer = SpanAnswerer.from_folder("models/answers")
>>> answerer.answers(["Ann lives in Rome."], [["Where does Ann live?", "How old is Ann?"]])
[[Answer(text='Rome', score=4.2, start=13, end=17), Answer(text='', score=-2.9, start=0, end=0)]]

As the official SQuAD 2 script of BERT: a long context is read in overlapping windows, the best span
of all windows competes with the best case for no answer.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jaxtyping import Array, Int

from quals_jax.checkpoints.encoder_folder import EncoderFolder, load_encoder_folder
from quals_jax.models.bert import Bert, Params, bind, second_text
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.flops import encoder_flops
from quals_jax.models.spans import best_spans
from quals_jax.parallel.batches import RowFailure, Shape, length_bucket, run_in_batches
from quals_jax.parallel.rows import jit_over_rows, pad_rows
from quals_jax.text.pair_tokenizer import PAIR_TOKENS, join_pair
from quals_jax.text.windows import windows

# Tokens of all pairs in one device call.
TOKENS_PER_BATCH = {"cpu": 8_192, "gpu": 65_536, "tpu": 65_536}


@dataclasses.dataclass(frozen=True)
class AnswerOptions:
    """How an answer is chosen.

    ``null_threshold``: a span must beat "no answer" by more than so many nats; -inf always answers,
    which is right for models that never saw a question without an answer (SQuAD 1).
    """

    max_answer_tokens: int = 30
    max_question_tokens: int = 64  # a longer question is cut
    overlap_tokens: int = 128  # that neighbouring windows share
    null_threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.max_answer_tokens < 1 or self.max_question_tokens < 1 or self.overlap_tokens < 0:
            raise ValueError(f"{self}: expected lengths of at least 1 and an overlap >= 0")


@dataclasses.dataclass(frozen=True)
class Answer:
    """``context[start:end]``, or no answer (empty ``text``, ``start`` and ``end`` 0).

    ``score``: logit of the best span minus that of "no answer", nats; NaN where ``failure`` says
    why there is no result.
    """

    text: str
    score: float
    start: int
    end: int
    failure: RowFailure | None = None


@dataclasses.dataclass(frozen=True)
class _Window:
    """A question with a part of its context, ready for the model."""

    context: int
    question: int
    ids: list[int]
    first: int  # position of the first context token in ``ids``
    offset: int  # index of that token in the context


@dataclasses.dataclass(frozen=True)
class _Span:
    """The best span of a window (positions of its first and last token) and the null score."""

    score: float
    start: int
    end: int
    null: float


_Outcome = _Span | RowFailure


class SpanAnswerer:
    """Answers questions with one model, many at a time; the same inputs give the same answers."""

    def __init__(self, model: EncoderFolder, options: AnswerOptions | None = None):
        if model.config.head != "span":
            raise ValueError(
                f"{model.path} has a head for {model.config.head}, expected one for answer spans"
            )
        self.model, self.options = model, options or AnswerOptions()
        self._spans = _compiled(model.config, self.options.max_answer_tokens)
        self._tokens_per_batch = TOKENS_PER_BATCH.get(jax.default_backend(), 65_536)

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        options: AnswerOptions | None = None,
        dtype: Literal["float32", "bfloat16"] = "float32",
    ) -> "SpanAnswerer":
        """Loads a model folder; raises as `load_encoder_folder` does."""
        return cls(load_encoder_folder(folder, dtype), options)

    @property
    def signature(self) -> str:
        """What the answers depend on: weights and options that are not the defaults."""
        parts = [f"weights:{self.model.settings.weights_sha256[:8]}"]
        for field in dataclasses.fields(self.options):
            value = getattr(self.options, field.name)
            if value != field.default:
                parts.append(f"{field.name}:{value}")
        return "|".join(parts)

    def answers(
        self,
        contexts: Sequence[str],
        questions: Sequence[Sequence[str]],
        report: Callable[[int], None] = lambda done: None,
    ) -> list[list[Answer]]:
        """The answer to each of ``questions[i]`` in ``contexts[i]``.

        ``report`` is told how many windows each batch finished. An empty context or question has
        no answer (score -inf). Raises ValueError for lists of different length.
        """
        if len(contexts) != len(questions):
            raise ValueError(f"{len(contexts)} contexts but {len(questions)} lists of questions")
        tokenizer = self.model.tokenizer
        texts = tokenizer.encode_with_offsets(contexts)
        flat = [question for group in questions for question in group]
        asked = iter(tokenizer.encode_with_offsets(flat))
        pairs: list[_Window] = []
        for context, group in enumerate(questions):
            for question in range(len(group)):
                pairs += self._windows(context, question, next(asked).ids, texts[context].ids)
        found = self._run(pairs, report)
        results: list[list[list[tuple[_Window, _Outcome]]]] = [[[] for _ in g] for g in questions]
        for window, outcome in zip(pairs, found, strict=True):
            results[window.context][window.question].append((window, outcome))
        return [
            [self._choose(contexts[i], texts[i].offsets, cases) for cases in group]
            for i, group in enumerate(results)
        ]

    def _windows(
        self, context: int, question: int, asked: list[int], text: list[int]
    ) -> list[_Window]:
        if not asked or not text:
            return []
        asked = asked[: self.options.max_question_tokens]
        room = self.model.settings.max_tokens - PAIR_TOKENS - len(asked)
        if room < 1:
            raise ValueError(
                f"a question of {len(asked)} tokens leaves no room in a model of "
                f"{self.model.settings.max_tokens}; lower max_question_tokens"
            )
        return [
            _Window(
                context,
                question,
                join_pair(self.model.tokenizer, asked, text[start:end]),
                first=len(asked) + 2,
                offset=start,
            )
            for start, end in windows(len(text), room, self.options.overlap_tokens)
        ]

    def _run(self, pairs: list[_Window], report: Callable[[int], None]) -> list[_Outcome]:
        limit = self.model.settings.max_tokens
        shapes = [(length_bucket(len(pair.ids), limit),) for pair in pairs]

        def max_rows(shape: Shape) -> int:
            return max(1, self._tokens_per_batch // shape[0])

        def run(shape: Shape, batch: list[int]) -> list[_Outcome]:
            pad_id = self.model.config.pad_id
            src_BS = pad_rows([pairs[i].ids for i in batch], shape[0], pad_id, max_rows(shape))
            spans = [np.asarray(values) for values in self._spans(self.model.params, src_BS)]
            return [_Span(*(values[row].item() for values in spans)) for row in range(len(batch))]

        def flops(shape: Shape) -> float:
            return encoder_flops(self.model.config, shape[0])

        return run_in_batches(shapes, max_rows, flops, run, report)

    def _choose(
        self, context: str, offsets: list[tuple[int, int]], cases: list[tuple[_Window, _Outcome]]
    ) -> Answer:
        """The best span of all windows, unless "no answer" is better in the best window for it."""
        if not cases:
            return Answer("", float("-inf"), 0, 0)
        spans: list[tuple[_Window, _Span]] = []
        for window, outcome in cases:
            if isinstance(outcome, RowFailure):
                return Answer("", float("nan"), 0, 0, outcome)
            spans.append((window, outcome))
        if not all(np.isfinite([span.score, span.null]).all() for _, span in spans):
            failure = RowFailure("non_finite", "the model gives NaN or infinite logits")
            return Answer("", float("nan"), 0, 0, failure)
        window, best = max(spans, key=lambda case: case[1].score)
        # The official script takes the lowest case for "no answer": other windows lack the answer.
        score = best.score - min(span.null for _, span in spans)
        if not score > self.options.null_threshold:
            return Answer("", score, 0, 0)
        shift = window.offset - window.first
        start, end = offsets[best.start + shift][0], offsets[best.end + shift][1]
        text = context[start:end]
        start += len(text) - len(text.lstrip())  # a byte-level token holds the blank before it
        text = text.strip()
        return Answer(text, score, start, start + len(text))


@functools.lru_cache(maxsize=16)
def _compiled(config: BertConfig, max_answer_tokens: int) -> Callable:
    def spans(params: Params, src_BS: Int[Array, "b s"]) -> tuple[Array, Array, Array, Array]:
        model: Bert = bind(config, params)
        start_BS, end_BS = model.span_logits(model.encode(src_BS, src_BS != config.pad_id))
        allowed_BS = second_text(src_BS, config.sep_id)
        score_B, first_B, last_B = best_spans(start_BS, end_BS, allowed_BS, max_answer_tokens)
        return score_B, first_B, last_B, start_BS[:, 0] + end_BS[:, 0]

    return jit_over_rows(spans)
