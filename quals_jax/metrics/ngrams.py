"""N-gram precision: how much of a summary is copied from its document.

    ngram_precision("The cat sat on a mat.", "A cat sat down.", 2)      # 1/3: "cat sat"

No measure of truth, but a floor for such measures: copies are mostly true, and on the QAGS
judgements this alone correlates with people better than the published QAGS scores do. A metric
that is not above it has measured copying.
"""

import re
from collections.abc import Sequence
from typing import Any

from quals_jax.metrics.metric import Example, Report, empty_text, nothing

_TOKEN = re.compile("[a-z0-9]+")
LENGTHS = (1, 2, 3)


def tokens(text: str) -> list[str]:
    """Runs of a-z and 0-9 of the lower-cased text; other scripts have no tokens."""
    return _TOKEN.findall(text.lower())


def ngram_precision(document: str, summary: str, n: int) -> float | None:
    """Share of the summary's n-grams that occur in the document; None where it has no n-gram.

    Every occurrence in the summary counts, however often the document has it (no clipping).
    """
    return _precision(tokens(document), tokens(summary), n)


def _precision(document: list[str], summary: list[str], n: int) -> float | None:
    wanted = _ngrams(summary, n)
    if not wanted:
        return None
    known = set(_ngrams(document, n))
    return sum(ngram in known for ngram in wanted) / len(wanted)


def _ngrams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[i:] for i in range(n)), strict=False))


class NgramPrecision:
    """The precision of 1-, 2- and 3-grams as a metric; longer ones are None in short summaries."""

    name = "ngram"
    keys = tuple(f"ngram{n}_precision" for n in LENGTHS)
    signature = "tokens:[a-z0-9]+ of lower-cased text|occurrences"

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """Reasons: ``empty_summary``, ``empty_document``, ``no_tokens`` (in the summary)."""
        rows = []
        for example in examples:
            rows.append(self._row(example))
            report(1)
        return rows

    def _row(self, example: Example) -> dict[str, Any]:
        document, summary = tokens(example.document), tokens(example.summary)
        if reason := empty_text(example) or (None if summary else "no_tokens"):
            return dict.fromkeys(self.keys) | {"reason": reason}
        return {
            key: _precision(document, summary, n) for key, n in zip(self.keys, LENGTHS, strict=True)
        }
