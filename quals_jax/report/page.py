"""One self-contained HTML file: no scripts, no fonts, no requests, light and dark, printable."""

import re
from collections.abc import Iterable

from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.palette import DARK, LIGHT, PRINT, colour_rules, drawing_rules

_COLOURS = f""":root{{color-scheme:light dark;{colour_rules(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{colour_rules(DARK)}}}}}
@media print{{:root{{{colour_rules(PRINT)}}}}}
"""
_STYLE = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 "Source Serif 4",Charter,"Bitstream Charter",Georgia,Cambria,serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1,h2,h3,.sans,svg,table,figcaption,.tile,summary{font-family:system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2.8rem 0 .5rem}
h3{font-size:1rem;margin:1.6rem 0 .4rem}
p{margin:.5rem 0;max-width:44rem}
.lead{font-size:1.1rem;color:var(--soft)}
.note,figcaption{color:var(--soft);font-size:.88rem}
figure{margin:1rem 0 1.6rem}
figcaption{max-width:46rem;margin-top:.5rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.1rem}
.scroll{overflow-x:auto}
.stack{display:grid;grid-template-columns:minmax(0,1fr);gap:1rem;margin:1rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem;
margin:1.4rem 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem .9rem}
.tile b{display:block;font-size:1.7rem;font-weight:650;letter-spacing:-.02em;line-height:1.25}
.tile span{color:var(--soft);font-size:.82rem}
.texts{display:grid;grid-template-columns:1fr 1fr;gap:.8rem 1.4rem;margin:.2rem 0 .9rem}
.texts p{margin:0}
.texts .sans{color:var(--soft);font-size:.75rem;letter-spacing:.05em;text-transform:uppercase;
display:block;margin-bottom:.1rem}
mark{background:var(--mark);color:inherit;padding:.05em .2em;border-radius:3px}
mark.right{background:var(--good)}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.38rem .7rem .38rem 0;
border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft)}
td:first-child:not(:last-child){min-width:14rem}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
summary{cursor:pointer;color:var(--soft);font-size:.85rem}
code{font-size:.82rem;overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto}
th.number{white-space:normal}
.dense{font-size:.82rem}
.dense th,.dense td{padding-right:.5rem}
.dense td:first-child{min-width:10.5rem}
td small{display:block;font-weight:400;color:var(--soft);font-size:.72rem;line-height:1.3}
.card.alarm{border-left:5px solid var(--red)}
.card .texts:last-child{margin-bottom:0}
.one{grid-template-columns:1fr}
.missing{border-left:3px solid var(--line);padding-left:.7rem}
.long{max-height:15rem;overflow:auto;display:block}
.result{font-size:1.15rem;line-height:1.5;max-width:48rem}
.result b{color:var(--blue)}
.tile.main b{color:var(--blue)}
@media (max-width:40rem){.texts{grid-template-columns:1fr}}
@media print{body{font-size:11pt}main{max-width:none;padding:0}
figure,.card,.tile,tr{break-inside:avoid}
h2,h3{break-after:avoid}details{display:none}.long{max-height:none}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def page(title: str, *content: Child) -> str:
    """The whole file. A content policy forbids requests and scripts, whatever the content is."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(_COLOURS + _STYLE + drawing_rules("svg "))),
    )
    body = element("body", element("main", element("h1", title), *content))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def section(title: str, *content: Child) -> Markup:
    """A heading and what stands under it."""
    return element("section", element("h2", title), *content)


def figure(picture: Child, caption: Child) -> Markup:
    """A picture in a card, with its caption; wide pictures scroll on narrow screens."""
    card = element("div", picture, class_="card scroll")
    return element("figure", card, element("figcaption", caption))


def tiles(*values: tuple[str, str]) -> Markup:
    """Key figures: (value, what it is)."""
    cards = [element("div", element("b", v), element("span", n), class_="tile") for v, n in values]
    return element("div", *cards, class_="tiles")


def table(
    header: list[str],
    rows: list[list[Child]],
    numbers: tuple[int, ...] = (),
    class_: str | None = None,
) -> Markup:
    """A table; `numbers` are the columns to align right. Class "dense" saves width."""

    def cells(tag: str, row: list) -> list[Markup]:
        return [
            element(tag, cell, class_="number" if i in numbers else None)
            for i, cell in enumerate(row)
        ]

    head = element("thead", element("tr", cells("th", header)))
    body = element("tbody", [element("tr", cells("td", row)) for row in rows])
    return element("div", element("table", head, body, class_=class_), class_="scroll")


def missing(words: str) -> Markup:
    """Says that a part is not there, in its place."""
    return element("p", words, class_="note missing")


def marked_parts(text: str, parts: Iterable[str], class_: str | None = None) -> Child:
    """The text with every part marked where it stands as a word of its own, or else anywhere."""
    found = sorted({part for part in parts if part and part in text}, key=len, reverse=True)
    if not found:
        return text
    either = "|".join(map(re.escape, found))
    pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)")
    if not pattern.search(text):
        pattern = re.compile(either)
    pieces: list[Child] = []
    end = 0
    for match in pattern.finditer(text):
        pieces += [text[end : match.start()], element("mark", match[0], class_=class_)]
        end = match.end()
    return [*pieces, text[end:]]


def marked(text: str, part: str | None, class_: str | None = None) -> Child:
    """The text with every occurrence of `part` marked."""
    if not part or part not in text:
        return text
    pieces: list[Child] = []
    for i, piece in enumerate(text.split(part)):
        pieces += [element("mark", part, class_=class_) if i else None, piece]
    return pieces
