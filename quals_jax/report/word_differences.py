"""Two texts with the words marked that the other one does not have there.

first, second = marked_differences("Ann won.", "Bob won.")    # <mark>Ann</mark> won. …
"""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from quals_jax.report.markup import Child, element

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def marked_differences(first: str, second: str) -> tuple[Child, Child]:
    """Both texts, what differs marked; blanks and the case of letters do not count."""
    tokens = _TOKEN.findall(first), _TOKEN.findall(second)
    folded = [[" " if t.isspace() else t.casefold() for t in side] for side in tokens]
    steps = SequenceMatcher(None, *folded, autojunk=False).get_opcodes()
    first_parts = [(kind, "".join(tokens[0][i:j])) for kind, i, j, _, _ in steps]
    second_parts = [(kind, "".join(tokens[1][i:j])) for kind, _, _, i, j in steps]
    return list(_marked(first_parts)), list(_marked(second_parts))


def _marked(parts: Iterable[tuple[str, str]]) -> Iterator[Child]:
    for kind, text in parts:
        inner = text.strip()
        if kind == "equal" or not inner:
            yield text
            continue
        start = text.index(inner)
        yield [text[:start], element("mark", inner), text[start + len(inner) :]]
