"""One metric of every system and decoder: points with their intervals."""

from collections.abc import Mapping, Sequence

from quals_jax.report.axes import labelled_ticks, span
from quals_jax.report.conseq_results import BASELINE, System
from quals_jax.report.markup import Markup
from quals_jax.report.metric_names import Metric, figure_of
from quals_jax.report.roles import legend, mark, role
from quals_jax.report.svg import box, drawing, line, text

_LABELS, _ROW, _TOP = 208.0, 27.0, 62.0
_WIDTH, _NARROWEST, _NUMBER, _GAP = 850.0, 150.0, 46.0, 26.0


def system_chart(systems: Sequence[System], metric: Metric, decoders: Mapping[str, str]) -> Markup:
    """A row per system and a panel per decoder, all on one scale; whiskers are the intervals.

    A dotted line marks the baseline.
    """
    low, high = _range(systems, metric, decoders)
    width = max((_WIDTH - _LABELS) / max(len(decoders), 1), _NARROWEST)
    bottom = _TOP + _ROW * len(systems)
    shapes = [*legend(8, 16, [system["name"] for system in systems])]
    right = _LABELS + width * len(decoders)
    for i, system in enumerate(systems):
        y = _TOP + _ROW * (i + 0.5)
        main = role(system["name"]) == "main"
        if main:
            shapes.append(box(0, y - _ROW / 2, right, _ROW, "track"))
        shapes.append(text(6, y + 4, system["label"], "strong" if main else ""))
    for j, (decoder, label) in enumerate(decoders.items()):
        left = _LABELS + width * j
        plot = width - _NUMBER - _GAP

        def at(value: float, left: float = left, plot: float = plot) -> float:
            return left + plot * (value - low) / (high - low)

        shapes.append(text(left, 44, label, "strong"))
        for tick, words in labelled_ticks(low * metric.scale, high * metric.scale, 4):
            x = at(tick / metric.scale)
            shapes += [
                line(x, _TOP - 6, x, bottom, "grid"),
                text(x, bottom + 15, words, "soft small", "middle"),
            ]
        shapes += _column(systems, metric, decoder, at, left + plot + _NUMBER)
    middle = (_LABELS + right) / 2
    shapes.append(text(middle, bottom + 34, metric.axis_label, "soft small", "middle"))
    return drawing(right, bottom + 42, f"{metric.axis_label}, per system and decoder", *shapes)


def _column(systems: Sequence[System], metric: Metric, decoder: str, at, right: float):
    """The points of one decoder, and their numbers up to `right`."""
    shapes = []
    for i, system in enumerate(systems):
        y = _TOP + _ROW * (i + 0.5)
        value, interval = figure_of(system, decoder, metric.name)
        name = role(system["name"])
        number = metric.text(value)
        shapes.append(text(right, y + 4, number, "strong" if name == "main" else "", "end"))
        if value is None:
            continue
        if system["name"] == BASELINE:
            x = at(value)
            shapes.append(line(x, _TOP - 6, x, _TOP + _ROW * len(systems), "guide"))
        hint = f"{system['label']}: {number}"
        if interval is not None:
            low, high = interval
            hint += f" ({metric.text(low)} to {metric.text(high)})"
            shapes.append(line(at(low), y, at(high), y, f"{name} whisker"))
        shapes.append(mark(at(value), y, name, hint))
    return shapes


def _range(
    systems: Sequence[System], metric: Metric, decoders: Mapping[str, str]
) -> tuple[float, float]:
    values = []
    for system in systems:
        for decoder in decoders:
            value, interval = figure_of(system, decoder, metric.name)
            values += [value, *(interval or ())]
    return span(values, least=metric.least, most=metric.most)
