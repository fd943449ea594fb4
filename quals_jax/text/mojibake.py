"""UTF-8 that was read as another encoding, and perhaps lower-cased since, made right again.

>>> mend_mojibake("a â£50 cafã© for â‚¬9")
'a £50 café for €9'
"""

import re

# Two and three bytes; the first of two are Â and Ã.
_TWO = re.compile("[âãÂÃ][\u0080-\u00bf]")
_THREE = re.compile("â[‚€][\u0080-\u00bfœžŸ™š›“”‘’–—•…¦]")


def mend_mojibake(text: str) -> str:
    """The text with every two or three characters that stand for the bytes of one put right."""
    text = _THREE.sub(lambda match: _decoded(match[0], "cp1252"), text)
    return _TWO.sub(lambda match: _decoded(match[0].upper(), "latin-1"), text)


def _decoded(wrong: str, encoding: str) -> str:
    try:
        return wrong.encode(encoding).decode("utf-8")
    except UnicodeError:
        return wrong
