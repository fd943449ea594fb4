"""Curves over the updates of every ConSeq training: both terms of the loss, and what is watched."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quals_jax.report.axes import labelled_ticks, span, tick_label
from quals_jax.report.conseq_results import Curves, Point
from quals_jax.report.markup import Markup
from quals_jax.report.svg import dot, drawing, line, path, text

_COLUMNS, _CELL_WIDTH, _CELL_HEIGHT, _TOP = 3, 283.0, 186.0, 60.0
_LEFT, _PLOT_WIDTH, _PLOT_HEIGHT = 38.0, 206.0, 118.0
_LINE_HEIGHT = 12.0

Finite = list[tuple[float, float]]


@dataclass(frozen=True)
class _Cell:
    """One system: its curves by the class that draws them."""

    label: str
    curves: dict[str, Finite]
    collapsed_at: int | None
    note: str | None = None

    @property
    def values(self) -> list[float]:
        return [y for curve in self.curves.values() for _, y in curve]


def training_chart(training: Mapping[str, Curves], labels: Mapping[str, str]) -> Markup:
    """Positive NLL and negative loss per system; where a training collapsed is marked."""
    cells = [
        _Cell(
            labels.get(name, name),
            {
                "curve second": _finite(curves["negative_loss"]),
                "curve": _finite(curves["positive_nll"]),
            },
            curves["collapsed_at"],
            None if _finite(curves["negative_loss"]) else "no negatives",
        )
        for name, curves in training.items()
    ]
    legend = [
        line(2, 12, 24, 12, "curve"),
        text(30, 16, "positive NLL (S+), nats per token", "soft"),
        line(242, 12, 264, 12, "curve second"),
        text(270, 16, "negative loss (S−), nats per token", "soft"),
    ]
    return _grid(cells, legend, "Training curves of both terms", from_zero=True)


def dev_chart(training: Mapping[str, Curves], labels: Mapping[str, str]) -> Markup | None:
    """The criterion that training watches; None where no system has it twice."""
    cells, names = [], []
    for name, curves in training.items():
        points = _finite(curves.get("dev"))
        if len(points) > 1:
            label = labels.get(name, name)
            cells.append(_Cell(label, {"curve": points}, curves["collapsed_at"]))
            names.append(curves.get("dev_label", "criterion on the development set"))
    if not cells:
        return None
    title = ", ".join(dict.fromkeys(names))
    legend = [line(2, 12, 24, 12, "curve"), text(30, 16, title, "soft")]
    return _grid(cells, legend, title, from_zero=False)


def _grid(cells: Sequence[_Cell], legend: list[Markup], title: str, from_zero: bool) -> Markup:
    """All cells on one scale, except those that collapsed and need more."""
    healthy = [value for cell in cells if cell.collapsed_at is None for value in cell.values]
    common = _scale(healthy, from_zero)
    shapes = list(legend)
    for i, cell in enumerate(cells):
        left = _LEFT + _CELL_WIDTH * (i % _COLUMNS)
        top = _TOP + _CELL_HEIGHT * (i // _COLUMNS)
        scale = common
        if cell.collapsed_at is not None:
            scale = _scale([*healthy, *cell.values], from_zero)
        if healthy and scale != common:
            shapes.append(text(left, top + _PLOT_HEIGHT + 27, "own scale", "red small"))
        shapes += _cell(cell, left, top, scale)
    rows = math.ceil(len(cells) / _COLUMNS)
    width = _CELL_WIDTH * min(_COLUMNS, len(cells)) + 4
    title = f"{title}: " + ", ".join(cell.label for cell in cells)
    return drawing(max(width, 480), _TOP + _CELL_HEIGHT * rows - 34, title, *shapes)


def _cell(cell: _Cell, left: float, top: float, scale: tuple[float, float]) -> list[Markup]:
    low, high = scale
    right, bottom = left + _PLOT_WIDTH, top + _PLOT_HEIGHT
    steps = [x for curve in cell.curves.values() for x, _ in curve]
    last = max([*steps, cell.collapsed_at or 0, 1])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point
        return left + _PLOT_WIDTH * x / last, bottom - _PLOT_HEIGHT * (y - low) / (high - low)

    shapes = [text(left, top - 10, cell.label, "strong"), line(left, bottom, right, bottom, "axis")]
    for tick, words in labelled_ticks(low, high, 4):
        y = place((0, tick))[1]
        shapes += [
            line(left, y, right, y, "grid"),
            text(left - 5, y + 4, words, "soft small", "end"),
        ]
    for tick, words in labelled_ticks(0, last, 4):
        shapes.append(text(place((tick, 0))[0], bottom + 14, words, "soft small", "middle"))
    shapes.append(text(right, bottom + 27, "update", "soft small", "end"))
    if cell.note:
        shapes.append(text(right, top + 6, cell.note, "soft small", "end"))
    if cell.collapsed_at is not None:
        x = place((cell.collapsed_at, low))[0]
        words, near_end = f"collapsed at {cell.collapsed_at}", x > left + _PLOT_WIDTH / 2
        anchor = "end" if near_end else "start"
        shapes += [
            line(x, top - 4, x, bottom, "alarm"),
            text(x + (-5 if near_end else 5), top + 6, words, "red small strong", anchor),
        ]
    if not steps:
        shapes.append(text(left + 8, top + 60, "no finite value recorded", "soft small"))
    return shapes + _curves(cell, place)


def _curves(cell: _Cell, place) -> list[Markup]:
    """The lines, their first and last values beside their ends, kept apart from one another."""
    shapes, ends = [], []
    for class_, points in cell.curves.items():
        if points:
            colour = "red" if "second" in class_ else "blue"
            placed = [place(point) for point in points]
            if len(points) == 1:
                shapes.append(
                    dot(placed[0][0], placed[0][1], 3, "baseline" if colour == "red" else "main")
                )
            shapes.append(path(placed, class_))
            ends.append([*placed[-1], tick_label(points[-1][1]), colour])
    ends.sort(key=lambda end: end[1])
    for above, below in itertools.pairwise(ends):
        overlap = above[1] + _LINE_HEIGHT - below[1]
        if overlap > 0:
            above[1] -= overlap / 2
            below[1] += overlap / 2
    for x, y, number, colour in ends:
        shapes.append(text(x + 5, y + 4, number, f"small {colour}"))
    return shapes


def _finite(points: Sequence[Point] | None) -> Finite:
    return [(x, y) for x, y in points or () if y is not None and math.isfinite(y)]


def _scale(values: Sequence[float], from_zero: bool) -> tuple[float, float]:
    if from_zero:
        return min(0.0, *values, 0.0), 1.08 * max(values, default=0.0) or 1.0
    low, high = span(values)
    # What differs by less than a hundredth is to look alike, and its ticks to have few digits.
    wider = max(0.01 * max(abs(low), abs(high)) - (high - low), 0.0) / 2
    return low - wider, high + wider
