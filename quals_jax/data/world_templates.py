"""Sentence patterns that can be both written and read.

    template = Template("A fire at a {place}[ in {city}] hurt {injured} people.")
    text = template.write({"place": "school", "injured": "3"})       # the city is left out
    facts = template.read("A fire at a school in York hurt 3 people.", kinds)

`{slot}` is replaced by a value; a part in square brackets appears if its slots have values. The
same text gives the writer and the regular expression of the reader, so the two cannot disagree
about wording.
"""

import functools
import re
from collections.abc import Mapping

from quals_jax.data.world_vocabulary import pool

_SLOT = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[([^\]]*)\]")


class Template:
    """One sentence pattern; equal and hashable by its text."""

    def __init__(self, text: str):
        self.text = text
        self.slots = tuple(_SLOT.findall(text))
        self.required = tuple(_SLOT.findall(_OPTIONAL.sub("", text)))

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def write(self, facts: Mapping[str, str]) -> str:
        """The sentence that states `facts`; KeyError if a slot outside brackets has no value."""

        def part(match: re.Match[str]) -> str:
            inner = match.group(1)
            return inner if all(slot in facts for slot in _SLOT.findall(inner)) else ""

        return _SLOT.sub(lambda m: facts[m.group(1)], _OPTIONAL.sub(part, self.text))

    def read(self, sentence: str, kinds: Mapping[str, str]) -> dict[str, str] | None:
        """The facts of a sentence of this pattern, or None if it is not one.

        `kinds` gives the kind of value of each slot; a value outside its pool does not match.
        """
        match = _pattern(self.text, tuple((slot, kinds[slot]) for slot in self.slots))
        found = match.fullmatch(sentence)
        if found is None:
            return None
        return {slot: value for slot, value in found.groupdict().items() if value is not None}


@functools.cache
def _pattern(text: str, kinds: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    kind_of = dict(kinds)

    def fixed(piece: str) -> str:
        out, position = [], 0
        for match in _SLOT.finditer(piece):
            slot = match.group(1)
            out += [re.escape(piece[position : match.start()])]
            out += [f"(?P<{slot}>{pool(kind_of[slot]).pattern})"]
            position = match.end()
        return "".join([*out, re.escape(piece[position:])])

    out, position = [], 0
    for match in _OPTIONAL.finditer(text):
        out += [fixed(text[position : match.start()]), f"(?:{fixed(match.group(1))})?"]
        position = match.end()
    return re.compile("".join([*out, fixed(text[position:])]))
