"""Noun phrases by the words around them: no model, English only.

>>> noun_phrases("A fire at an old factory has injured 26 people, officer Ann Lee said.")
['fire', 'old factory', '26 people', 'officer']

A stand-in for a parser's noun chunks where none is installed; names are the business of
`entity_spans`, dates and bare numbers that of `quantity_spans`. Text in small letters throughout
gives its names as noun phrases too.
"""

import re
from collections.abc import Iterable, Sequence

from quals_jax.text.entity_match import STOP_WORDS
from quals_jax.text.quantity_spans import NUMBER_WORDS, SCALES, date_spans

_WORD = re.compile(r"[£$€]?\d+(?:[.,]\d+)*(?:[-–:]\d+)*%?\w*(?:-\w+)*|\w+(?:[-'’&]\w+)*|[^\w\s]")
_POSSESSIVE = re.compile(r"['’]s$")

_ORDINALS = frozenset(("first", "second", "third"))
_NUMBERS = frozenset((*NUMBER_WORDS, *SCALES)) - {"one"}
_BEFORE_NOUNS = """
a an the this that these those my your his her its our their another each every some any no all both
few several many more most other such
"""
_BEFORE_PHRASES = """
of at in on for from by with without over under after before during between among against about
above across along amid around as behind below beneath beside despite inside into like near off onto
out outside per past since than through throughout toward towards until upon via within because
including following
"""
_BEFORE_VERBS = """
am is are was were be been being have has had having do does did will would shall should can could
may might must not never also i you he she we they who which
"""
# Forms that no ending gives away and that often follow their subject.
_VERB_FORMS = """
said says say told tells went goes came comes took takes got gets gave gives found finds won wins
lost loses beat beats left leaves held holds began begins became becomes ran runs hit hits met meets
saw sees set sets put puts cut cuts led leads made makes kept keeps knew brought bought sold spent
sent built felt fell fought rose thought caught taught wrote spoke broke chose drove flew grew shot
sat stood hurt died dies killed dead alive according
"""
_DETERMINERS = frozenset(_BEFORE_NOUNS.split())
_PREPOSITIONS = frozenset(_BEFORE_PHRASES.split())
_AUXILIARIES = frozenset(_BEFORE_VERBS.split())
_VERBS = frozenset(_VERB_FORMS.split())
_FUNCTION_WORDS = (
    (STOP_WORDS - _NUMBERS - _ORDINALS) | _DETERMINERS | _PREPOSITIONS | _AUXILIARIES | {"cent"}
)


def noun_phrases(sentence: str) -> list[str]:
    """The noun phrases of a sentence in order, without determiners.

    A phrase is a longest run of words with blanks between them that are neither function words nor
    capitalised (but the first word of a sentence may be, where no other capitalised word follows);
    a number may stand at its front. Verbs end it or are left out: words behind an auxiliary or a
    subject pronoun, a word behind "to" with an object, common past tenses, words in -ed and, unless
    a determiner, a preposition or a number opened the phrase, words in -ing. So participles and
    tenses that look like nouns ("cost", "hit") can slip in and out.
    """
    dates = date_spans(sentence)
    words = [
        match
        for match in _WORD.finditer(sentence)
        if not any(date.start <= match.start() < date.end for date in dates)
    ]
    phrases: list[str] = []
    run: list[re.Match[str]] = []
    is_open = False  # whether a determiner, a preposition or a number stands before the run

    def close() -> None:
        if run and not all(_is_number(match[0]) for match in run):
            text = _POSSESSIVE.sub("", sentence[run[0].start() : run[-1].end()])
            phrases.append(text)
        run.clear()

    for i, match in enumerate(words):
        before = words[i - 1][0].lower() if i else ""
        gap = sentence[words[i - 1].end() : match.start()] if i else ""
        if run and (gap != " " or _POSSESSIVE.search(words[i - 1][0])):
            close()
        if not run:
            is_open = before in _DETERMINERS or before in _PREPOSITIONS
        if _is_number(match[0]) and not any(not _is_number(m[0]) for m in run):
            run.append(match)
            is_open = True
        elif _belongs(words, i, run, is_open):
            run.append(match)
        else:
            close()
    close()
    return phrases


def modifiers(phrases: Iterable[str]) -> list[str]:
    """First words of phrases of two words: "library" of "library fire".

    Without a parser adjectives come along, which no question is answered by.
    """
    pairs = (phrase.split(" ") for phrase in phrases)
    return [pair[0] for pair in pairs if len(pair) == 2 and not _is_number(pair[0])]


def _belongs(
    words: Sequence[re.Match[str]], i: int, run: Sequence[re.Match[str]], is_open: bool
) -> bool:
    """Whether word ``i`` may stand in the phrase of ``run``, which it would begin or go on."""
    word = words[i][0]
    small = word.lower()
    if not word[0].isalpha() or small in _FUNCTION_WORDS or small in _VERBS:
        return False
    if word[0].isupper() and (i > 0 or (len(words) > 1 and words[1][0][0].isupper())):
        return False
    before = words[i - 1][0].lower() if i else ""
    if before in _AUXILIARIES or (before.endswith("ly") and not is_open and not run):
        return False
    if before == "to" and not run and _has_object(words, i):
        return False
    if small.endswith("ed") and (run or not is_open):
        return False
    return is_open or not small.endswith("ing")


def _has_object(words: Sequence[re.Match[str]], i: int) -> bool:
    """Whether a determiner, a number or a name follows: "to cut 200 jobs", not "to prison for"."""
    if i + 1 == len(words):
        return False
    following = words[i + 1][0]
    return following.lower() in _DETERMINERS or _is_number(following) or following[0].isupper()


def _is_number(word: str) -> bool:
    return word.lower() in _NUMBERS or any(letter.isdigit() for letter in word)
