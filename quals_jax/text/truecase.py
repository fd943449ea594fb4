"""Case for texts that lost theirs, learned from texts that have it (Lita et al. 2003, simplified).

>>> truecaser = Truecaser(articles)
>>> truecaser.restore("Det insp alasdair barlow spoke in glasgow on monday.")
'Det Insp Alasdair Barlow spoke in Glasgow on Monday.'

A word takes the form that it mostly has, and has beside its neighbours.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"""[.!?]["'”’)\]]*\s*["'“‘(\[]*\s*$|:\s*["“‘]\s*$|\n\s*$""")
_SURE = 3  # so often seen, a pair of words is believed

Forms = Counter[str]


class Truecaser:
    """Counts of the forms of every word, alone and after or before another word.

    The first word of a sentence says nothing about its form, so it is not counted.
    """

    def __init__(self, texts: Iterable[str]):
        self._alone: defaultdict[str, Forms] = defaultdict(Counter)
        self._after: defaultdict[tuple[str, str], Forms] = defaultdict(Counter)
        self._before: defaultdict[tuple[str, str], Forms] = defaultdict(Counter)
        for text in texts:
            words = [match[0] for match in _WORD.finditer(text)]
            lower = [word.lower() for word in words]
            firsts = _first_words(text)
            for i, word in enumerate(words):
                if i in firsts:
                    continue
                self._alone[lower[i]][word] += 1
                self._after[lower[i - 1], lower[i]][word] += 1
                if i + 1 < len(words):
                    self._before[lower[i], lower[i + 1]][word] += 1

    def restore(self, text: str) -> str:
        """The text with the case of its words chosen anew; first words get a capital."""
        matches = list(_WORD.finditer(text))
        lower = [match[0].lower() for match in matches]
        firsts = _first_words(text)
        parts, end = [], 0
        for i, match in enumerate(matches):
            word = self._form(lower, i)
            word = word[0].upper() + word[1:] if i in firsts else word
            parts += [text[end : match.start()], word]
            end = match.end()
        return "".join([*parts, text[end:]])

    def _form(self, lower: list[str], i: int) -> str:
        word = lower[i]
        seen = self._alone.get(word)
        if not seen:
            return word
        neighbours = []
        if i:
            neighbours.append(self._after.get((lower[i - 1], word), Counter()))
        if i + 1 < len(lower):
            neighbours.append(self._before.get((word, lower[i + 1]), Counter()))

        def vote(form: str) -> float:
            votes = seen[form] / seen.total()
            for forms in neighbours:
                if forms:
                    votes += 2 * forms[form] / max(_SURE, forms.total())
            return votes

        return max(sorted(seen), key=vote)


def _first_words(text: str) -> set[int]:
    """Numbers of the words that begin a sentence."""
    firsts, end = set(), 0
    for i, match in enumerate(_WORD.finditer(text)):
        if i == 0 or _SENTENCE_END.search(text[end : match.start()]):
            firsts.add(i)
        end = match.end()
    return firsts
