"""QUALS with the calls of a metric of Hugging Face's `evaluate`, which is not needed for it.

>>> metric = QualsModule.load("models/qagen")        # in the place of evaluate.load("…")
>>> metric.compute(predictions=["Ann lives in Paris."], sources=["Ann lives in Rome."])
{'quals': -0.8, 'scores': [-0.8], 'reasons': [None], 'signature': 'quals-jax 0.1.0|mode:clean…'}
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from quals_jax.checkpoints.open_qagen import OPEN_QAGEN
from quals_jax.metrics.quals import Quals

_NO_REFERENCES = (
    "QUALS compares a summary with its document and knows no references: pass sources=[document, …]"
)


class QualsModule:
    """`add`, `add_batch` and `compute` as in `evaluate`; ``sources`` as in its COMET.

    Predictions are the summaries, sources their documents, one each.
    """

    name = "quals"

    def __init__(self, quals: Quals):
        self.quals = quals
        self._predictions: list[str] = []
        self._sources: list[str] = []

    @classmethod
    def load(
        cls,
        folder: str | Path = OPEN_QAGEN,
        mode: Literal["clean", "paper"] = "clean",
        **options: object,
    ) -> "QualsModule":
        """From a model folder, as `Quals.from_pretrained`; nothing is downloaded."""
        return cls(Quals.from_pretrained(folder, mode, **options))

    def add(self, *, prediction: str, source: str) -> None:
        """Keeps one pair for `compute`."""
        self.add_batch(predictions=[prediction], sources=[source])

    def add_batch(
        self,
        *,
        predictions: Sequence[str],
        sources: Sequence[str] | None = None,
        references: object = None,
    ) -> None:
        """Keeps pairs for `compute`. ValueError for lists that do not fit, or without sources."""
        if references is not None or sources is None:
            raise ValueError(_NO_REFERENCES)
        for name, texts in (("predictions", predictions), ("sources", sources)):
            if isinstance(texts, str):
                raise ValueError(f"{name} is one text, expected a list of texts")
        if len(predictions) != len(sources):
            raise ValueError(
                f"{len(predictions)} predictions but {len(sources)} sources: one source each"
            )
        self._predictions.extend(predictions)
        self._sources.extend(sources)

    def compute(
        self,
        *,
        predictions: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        references: object = None,
    ) -> dict[str, Any]:
        """Scores the pairs given, after those kept by `add`, and forgets them.

        ``quals`` is the mean of ``scores`` (nats per token) over the summaries that have one, None
        where none has; ``reasons`` says of the others why not.
        """
        if predictions is not None or sources is not None or references is not None:
            self.add_batch(predictions=predictions or [], sources=sources, references=references)
        kept = self._sources, self._predictions
        self._sources, self._predictions = [], []
        results = self.quals.score(*kept)
        scores = [result.quals for result in results]
        known = [score for score in scores if score is not None]
        return {
            "quals": sum(known) / len(known) if known else None,
            "scores": scores,
            "reasons": [result.reason for result in results],
            "signature": self.quals.signature,
        }
