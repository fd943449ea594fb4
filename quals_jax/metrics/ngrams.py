"""N-gram precision: how much of a summary is copied from its document.

    ngram_precision("The cat sat on a mat.", "A cat sat down.", 2)      # 1/3: "cat sat"

No measure of truth, but a floor for such measures: copies are mostly true, and on the QAGS
judgements this alone correlates with people better than the published QAGS scores do. A metric
that is not above it has measured copying.
"""

import re
from collections.abc import Sequence
from typing import Any

from quals_jax.metrics.metric import Example, Report, nothing

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
        """A summary without a token has None and the reason ``empty_summary``."""
        rows: list[dict[str, Any]] = []
        for example in examples:
            document, summary = tokens(example.document), tokens(example.summary)
            row: dict[str, Any] = {
                key: _precision(document, summary, n)
                for key, n in zip(self.keys, LENGTHS, strict=True)
            }
            rows.append(row if summary else row | {"reason": "empty_summary"})
            report(1)
        return rows
