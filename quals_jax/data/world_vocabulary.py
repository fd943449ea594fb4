"""The values of the synthetic world: what a fact can say, how often, and how it reads.

A *kind* names a pool of values ("city", "person", "age"). `pool("city").draw(rng)` draws one and
`pool("city").pattern` is the regular expression of exactly its values.
"""

import functools
import re
from dataclasses import dataclass

import numpy as np


def _words(text: str) -> list[str]:
    return text.split()


_CITIES = _words(
    "London Leeds Bristol Derby Cardiff Hull Oxford York Norwich Exeter Dundee Preston Plymouth "
    "Swansea Chester Lincoln Ipswich Durham Bolton Carlisle Luton Perth Truro Dover Stirling Bath "
    "Salford Newport Burnley Lancaster"
)
_FIRST_NAMES = _words(
    "David Emma James Sarah John Laura Peter Helen Mark Anna Paul Alice Simon Kate Alan Grace "
    "Martin Lucy Robert Nina Adam Ruth Thomas Olivia Daniel Maria"
)
_LAST_NAMES = _words(
    "Smith Jones Clark Evans Walker Hughes Green Wood Morris Turner Baker Cooper Ward Price "
    "Bennett Gray Foster Palmer Mills Ellis Fisher Knight Webb Lowe Fraser Doyle Sharp Burton "
    "Parsons Nash"
)
_COMPANIES = _words(
    "Norbank Telvia Aldgate Corvane Brightwell Systema Halford Mervale Kestrel Novatech Orbital "
    "Pendleton Quantix Redwood Solaris Tarvin Umbra Vantage Westmoor Zephyr"
)
_TEAMS = _words(
    "Rovers Albion Wanderers Athletic Rangers Harriers Thistle Orient Swifts Hotspur Argyle "
    "Dynamo Corinthians Falcons Wasps Saints Tigers Sharks"
)
_DAYS = _words("Friday Monday Saturday Tuesday Sunday Wednesday Thursday")
_MONTHS = _words(
    "March June January September April October July November May February August December"
)
_WORDS = {
    "place": "factory warehouse school hotel hospital museum library farm theatre bakery",
    "offence": "fraud burglary arson bribery theft robbery smuggling forgery assault blackmail",
    "role": "director chairman treasurer captain manager secretary bishop principal",
    "stage": "final semi-final play-off first~round second~round third~round",
    "cause": "lightning fireworks a~candle a~heater a~gas~leak faulty~wiring",
    "reason": "strong~demand falling~sales rising~costs a~merger new~rules a~big~order",
    "change": "create cut",
}
_ZIPF_EXPONENT = 1.5  # cities, days, months: a guess at the most common one is often right


@dataclass(frozen=True)
class Pool:
    """All values of one kind, with the probability of each."""

    kind: str
    values: tuple[str, ...]
    cumulative: tuple[float, ...]
    pattern: str

    def draw(self, rng: np.random.Generator, avoid: frozenset[str] | set[str] = frozenset()) -> str:
        """One value, by probability, that is not in `avoid` (at least one must remain)."""
        while True:
            value = self.values[np.searchsorted(self.cumulative, rng.random(), side="right")]
            if value not in avoid:
                return value


def _values(kind: str) -> list[str]:
    match kind:
        case "city":
            return _CITIES
        case "person":
            return [f"{first} {last}" for first in _FIRST_NAMES for last in _LAST_NAMES]
        case "company":
            return _COMPANIES
        case "team":
            return _TEAMS
        case "day":
            return _DAYS
        case "month":
            return _MONTHS
        case "injured":
            return [str(n) for n in range(2, 46)]
        case "age":
            return [str(n) for n in range(20, 70)]
        case "years":
            return [str(n) for n in range(2, 26)]
        case "jobs":
            return [str(n) for n in range(100, 901, 20)]
        case "score":
            return [f"{a}-{b}" for a in range(1, 7) for b in range(a)]
        case _:
            return [word.replace("~", " ") for word in _WORDS[kind].split()]


@functools.cache
def pool(kind: str) -> Pool:
    """The values of a kind; KeyError for a kind that does not exist."""
    values = _values(kind)
    weights = np.ones(len(values))
    if kind in ("city", "day", "month"):
        weights = np.arange(1, len(values) + 1) ** -_ZIPF_EXPONENT
    cumulative = np.cumsum(weights) / weights.sum()
    cumulative[-1] = 1.0
    pattern = "|".join(re.escape(v) for v in sorted(values, key=len, reverse=True))
    if kind == "person":  # 26 x 30 names: two short alternations instead of one long one
        pattern = f"(?:{'|'.join(_FIRST_NAMES)}) (?:{'|'.join(_LAST_NAMES)})"
    return Pool(kind, tuple(values), tuple(cumulative.tolist()), pattern)


ENTITY_KINDS = ("city", "person", "company", "team")
NUMBER_KINDS = ("injured", "age", "years", "jobs", "score")
DATE_KINDS = ("day", "month")
WORD_KINDS = tuple(_WORDS)
