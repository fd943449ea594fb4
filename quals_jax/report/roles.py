"""What a system is to the comparison, and the mark that shows it in every drawing."""

from quals_jax.report.conseq_results import BASELINE, BOUND, MAIN
from quals_jax.report.markup import Markup
from quals_jax.report.svg import box, dot, path, text

ROLES = {
    "main": "ConSeq with QUALS",
    "baseline": "before ConSeq",
    "control": "controls",
    "bound": "sets chosen with knowledge of the truth",
}


def role(name: str) -> str:
    """The role of the system of that name, which is also a class of drawings."""
    return {MAIN: "main", BASELINE: "baseline", BOUND: "bound"}.get(name, "control")


def mark(x: float, y: float, role: str, hint: str | None = None) -> Markup:
    """A disc, square, diamond or small disc: the role shows without colour, too."""
    if role == "main":
        return dot(x, y, 5.5, role, hint)
    if role == "baseline":
        return box(x - 4.5, y - 4.5, 9, 9, role, hint)
    if role == "bound":
        return path([(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], role, closed=True)
    return dot(x, y, 3.8, role, hint)


def legend(x: float, y: float, names: list[str]) -> list[Markup]:
    """The marks of the roles that the systems have, with words, in one line."""
    shapes = []
    for name in dict.fromkeys(sorted(map(role, names), key=list(ROLES).index)):
        words = ROLES[name]
        shapes += [mark(x, y - 4, name), text(x + 12, y, words, "soft")]
        x += 34 + 7.0 * len(words)
    return shapes
