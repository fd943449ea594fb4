"""How probable is the summary given the document? After BARTScore (Yuan et al. 2021), s -> h.

    metric = BartScore(load_model_folder("models/bart-large-cnn"))
    metric.evaluate([Example("Ann lives in Rome.", "Ann lives in Paris.")])  # [{"bartscore": -2.9}]

As in the official code the score is the mean log-probability over all target tokens, ``</s>`` and,
in folders of Hugging Face's habits, the leading ``<s>`` included, and document and summary are each
cut at the model's length.
"""

from collections.abc import Sequence
from typing import Any

import quals_jax
from quals_jax.checkpoints.model_folder import ModelFolder
from quals_jax.metrics.metric import Example, Report, empty_text, nothing
from quals_jax.parallel.batches import RowFailure
from quals_jax.scoring import Scorer


class BartScore:
    """Mean log-probability per token of the summary given the document, nats, by any BART.

    Differs from the official code: an empty document or summary has no score.
    """

    name = "bartscore"
    keys = ("bartscore",)

    def __init__(self, model: ModelFolder):
        self._model = model
        self._scorer = Scorer(model.config, model.params)

    @property
    def signature(self) -> str:
        """Version, conventions, where texts are cut, weights."""
        conventions, limit = self._model.quals, self._model.quals.max_source_tokens
        parts = [
            f"quals-jax {quals_jax.__version__}",
            "summary given document",
            f"cut:{limit} tokens",
            f"bos:{'yes' if conventions.add_bos else 'no'}",
            f"weights:{conventions.weights_sha256[:8]}",
        ]
        if self._model.config.dtype != "float32":
            parts.append(self._model.config.dtype)
        return "|".join(parts)

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """Reasons: ``empty_summary``, ``empty_document``, ``out_of_memory``, ``non_finite``."""
        rows = [_empty(example) for example in examples]
        places: dict[str, list[int]] = {}
        for place, example in enumerate(examples):
            if rows[place] is None:
                places.setdefault(example.document, []).append(place)
        report(len(examples) - sum(map(len, places.values())))
        share = sum(map(len, places.values())) / max(1, len(places))
        outcomes = self._scorer.score(
            [self._tokens(document) for document in places],
            [[self._tokens(examples[i].summary) for i in group] for group in places.values()],
            lambda done: report(done * share),
        )
        for group, outcome in zip(places.values(), outcomes, strict=True):
            for n, place in enumerate(group):
                rows[place] = _row(outcome, n)
        return [row for row in rows if row is not None]

    def _tokens(self, text: str) -> list[int]:
        conventions = self._model.quals
        return self._model.tokenizer.encode_source(
            text, conventions.max_source_tokens, add_bos=conventions.add_bos
        )


def _empty(example: Example) -> dict[str, Any] | None:
    reason = empty_text(example)
    return None if reason is None else {"bartscore": None, "reason": reason}


def _row(outcome: Sequence[Any] | RowFailure, n: int) -> dict[str, Any]:
    if isinstance(outcome, RowFailure):
        return {"bartscore": None, "reason": outcome.code, "error": outcome.message}
    return {"bartscore": float(outcome[n].mean(dtype="float64"))}
