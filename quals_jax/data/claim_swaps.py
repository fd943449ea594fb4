"""Claims made false by one word: FactCC's negative transformations (Kryściński et al. 2020, 3.1).

>>> swap_number("It hurt 26 people.", DocumentFacts(numbers=("26", "11")), rng).text
'It hurt 11 people.'

Each takes a sentence, what its document mentions and a generator of random numbers, and gives the
changed sentence, or None where it has nothing to change or nothing to change it to. New values come
from the document, as in FactCC, and are of the form of the old one, so that grammar does not give
the change away.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from quals_jax.text.entity_match import STOP_WORDS
from quals_jax.text.quantity_spans import MONTHS, WEEKDAYS, Span, date_spans, number_spans


class DocumentFacts(NamedTuple):
    """Names, numbers and dates that a document mentions, in order, none twice."""

    names: Sequence[str] = ()
    numbers: Sequence[str] = ()
    dates: Sequence[str] = ()


class Changed(NamedTuple):
    """A changed sentence; ``text[start:end]`` is what was put in (empty for a lost word)."""

    text: str
    start: int
    end: int


Swap = Callable[[str, DocumentFacts, np.random.Generator], Changed | None]


def swap_entity(sentence: str, facts: DocumentFacts, rng: np.random.Generator) -> Changed | None:
    """A name gives way to another name of the document that shares no word with the claim.

    Differs from FactCC, which knows the types of names: here a city may replace a person.
    """
    spans = [span for name in facts.names for span in _places(sentence, name)]
    spans = [a for a in spans if not any(_lies_inside(a, b) for b in spans)]
    claimed = set(sentence.lower().split())
    others = [name for name in facts.names if not claimed & set(name.lower().split())]
    others = [name for name in others if name not in sentence]
    return _replace(sentence, [(span, others) for span in spans], rng)


def swap_number(sentence: str, facts: DocumentFacts, rng: np.random.Generator) -> Changed | None:
    """A number gives way to another of the document: digits to digits, words to words."""
    return _swap_quantity(sentence, number_spans(sentence), facts.numbers, _number_form, rng)


def swap_date(sentence: str, facts: DocumentFacts, rng: np.random.Generator) -> Changed | None:
    """A date gives way to another of the document that has the same parts (weekday, month, …)."""
    return _swap_quantity(sentence, date_spans(sentence), facts.dates, _date_form, rng)


def _swap_quantity(
    sentence: str,
    spans: Sequence[Span],
    known: Sequence[str],
    form: Callable[[str], tuple],
    rng: np.random.Generator,
) -> Changed | None:
    claimed = {span.text.lower() for span in spans}
    free = [value for value in known if value.lower() not in claimed]
    choices = [(s, [v for v in free if form(v) == form(s.text)]) for s in spans]
    return _replace(sentence, choices, rng)


def _number_form(text: str) -> tuple:
    """Currency, what follows the digits, and whether digits, joined ones ("2-1") or words."""
    digits = re.search(r"\d", text) is not None
    unit = re.sub(r"[\d.,\s–:-]", "", text).lower() if digits else ""
    return digits, "–" in text or "-" in text or ":" in text, re.sub(r"st|nd|rd", "th", unit)


def _date_form(text: str) -> tuple:
    small = text.lower()
    day, month = (any(name.lower() in small for name in names) for names in (WEEKDAYS, MONTHS))
    numbers = re.findall(r"\d+", text)
    return day, month, sorted(len(number) > 2 for number in numbers)


# Forms that agree with the same verb, so that only the meaning tells them apart.
_PRONOUNS = (
    ("he", "she"),
    ("we", "they"),
    ("him", "her"),
    ("us", "them"),
    ("my", "your", "his", "her", "its", "our", "their"),
    ("himself", "herself"),
    ("ourselves", "themselves"),
)
_POSSESSIVES = _PRONOUNS[4]
_PRONOUN = re.compile(
    rf"\b(?:{'|'.join(sorted({p for group in _PRONOUNS for p in group}))})\b", re.IGNORECASE
)


def swap_pronoun(sentence: str, facts: DocumentFacts, rng: np.random.Generator) -> Changed | None:
    """A pronoun gives way to another of its kind: subject, object, possessive or reflexive.

    Differs from FactCC: number agrees, so "he" becomes "she", never "they". "her" before a word
    that is no function word is possessive. The country ("US") is no pronoun.
    """
    choices = []
    for match in _PRONOUN.finditer(sentence):
        word = match[0].lower()
        if word == "us" and match[0].isupper():
            continue
        group = next(group for group in _PRONOUNS if word in group)
        following = re.match(r" (\w+)", sentence[match.end() :])
        if word == "her" and following and following[1].lower() not in STOP_WORDS:
            group = _POSSESSIVES
        others = [other for other in group if other != word]
        choices.append((Span(*match.span(), match[0]), others))
    return _replace(sentence, choices, rng)


_NO_VERB = r"(?! (?:an?|the|no|any|some|its|his|her|their|my|our|your|to|\d+)\b)"
_AUXILIARY = re.compile(
    r"\b(?:(?P<irregular>cannot|can't|can’t|won't|won’t|shan't|shan’t)"
    r"|(?P<plain>(?:are|is|was|were|can|could|may|might|must|shall|should|will|would"
    rf"|(?:have|has|had|do|does|did)(?=n['’]t| not\b|{_NO_VERB} \w)))(?P<no>n['’]t\b| not\b)?)"
    r"(?![\w'’])",
    re.IGNORECASE,
)
_POSITIVE = {"ca": "can", "wo": "will", "sh": "shall"}
_OTHER_WORDS = ("May", "Will")  # a month, a name


def negate(sentence: str, facts: DocumentFacts, rng: np.random.Generator) -> Changed | None:
    """A "not" is put behind an auxiliary verb, or taken away where there is one.

    As FactCC, with "have" and "do" only where a verb follows. The first word of a question and a
    month or a name that look like verbs ("May", "Will") are let alone.
    """
    found = [
        match
        for match in _AUXILIARY.finditer(sentence)
        if match.start() > 0 and match[0] not in _OTHER_WORDS
    ]
    if not found:
        return None
    match = found[rng.integers(len(found))]
    head, tail = sentence[: match.start()], sentence[match.end() :]
    if match["irregular"]:
        verb = _POSITIVE[match["irregular"][:2].lower()]
        return Changed(f"{head}{verb}{tail}", len(head), len(head) + len(verb))
    if match["no"]:
        end = len(head) + len(match["plain"])
        return Changed(f"{head}{match['plain']}{tail}", len(head), end)
    start = match.end() + 1
    return Changed(f"{head}{match[0]} not{tail}", start, start + 3)


SWAPS: dict[str, Swap] = {
    "entity_swap": swap_entity,
    "number_swap": swap_number,
    "date_swap": swap_date,
    "pronoun_swap": swap_pronoun,
    "negation": negate,
}


def _replace(
    sentence: str,
    choices: Sequence[tuple[Span, Sequence[str]]],
    rng: np.random.Generator,
) -> Changed | None:
    """One of the places, all equally likely, gets one of its values; None where none has any."""
    choices = [(span, values) for span, values in choices if values]
    if not choices:
        return None
    span, values = choices[rng.integers(len(choices))]
    value = values[int(rng.integers(len(values)))]
    if span.start == 0:
        value = value[0].upper() + value[1:]
    elif span.text.islower():
        value = value if value != value.capitalize() else value.lower()
    text = f"{sentence[: span.start]}{value}{sentence[span.end :]}"
    return Changed(text, span.start, span.start + len(value))


def _places(sentence: str, name: str) -> list[Span]:
    """Where a name stands as a word of its own."""
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    return [Span(*match.span(), match[0]) for match in re.finditer(pattern, sentence)]


def _lies_inside(span: Span, other: Span) -> bool:
    return span != other and other.start <= span.start and span.end <= other.end
