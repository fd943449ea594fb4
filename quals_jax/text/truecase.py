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
_SENTENCE_END = re.compile(r"""[.!?]["'”’)\]]*\s+["'“‘(\[]*\s*$|:\s*["“‘]\s*$|\n\s*$""")
_SURE = 3  # so often seen, a pair of words is believed


class Truecaser:
    """Counts of the forms of every word, alone and beside another word in lower case.

    The first word of a sentence says nothing about its form, so it is not counted.
    """

    def __init__(self, texts: Iterable[str]):
        self._alone: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._after: Counter[tuple[str, str]] = Counter()  # (word before in lower case, form)
        self._before: Counter[tuple[str, str]] = Counter()  # (form, next word in lower case)
        for text in texts:
            words = [match[0] for match in _WORD.finditer(text)]
            lower = [word.lower() for word in words]
            firsts = _first_words(text)
            for i, word in enumerate(words):
                if i in firsts:
                    continue
                self._alone[lower[i]][word] += 1
                self._after[lower[i - 1], word] += 1
                if i + 1 < len(words):
                    self._before[word, lower[i + 1]] += 1

    def restore(self, text: str) -> str:
        """The text with the case of its words chosen anew; first words get a capital.

        Words that were never seen stay as they are.
        """
        matches = list(_WORD.finditer(text))
        lower = [match[0].lower() for match in matches]
        firsts = _first_words(text)
        parts, end = [], 0
        for i, match in enumerate(matches):
            word = self._form(lower, i) or match[0]
            word = word[0].upper() + word[1:] if i in firsts else word
            parts += [text[end : match.start()], word]
            end = match.end()
        return "".join([*parts, text[end:]])

    def _form(self, lower: list[str], i: int) -> str | None:
        seen = self._alone.get(lower[i])
        if not seen:
            return None
        beside = []  # per neighbour how often each form was seen there
        if i:
            beside.append({form: self._after[lower[i - 1], form] for form in seen})
        if i + 1 < len(lower):
            beside.append({form: self._before[form, lower[i + 1]] for form in seen})

        def vote(form: str) -> float:
            votes = seen[form] / seen.total()
            for counts in beside:
                votes += 2 * counts[form] / max(_SURE, sum(counts.values()))
            return votes

        return max(sorted(seen), key=vote)


def _first_words(text: str) -> set[int]:
    """Numbers of the words that begin a sentence; a letter and a full stop are no end of one."""
    firsts, end, before = set(), 0, ""
    for i, match in enumerate(_WORD.finditer(text)):
        gap = text[end : match.start()]
        is_short = len(before) == 1 and gap.startswith(".") and "\n" not in gap
        if i == 0 or (_SENTENCE_END.search(gap) and not is_short):
            firsts.add(i)
        end, before = match.end(), match[0]
    return firsts
