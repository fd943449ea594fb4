"""Two texts with the words marked that the other one does not have there.

first, second = marked_differences("Ann won.", "Bob won.")    # <mark>Ann</mark> won. …
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from quals_jax.report.markup import Child, element

_WORD = re.compile(r"\w+|[^\w\s]")


def marked_differences(first: str, second: str) -> tuple[Child, Child]:
    """Both texts, what differs marked; blanks and the case of letters do not count."""
    words = [list(_WORD.finditer(text)) for text in (first, second)]
    folded = [[word[0].casefold() for word in side] for side in words]
    steps = SequenceMatcher(None, *folded, autojunk=False).get_opcodes()
    changed = [step for step in steps if step[0] != "equal"]
    return (
        list(_marked(first, words[0], [(start, end) for _, start, end, _, _ in changed])),
        list(_marked(second, words[1], [(start, end) for _, _, _, start, end in changed])),
    )


def _marked(
    text: str, words: list[re.Match[str]], ranges: list[tuple[int, int]]
) -> Iterator[Child]:
    """The text with ranges of its words marked, blanks between them included."""
    done = 0
    for start, end in ranges:
        if start < end:
            left, right = words[start].start(), words[end - 1].end()
            yield text[done:left]
            yield element("mark", text[left:right])
            done = right
    yield text[done:]
