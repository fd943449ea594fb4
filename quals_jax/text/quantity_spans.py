"""Dates and numbers in English text by how they are written: no model.

>>> [span.text for span in date_spans("It opened on Friday, 12 May 2010.")]
['Friday, 12 May 2010']
>>> [span.text for span in number_spans("Two men lost £3.2 million and 2-1.")]
['Two', '£3.2 million', '2-1']
"""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A piece of a text: ``text[start:end]``."""

    start: int
    end: int
    text: str


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
NUMBER_WORDS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
    *("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
)
SCALES = ("hundred", "thousand", "million", "billion", "trillion", "dozen")

_WEEKDAY = f"(?:{'|'.join(WEEKDAYS)})"
_MONTH = f"(?:{'|'.join(MONTHS)})"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[5-9]|20)\d\d"
_DATE = re.compile(
    rf"\b(?:{_WEEKDAY},? )?(?:{_DAY}(?: of)? {_MONTH}|{_MONTH} {_DAY}(?!\d)|{_MONTH})"
    rf"(?:,? {_YEAR})?\b"
    rf"|\b{_WEEKDAY}\b|(?<=\bin ){_YEAR}\b|(?<=\bsince ){_YEAR}\b|(?<=\buntil ){_YEAR}\b",
    re.IGNORECASE,
)
# Small letters make these two another word, unless a day or a year stands beside them.
_OTHER_WORDS = ("may", "march")

_WORDS = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_SCALE = rf"(?:{'|'.join(SCALES)}|per cent|percent)"
_NUMBER = re.compile(
    r"(?<![\w.,-])[£$€]?\d+(?:[.,]\d+)*(?:[-–:]\d+)*(?:%|(?:st|nd|rd|th|s|m|bn|k)\b)?"
    rf"(?: {_SCALE}\b)?(?![\w-])"
    rf"|\b(?:{_WORDS})(?:-(?:{_WORDS}))?(?: {_SCALE}\b)*(?![\w-])",
    re.IGNORECASE,
)


def date_spans(text: str) -> list[Span]:
    """Weekdays, months, days of months and years after "in", "since" or "until", in order.

    Parts of one date are one span; its case does not matter, except that "may" and "march" alone
    are no months.
    """
    found = (Span(*match.span(), match[0]) for match in _DATE.finditer(text))
    return [span for span in found if span.text not in _OTHER_WORDS]


def number_spans(text: str) -> list[Span]:
    """Numbers in digits or words with their currency, per cent or scale, in order; none in dates.

    Scores ("2-1") and ordinals in digits ("3rd") are numbers; "one" alone is a pronoun too often.
    """
    dates = date_spans(text)
    found = (Span(*match.span(), match[0]) for match in _NUMBER.finditer(text))
    return [span for span in found if span.text.lower() != "one" and not _overlaps(span, dates)]


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)
