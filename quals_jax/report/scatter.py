"""One metric of every system against another: what factuality costs in ROUGE."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quals_jax.report.axes import labelled_ticks, span
from quals_jax.report.conseq_results import System
from quals_jax.report.labels import place_labels
from quals_jax.report.markup import Markup
from quals_jax.report.metric_names import Metric, figure_of
from quals_jax.report.roles import ROLES, legend, mark, role
from quals_jax.report.svg import drawing, line, text

_LEFT, _PLOT_WIDTH, _PLOT_HEIGHT = 46.0, 362.0, 220.0
_PANEL_WIDTH, _PANEL_HEIGHT, _TOP, _COLUMNS = 425.0, 304.0, 66.0, 2


@dataclass(frozen=True)
class Panel:
    """Systems under one decoder: metric `x` across, metric `y` up."""

    title: str
    decoder: str
    x: Metric
    y: Metric


def scatter_chart(systems: Sequence[System], panels: Sequence[Panel]) -> Markup:
    """Panels in two columns, all of one height scale."""
    shapes = [*legend(8, 16, [system["name"] for system in systems])]
    ends = [
        end
        for system in systems
        for panel in panels
        for value, interval in [figure_of(system, panel.decoder, panel.y.name)]
        for end in (value, *(interval or ()))
    ]
    heights = span(ends, least=panels[0].y.least, most=panels[0].y.most)
    for i, panel in enumerate(panels):
        left = _LEFT + _PANEL_WIDTH * (i % _COLUMNS)
        top = _TOP + _PANEL_HEIGHT * (i // _COLUMNS)
        shapes += _panel(systems, panel, left, top, heights)
    rows = math.ceil(len(panels) / _COLUMNS)
    width = _PANEL_WIDTH * min(len(panels), _COLUMNS)
    title = f"{panels[0].y.axis_label} against {panels[0].x.axis_label}, per system"
    return drawing(max(width, 600), _TOP + _PANEL_HEIGHT * rows - 30, title, *shapes)


def _panel(
    systems: Sequence[System],
    panel: Panel,
    left: float,
    top: float,
    heights: tuple[float, float],
) -> list[Markup]:
    x_low, x_high = span(
        (figure_of(system, panel.decoder, panel.x.name)[0] for system in systems), margin=0.25
    )
    y_low, y_high = heights
    right, bottom = left + _PLOT_WIDTH, top + _PLOT_HEIGHT

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            left + _PLOT_WIDTH * (x - x_low) / (x_high - x_low),
            bottom - _PLOT_HEIGHT * (y - y_low) / (y_high - y_low),
        )

    shapes = [
        text(left, top - 24, panel.title, "strong"),
        text(left, top - 8, f"↑ {panel.y.axis_label}", "soft small"),
        text(right, bottom + 30, f"{panel.x.axis_label} →", "soft small", "end"),
        line(left, bottom, right, bottom, "axis"),
        line(left, top, left, bottom, "axis"),
    ]
    for tick, words in labelled_ticks(x_low * panel.x.scale, x_high * panel.x.scale, 5):
        x, _ = place(tick / panel.x.scale, y_low)
        shapes += [
            line(x, top, x, bottom, "grid"),
            text(x, bottom + 15, words, "soft small", "middle"),
        ]
    for tick, words in labelled_ticks(y_low * panel.y.scale, y_high * panel.y.scale, 5):
        _, y = place(x_low, tick / panel.y.scale)
        shapes += [
            line(left, y, right, y, "grid"),
            text(left - 6, y + 4, words, "soft small", "end"),
        ]
    return shapes + _points(systems, panel, place, (left, top, right, bottom))


def _points(
    systems: Sequence[System],
    panel: Panel,
    place,
    frame: tuple[float, float, float, float],
) -> list[Markup]:
    """The marks with whiskers and names; the main system's name gets its place first."""
    shapes, spots, whiskers = [], [], []
    for system in sorted(systems, key=lambda system: list(ROLES).index(role(system["name"]))):
        across, _ = figure_of(system, panel.decoder, panel.x.name)
        up, interval = figure_of(system, panel.decoder, panel.y.name)
        if across is None or up is None:
            continue
        name, label = role(system["name"]), system["label"]
        x, y = place(across, up)
        if interval is not None:
            high, low = sorted(place(across, end)[1] for end in interval)
            whiskers.append((x - 1, high, x + 1, low))
            shapes.append(line(x, high, x, low, name))
        hint = f"{label}: {panel.y.text(up)} at {panel.x.text(across)}"
        shapes.append(mark(x, y, name, hint))
        spots.append((x, y, label, "small strong" if name == "main" else "small"))
    points, names = [(x, y) for x, y, _, _ in spots], [label for _, _, label, _ in spots]
    places = place_labels(points, names, frame, whiskers)
    leaders = []
    for (x, y, label, style), spot in zip(spots, places, strict=True):
        if spot.far:
            leaders.append(line(x, y, spot.x, spot.y - 4, "grid"))
        shapes.append(text(spot.x, spot.y, label, style, spot.anchor))
    return leaders + shapes
