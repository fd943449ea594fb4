"""Text from Penn-Treebank tokens, as the preprocessed CNN/DailyMail has them.

>>> from_treebank("He did n't say `` no '' -lrb- yet -rrb- .")
'He didn\\'t say "no" (yet).'
"""

import re

_BRACKETS = {"lrb": "(", "rrb": ")", "lsb": "[", "rsb": "]", "lcb": "{", "rcb": "}"}
_BRACKET = re.compile(r"-([lr][rsc]b)-", re.IGNORECASE)
_OPENING = re.compile(r"(``|[(\[{$£€#])\s+")
_CLOSING = re.compile(r"\s+(''|n't\b|'(?:s|re|ve|ll|d|m)\b|[.,;:?!%)\]}])", re.IGNORECASE)


def from_treebank(text: str) -> str:
    """The text as one would write it; what the tokens do not say (single quotes) stays apart."""
    text = _BRACKET.sub(lambda match: _BRACKETS[match[1].lower()], text)
    text = _CLOSING.sub(r"\1", _OPENING.sub(r"\1", text))
    return text.replace("``", '"').replace("''", '"').replace(" -- ", " - ")
