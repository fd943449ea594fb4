"""UTF-8 that was read as another encoding, and perhaps lower-cased since, made right again.

>>> mend_mojibake("a â£50 cafã© for â‚¬9")
'a £50 café for €9'
"""

import re

# Letters of three bytes, then of two, whose first is Â or Ã.
_WRONG = re.compile("â[‚€\u0080\u0082][\u0080-\u00bfœžŸ™š›“”‘’–—•…¦]|[âãÂÃ][\u0080-\u00bf]")


def mend_mojibake(text: str) -> str:
    """The text with every two or three characters that stand for the bytes of one put right.

    What is no letter's bytes stays.
    """
    return _WRONG.sub(_mended, text)


def _mended(match: re.Match[str]) -> str:
    wrong = match[0]
    first = wrong[0] if len(wrong) == 3 else wrong[0].upper()
    try:
        return b"".join(map(_byte, first + wrong[1:])).decode("utf-8")
    except UnicodeError:
        return wrong


def _byte(letter: str) -> bytes:
    # cp1252 as browsers have it: the bytes it leaves out are Latin-1's.
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")
