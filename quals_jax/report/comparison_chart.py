"""Wins, ties and losses of two systems as stacked bars, one per score."""

from collections.abc import Mapping, Sequence
from typing import Any

from quals_jax.report.markup import Markup
from quals_jax.report.svg import box, drawing, line, text

_WIDTH, _ROW, _HEIGHT, _TOP = 850.0, 32.0, 22.0, 40.0
_LETTER = 7.4  # width of a bold letter of usual size
_NARROW = 34.0  # narrower parts carry no number


def comparison_chart(systems: Sequence[str], metrics: Sequence[Mapping[str, Any]]) -> Markup:
    """A bar per score, as wide as all rows that have it on both sides."""
    parts = {
        "wins": ("summary", f"{systems[0]} better"),
        "ties": ("track", "tie"),
        "losses": ("document", f"{systems[1]} better"),
    }
    labels = min(max(_LETTER * max(len(m["name"]) + 1 for m in metrics) + 12, 80.0), 300.0)
    shapes, x = [], labels
    for name, words in parts.values():
        shapes += [box(x, 10, 11, 11, name), text(x + 17, 20, words, "soft")]
        x += 17 + _LETTER * len(words) + 22
    for i, metric in enumerate(metrics):
        y = _TOP + _ROW * i
        shapes.append(text(0, y + 15, metric["name"], "strong"))
        shapes += _bar(metric, labels, y, parts)
    title = "Rows where each system is better: " + "; ".join(
        f"{m['name']} {m['wins']}, {m['ties']} ties, {m['losses']}" for m in metrics
    )
    right = max(_WIDTH, x)
    return drawing(right, _TOP + _ROW * len(metrics) + 2, title, *shapes)


def _bar(metric: Mapping[str, Any], left: float, y: float, parts) -> list[Markup]:
    total = metric["num_rows"]
    if not total:
        return [text(left, y + 15, "no row has this score on both sides", "soft")]
    shapes, x = [], left
    for key, (name, words) in parts.items():
        count = metric[key]
        width = (_WIDTH - left) * count / total
        if count:
            shapes.append(box(x, y, width, _HEIGHT, name, f"{words}: {count:,} of {total:,} rows"))
        if width >= _NARROW:
            shapes.append(text(x + width / 2, y + 15, f"{count:,}", "", "middle"))
        x += width
    middle = (left + _WIDTH) / 2
    return [*shapes, line(middle, y - 2, middle, y + _HEIGHT + 2, "guide")]
