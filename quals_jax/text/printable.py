r"""Texts of others in messages: what could steer a terminal or forge a line of a log is escaped.

>>> printable("a\x1b[2J\n")
'a\\x1b[2J\\n'
"""


def printable(text: str) -> str:
    """The text with every character that is not printable as its Python escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """The same of every line; the line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))
