"""QAGS (Wang et al. 2020): do document and summary answer questions about the summary alike?

Four steps: answer candidates are found in the summary, a model writes questions for each, a second
model answers them from the summary and from the document, and the answers are compared.

>>> metric = Qags.from_folder("models/qags")          # with questions/ and answers/ in it
>>> (result,) = metric.score(["Ann lives in Rome."], ["Ann lives in Paris."])
>>> result.qags, result.questions[0].question, result.questions[0].document_answer
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import quals_jax
from quals_jax.answering import Answer, SpanAnswerer
from quals_jax.checkpoints.model_folder import ModelFolder, load_model_folder
from quals_jax.decoding.searcher import Hypothesis, Searcher
from quals_jax.metrics.answer_candidates import candidate_finder
from quals_jax.metrics.metric import Example, Report, nothing
from quals_jax.metrics.qags_options import QagsOptions
from quals_jax.metrics.qags_result import AskedQuestion, QagsResult
from quals_jax.metrics.question_filter import Question, select_questions, well_formed
from quals_jax.parallel.batches import RowFailure
from quals_jax.text.qa_pairs import question_source, separator_of


class Answerer(Protocol):
    """Answers questions about texts as `SpanAnswerer` does."""

    @property
    def signature(self) -> str:
        """Names the model and its settings."""
        ...

    def answers(
        self, contexts: Sequence[str], questions: Sequence[Sequence[str]]
    ) -> list[list[Answer]]:
        """For each context the answers to its questions; an empty text is no answer."""
        ...


@dataclasses.dataclass
class _Item:
    """One summary on its way through the steps; it is done when it has a result."""

    document: str
    summary: str
    candidates: list[str] = dataclasses.field(default_factory=list)
    questions: list[Question] = dataclasses.field(default_factory=list)
    summary_answers: dict[str, str] = dataclasses.field(default_factory=dict)
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    result: QagsResult | None = None

    def drop(self, counts: dict[str, int]) -> None:
        for reason, count in counts.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count

    def fail(self, failure: RowFailure) -> None:
        self.result = QagsResult(None, failure.code, error=failure.message)


class Qags:
    """The metric with its two models."""

    name = "qags"
    keys = ("qags",)

    def __init__(
        self, questions: ModelFolder, answerer: Answerer, options: QagsOptions | None = None
    ):
        self.options = options or QagsOptions()
        self._model, self._answerer = questions, answerer
        self._separator_id = separator_of(questions.tokenizer, questions.quals.separator_id)
        self._find = candidate_finder(self.options.candidates, self.options.spacy_model)
        self._searcher = Searcher(
            questions.config, questions.params, self.options.search(), questions.quals.forced_bos_id
        )

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        options: QagsOptions | None = None,
        dtype: Literal["float32", "bfloat16"] = "float32",
    ) -> "Qags":
        """Loads ``folder/questions`` (a BART that writes questions) and ``folder/answers`` (a span
        model). Raises FileNotFoundError that names what is missing."""
        folder = Path(folder)
        for name, what in (("questions", "question generator"), ("answers", "span model")):
            if not (folder / name).is_dir():
                raise FileNotFoundError(
                    f"{folder}: no folder {name!r} with a {what}. A QAGS model is a folder with "
                    "questions/ (python -m train qg_squad) and answers/ (python -m train qa_squad)"
                )
        return cls(
            load_model_folder(folder / "questions", dtype),
            SpanAnswerer.from_folder(folder / "answers", dtype=dtype),
            options,
        )

    @property
    def signature(self) -> str:
        """One line that tells which metric this is: version, finder, settings, both models."""
        options = self.options
        parts = [
            f"qags|quals-jax {quals_jax.__version__}",
            f"candidates:{self._find.name}",
            f"answers:{options.num_answers}",
            f"beams:{options.num_beams}",
            f"questions:{options.num_questions}",
            *(["refill"] if options.refill else []),
            f"qg:{self._model.quals.weights_sha256[:8]}",
            f"qa:{self._answerer.signature}",
        ]
        for name in ("min_question_tokens", "max_question_tokens", "no_repeat_ngram_size"):
            if getattr(options, name) != getattr(QagsOptions, name):
                parts.append(f"{name}:{getattr(options, name)}")
        return "|".join(parts)

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """The scores as `quals_jax.metrics.metric.Metric` has them."""
        documents = [example.document for example in examples]
        results = self.score(documents, [example.summary for example in examples], report)
        return [_metric_row(result) for result in results]

    def score(
        self, documents: Sequence[str], summaries: Sequence[str], report: Report = nothing
    ) -> list[QagsResult]:
        """Scores each summary against the document in its place.

        ``report`` is told how many more summaries are done; the three model steps count a third
        each. No score, with a reason: ``empty_summary``, ``empty_document``, ``no_candidates``
        (nothing to ask about) and ``no_questions`` (no question passed the filters). Raises
        ValueError for lists of different length.
        """
        if len(documents) != len(summaries):
            raise ValueError(f"{len(documents)} documents but {len(summaries)} summaries")
        items = [_Item(d.strip(), s.strip()) for d, s in zip(documents, summaries, strict=True)]
        for item in items:
            if not item.summary:
                item.result = QagsResult(None, "empty_summary")
            elif not item.document:
                item.result = QagsResult(None, "empty_document")
        steps = (self._generate, self._select, self._compare)
        told = 0.0
        for number, step in enumerate(steps, start=1):
            step([item for item in items if item.result is None])
            done = sum(number / len(steps) if item.result is None else 1.0 for item in items)
            report(done - told)
            told = done
        return [item.result for item in items if item.result is not None]

    def _generate(self, items: list[_Item]) -> None:
        """Finds candidates and writes questions for each of them."""
        tokenizer, quals = self._model.tokenizer, self._model.quals
        start = [tokenizer.bos_id] if quals.add_bos else []
        asked: list[tuple[_Item, str]] = []
        sources: list[list[int]] = []
        for item in items:
            item.candidates = self._find(item.summary)[: self.options.num_answers]
            text_ids = tokenizer.break_separators(tokenizer.encode(item.summary))
            for candidate in item.candidates:
                try:
                    ids = question_source(
                        tokenizer,
                        text_ids[self._first_token(item.summary, candidate, len(text_ids)) :],
                        candidate,
                        quals.max_source_tokens + 1,
                        self._separator_id,
                    )
                except ValueError:  # a candidate as long as a source
                    item.drop({"candidate_too_long": 1})
                    continue
                asked.append((item, candidate))
                sources.append([*start, *ids])
        outcomes = self._searcher.search(sources)
        for (item, candidate), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, RowFailure):
                item.fail(outcome)
            else:
                item.questions += [self._question(found, candidate) for found in outcome]
        for item in items:
            item.questions, malformed = well_formed(item.questions)
            item.drop(malformed)
            if item.result is None and not item.questions:
                reason = "no_questions" if item.candidates else "no_candidates"
                item.result = QagsResult(None, reason, dropped=item.dropped)

    def _first_token(self, summary: str, candidate: str, num_tokens: int) -> int:
        """Where to begin reading a summary too long for the generator: around the candidate."""
        tokenizer = self._model.tokenizer
        room = self._model.quals.max_source_tokens - len(tokenizer.encode(candidate)) - 1
        if num_tokens <= room:
            return 0
        before = len(tokenizer.encode(summary[: max(0, summary.find(candidate))]))
        return max(0, min(before - room // 2, num_tokens - room))

    def _question(self, hypothesis: Hypothesis, candidate: str) -> Question:
        try:
            text = self._model.tokenizer.decode(hypothesis.tokens)
        except ValueError:  # an id without a text
            text = ""
        return Question(text, candidate, hypothesis.score)

    def _select(self, items: list[_Item]) -> None:
        """Answers all questions from the summaries and keeps those with the expected answer."""
        texts = [list(dict.fromkeys(q.text for q in item.questions)) for item in items]
        found = self._answers([item.summary for item in items], texts)
        for item, group, outcome in zip(items, texts, found, strict=True):
            if isinstance(outcome, RowFailure):
                item.fail(outcome)
                continue
            item.summary_answers = dict(zip(group, outcome, strict=True))
            selection = select_questions(
                item.questions,
                item.summary_answers,
                self.options.num_questions,
                refill=self.options.refill,
            )
            item.questions = list(selection.kept)
            item.drop(selection.dropped)
            if not item.questions:
                item.result = QagsResult(None, "no_questions", dropped=item.dropped)

    def _compare(self, items: list[_Item]) -> None:
        """Answers the kept questions from the documents and compares the answers."""
        texts = [[question.text for question in item.questions] for item in items]
        found = self._answers([item.document for item in items], texts)
        for item, outcome in zip(items, found, strict=True):
            if isinstance(outcome, RowFailure):
                item.fail(outcome)
                continue
            asked = [
                AskedQuestion(
                    question.text,
                    question.expected,
                    item.summary_answers[question.text],
                    answer,
                    question.log_prob,
                )
                for question, answer in zip(item.questions, outcome, strict=True)
            ]
            item.result = QagsResult.from_questions(asked, item.dropped)

    def _answers(
        self, contexts: list[str], questions: list[list[str]]
    ) -> list[list[str] | RowFailure]:
        """The texts of the answers, or why one of them could not be found."""
        outcomes: list[list[str] | RowFailure] = []
        for answers in self._answerer.answers(contexts, questions):
            failures = (answer.failure for answer in answers if answer.failure is not None)
            outcomes.append(next(failures, None) or [answer.text for answer in answers])
        return outcomes


def _metric_row(result: QagsResult) -> dict[str, Any]:
    row: dict[str, Any] = {"qags": result.qags}
    if result.reason is not None:
        row["reason"] = result.reason
    if result.error is not None:
        row["error"] = result.error
    return row
