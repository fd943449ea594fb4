"""Names of people, places and organisations by how they are written: no model, English only.

>>> entity_spans(["The mayor of New York met Ann Lee.", "Rome was next."])
[('New York', 'Ann Lee'), ()]

A stand-in for a named-entity recogniser where none is installed. It takes every run of capitalised
words, so titles of films and brands too, and misses names written small. The first word of a
sentence, capitalised anyway, is believed only with a reason (see ``entity_spans``).
"""

import re
from collections.abc import Iterator, Sequence

from quals_jax.text.entity_match import STOP_WORDS

# "U.S.", "O'Brien", "Al-Qaeda", "AT&T" are one word each.
_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|\w+(?:[-'’&]\w+)*")
_POSSESSIVE = re.compile(r"['’]s$")
_INSIDE = frozenset(("of", "de", "del", "la", "le", "du", "van", "von", "der", "den", "di", "da"))
_TITLES = frozenset(("mr", "mrs", "ms", "miss", "dr", "prof", "professor", "sir", "dame", "lord"))
# Dates are none of the official code's tracked types.
_DATES = """
monday tuesday wednesday thursday friday saturday sunday january february march april may june july
august september october november december
"""
_CONTRACTIONS = frozenset(f"i{quote}{end}" for quote in "'’" for end in ("m", "ve", "ll", "d"))
_NO_NAMES = STOP_WORDS | _TITLES | _CONTRACTIONS | frozenset(_DATES.split())


def entity_spans(sentences: Sequence[str]) -> list[tuple[str, ...]]:
    """For each sentence of a text the names in it, in order, repetitions included.

    A name is a longest run of capitalised words with blanks alone between them; "of", "de", "van"
    and the like may stand inside. Stop words, titles ("Mr"), weekdays and months at its ends are
    cut off, so is "'s", which ends a name. A name that is nothing but the first word of a sentence
    counts where it is written in more than one capital (NATO, McCann) or is capitalised elsewhere
    in the text.
    """
    runs = [list(_runs(sentence)) for sentence in sentences]
    sure = {
        word for some in runs for start, words in some for word in (words[1:] if start else words)
    }
    return [
        tuple(
            " ".join(words)
            for starts, words in some
            if not (starts and len(words) == 1) or words[0] in sure or _has_two_capitals(words[0])
        )
        for some in runs
    ]


def _runs(sentence: str) -> Iterator[tuple[bool, list[str]]]:
    """(does it begin the sentence, words) of each run of capitalised words."""
    found = list(_WORD.finditer(sentence))
    first = 0
    while first < len(found):
        last = _run_end(sentence, found, first)
        words = [_POSSESSIVE.sub("", match[0]) for match in found[first : last + 1]]
        names = [i for i, word in enumerate(words) if not _is_no_name(word)]
        if names and _is_capitalised(words[0]):
            yield first + names[0] == 0, words[names[0] : names[-1] + 1]
        first = last + 1


def _run_end(sentence: str, words: list[re.Match[str]], first: int) -> int:
    """Index of the last word of the run that begins with word ``first``."""
    last = first
    if not _is_capitalised(words[first][0]):
        return last
    for i in range(first + 1, len(words)):
        if sentence[words[i - 1].end() : words[i].start()].strip(" ") or _POSSESSIVE.search(
            words[i - 1][0]
        ):
            break
        if _is_capitalised(words[i][0]):
            last = i
        elif words[i][0] not in _INSIDE:
            break
    return last


def _is_capitalised(word: str) -> bool:
    return word[0].isupper()


def _has_two_capitals(word: str) -> bool:
    return sum(letter.isupper() for letter in word) > 1


def _is_no_name(word: str) -> bool:
    small = word.lower()
    if small == "us":
        return word != "US"
    return small in _NO_NAMES
