"""Which texts share passages with texts that must not be trained on.

>>> judged = Passages(row.document for row in read_qags("mturk_cnndm.jsonl"))
>>> judged.found_in(article)

Only a to z and digits count, so tokenisation, case and cuts do not hide a passage.
"""

import re
from collections.abc import Iterable

_OTHER = re.compile(r"(?:-[lr][rsc]b-|[^a-z0-9])+")


class Passages:
    """Passages of ``length`` characters that count, beginning at every ``length / 2``-th of a text.

    A text that shares ``1.5 * length`` in a row with one of them is found for certain.
    """

    def __init__(self, texts: Iterable[str], length: int = 40):
        self.length = length
        self._passages: set[str] = set()
        for text in texts:
            letters = _letters(text)
            starts = range(0, len(letters) - length + 1, max(1, length // 2))
            self._passages.update(letters[start : start + length] for start in starts)

    def found_in(self, text: str) -> bool:
        """Whether the text holds one of the passages."""
        if not self._passages:
            return False
        letters = _letters(text)
        ends = range(self.length, len(letters) + 1)
        return any(letters[end - self.length : end] in self._passages for end in ends)


def _letters(text: str) -> str:
    return _OTHER.sub("", text.lower())
