"""Dots with their intervals: a row per score, a panel per statistic."""

from collections.abc import Sequence
from dataclasses import dataclass

from quals_jax.report.axes import fixed, labelled_ticks, span
from quals_jax.report.markup import Markup
from quals_jax.report.roles import mark
from quals_jax.report.svg import box, drawing, line, text

_ROW, _TOP, _BOTTOM = 26.0, 34.0, 44.0
_WIDTH, _NUMBER, _GAP = 850.0, 46.0, 26.0
_LETTER, _FEWEST_LABELS, _MOST_LABELS = 7.4, 110.0, 280.0

Interval = Sequence[float] | None


@dataclass(frozen=True)
class Row:
    """What a row is called; the quiet ones are what the others are compared with."""

    label: str
    is_quiet: bool = False


@dataclass(frozen=True)
class Panel:
    """A value and its interval per row; a dotted line marks `guide`, a thin one 0."""

    title: str
    figures: Sequence[tuple[float | None, Interval]]
    guide: float | None = None


def interval_chart(title: str, axis: str, rows: Sequence[Row], panels: Sequence[Panel]) -> Markup:
    """All panels share one scale. A row without a value has a dash."""
    longest = _LETTER * max((len(row.label) for row in rows), default=0)
    labels = min(max(longest + 16, _FEWEST_LABELS), _MOST_LABELS)
    width = (_WIDTH - labels) / len(panels)
    bottom = _TOP + _ROW * len(rows)
    low, high = _range(panels)
    shapes: list[Markup] = []
    for i, row in enumerate(rows):
        middle = _TOP + _ROW * (i + 0.5)
        if row.is_quiet:
            shapes.append(box(0, middle - _ROW / 2, _WIDTH, _ROW, "track"))
        shapes.append(text(6, middle + 4, row.label, "soft" if row.is_quiet else "strong"))
    for j, panel in enumerate(panels):
        left, plot = labels + width * j, width - _NUMBER - _GAP

        def at(value: float, left: float = left, plot: float = plot) -> float:
            return left + plot * (value - low) / (high - low)

        shapes.append(text(left, 18, panel.title, "strong"))
        for tick, words in labelled_ticks(low, high, 4):
            kind = "axis" if tick == 0 else "grid"
            shapes += [
                line(at(tick), _TOP - 6, at(tick), bottom, kind),
                text(at(tick), bottom + 15, words, "soft small", "middle"),
            ]
        if panel.guide is not None:
            shapes.append(line(at(panel.guide), _TOP - 6, at(panel.guide), bottom, "guide"))
        shapes += _dots(rows, panel, at, left + plot + _NUMBER)
    shapes.append(text((labels + _WIDTH) / 2, bottom + 34, axis, "soft small", "middle"))
    return drawing(_WIDTH, bottom + _BOTTOM, title, *shapes)


def _dots(rows: Sequence[Row], panel: Panel, at, right: float) -> list[Markup]:
    """The points of a panel with their whiskers, and their numbers up to `right`."""
    shapes = []
    for i, (row, (value, interval)) in enumerate(zip(rows, panel.figures, strict=True)):
        y = _TOP + _ROW * (i + 0.5)
        number = "–" if value is None else fixed(value, 2, "+")
        style = "soft" if row.is_quiet else ""
        shapes.append(text(right, y + 4, number, style, "end"))
        if value is None:
            continue
        name = "control" if row.is_quiet else "main"
        hint = f"{row.label}: {fixed(value, 3, '+')}"
        if interval is not None:
            low, high = interval
            hint += f" ({fixed(low, 3, '+')} to {fixed(high, 3, '+')})"
            shapes.append(line(at(low), y, at(high), y, f"{name} whisker"))
        shapes.append(mark(at(value), y, name, hint))
    return shapes


def _range(panels: Sequence[Panel]) -> tuple[float, float]:
    values: list[float | None] = [0.0]
    for panel in panels:
        for value, interval in panel.figures:
            values += [value, *(interval or ())]
    return span(values, least=0.0)
