"""FactCC (Kryściński et al. 2020): the mean over a summary's sentences of P(consistent).

>>> metric = FactCC.from_folder("models/factcc")
>>> metric.evaluate([Example("Ann lives in Rome.", "Ann lives in Bonn.")])
[{'factcc': 0.03}]

Differs from the paper, which counts sentences: a probability tells more and needs no threshold.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import quals_jax
from quals_jax.classifying import ClaimClassifier, ClassifierOptions
from quals_jax.data.context_views import sentences
from quals_jax.metrics.metric import Example, Report, nothing
from quals_jax.parallel.batches import RowFailure


class FactCC:
    """The metric with its classifier."""

    name = "factcc"
    keys = ("factcc",)

    def __init__(self, classifier: ClaimClassifier):
        self._classifier = classifier

    @classmethod
    def from_folder(cls, folder: str | Path, options: ClassifierOptions | None = None) -> "FactCC":
        """Loads a model folder; raises as `load_encoder_folder` does."""
        return cls(ClaimClassifier.from_folder(folder, options))

    @property
    def signature(self) -> str:
        """One line that names version, weights and options."""
        return f"factcc|quals-jax {quals_jax.__version__}|{self._classifier.signature}"

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """``factcc`` of every example; see `Metric`. Reasons: empty_summary, empty_document."""
        claims = [
            [sentence.strip() for sentence in sentences(example.summary)]
            if example.document.strip()
            else []
            for example in examples
        ]
        found = self._classifier.probabilities([e.document for e in examples], claims)
        report(len(examples))
        return [_row(example, values) for example, values in zip(examples, found, strict=True)]


def _row(example: Example, values: list[float | RowFailure]) -> dict[str, Any]:
    if not values:
        reason = "empty_document" if not example.document.strip() else "empty_summary"
        return {
            "factcc": None,
            "reason": "empty_summary" if not example.summary.strip() else reason,
        }
    for value in values:
        if isinstance(value, RowFailure):
            return {"factcc": None, "reason": value.code, "error": value.message}
    return {"factcc": float(np.mean(np.asarray(values, float)))}
