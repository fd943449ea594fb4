"""QUALS as one metric among others."""

from collections.abc import Sequence
from typing import Any

from quals_jax.metrics.metric import Example, Report, nothing
from quals_jax.metrics.quals import Quals, QualsResult


class QualsMetric:
    """The numbers of a `Quals`: mean, answers only and lowest pair in nats per token, low share.

    Examples with the same document are scored together, so that it is read once.
    """

    name = "quals"
    keys = ("quals", "quals_answer", "quals_min", "quals_low_share")

    def __init__(self, quals: Quals):
        self._quals = quals

    @property
    def signature(self) -> str:
        """The signature of `Quals`, and the threshold of a low pair."""
        return f"{self._quals.signature}|low:{self._quals.options.low_threshold:g}"

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """Reasons: those of `QualsResult`."""
        places: dict[str, list[int]] = {}
        for place, example in enumerate(examples):
            places.setdefault(example.document, []).append(place)
        groups = self._quals.score_grouped(
            list(places),
            [[examples[place].summary for place in group] for group in places.values()],
            report,
        )
        rows: list[dict[str, Any]] = [{} for _ in examples]
        for group, results in zip(places.values(), groups, strict=True):
            for place, result in zip(group, results, strict=True):
                rows[place] = self._row(result)
        return rows

    def _row(self, result: QualsResult) -> dict[str, Any]:
        values = (result.quals, result.answer, result.min, result.low_share)
        row: dict[str, Any] = dict(zip(self.keys, values, strict=True))
        if result.quals is None:
            row["reason"] = result.reason
        if result.error is not None:
            row["error"] = result.error
        return row
