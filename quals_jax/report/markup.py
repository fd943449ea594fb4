"""HTML and SVG built from Python calls; every text is escaped unless it was built here.

    element("p", "a < b ", element("b", "bold"), class_="note")   # <p class="note">a &lt; b ...

Underscores in attribute names become hyphens, a trailing one is dropped; None leaves an attribute
or a child out.
"""

import html
import re
from typing import TypeAlias

# What XML does not allow, so that a drawing can be a file of its own; also halves of surrogate
# pairs, which no file can hold.
_UNREADABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VOID = frozenset(("br", "hr", "meta"))


class Markup(str):
    """Text that is already HTML or SVG."""

    __slots__ = ()


Child: TypeAlias = "Markup | str | float | list | tuple | None"


def element(tag: str, *children: Child, **attributes: str | float | None) -> Markup:
    """One element. Children are text (escaped), markup, numbers, or lists of these."""
    opening = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(_text(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{opening}>")
    return Markup(f"<{tag}{opening}>{join(children)}</{tag}>")


def join(children: Child) -> Markup:
    """Children one after the other, escaped where they are plain text."""
    if isinstance(children, list | tuple):
        return Markup("".join(map(join, children)))
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    return Markup(html.escape(_text(children), quote=False))


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")  # coordinates: a hundredth is enough
    return _UNREADABLE.sub("\ufffd", str(value))
