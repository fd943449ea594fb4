"""Charts of score distributions and training curves, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quals_jax.report.axes import tick_label, ticks
from quals_jax.report.markup import Markup
from quals_jax.report.svg import box, drawing, line, path, text

_ROW_HEIGHT = 58.0


@dataclass(frozen=True)
class Group:
    """Scores of one kind of summary beside those of the faithful ones."""

    label: str
    scores: Sequence[float]
    auroc: float
    strong: bool = False


def distribution_chart(faithful: Sequence[float], groups: Sequence[Group]) -> Markup:
    """Per group a row: its histogram over the faithful summaries', and its AUROC as a bar."""
    label_width, plot, bar_left, bar = 218.0, 340.0, 600.0, 190.0
    height, top = _ROW_HEIGHT, 44.0
    low, high = _range(faithful, groups)
    edges = np.linspace(low, high, 49)
    bottom = top + height * len(groups)

    def at(score: float) -> float:
        return label_width + plot * (score - low) / (high - low)

    shapes = [
        box(label_width, 6, 11, 11, "summary"),
        text(label_width + 17, 16, "faithful", "soft"),
        box(label_width + 84, 6, 11, 11, "document"),
        text(label_width + 101, 16, "with the error", "soft"),
        text(bar_left, 16, "AUROC", "soft"),
    ]
    for tick in ticks(low, high):
        x = at(tick)
        shapes += [
            line(x, top - 8, x, bottom, "grid"),
            text(x, bottom + 16, tick_label(tick), "soft small", "middle"),
        ]
    for tick in (0.5, 0.75, 1.0):
        x = bar_left + bar * (tick - 0.5) / 0.5
        shapes += [
            line(x, top - 8, x, bottom, "grid"),
            text(x, bottom + 16, f"{tick:g}", "soft small", "middle"),
        ]
    shapes.append(
        text(label_width + plot / 2, bottom + 34, "QUALS, nats per token", "soft small", "middle")
    )
    tallest = max(
        _shares(scores, edges).max() for scores in (faithful, *(g.scores for g in groups))
    )
    for i, group in enumerate(groups):
        base = top + height * (i + 1) - 10
        name = "strong" if group.strong else ""
        shapes += [
            text(0, base - 12, group.label, name),
            text(0, base + 2, f"{len(group.scores):,} summaries", "soft small"),
            _histogram(_shares(faithful, edges) / tallest, edges, at, base, "summary"),
            _histogram(_shares(group.scores, edges) / tallest, edges, at, base, "document over"),
            line(label_width, base, label_width + plot, base, "axis"),
            box(bar_left, base - 20, bar, 16, "track"),
            box(bar_left, base - 20, bar * max(group.auroc - 0.5, 0) / 0.5, 16, "summary"),
            text(bar_left + bar + 10, base - 7, f"{group.auroc:.3f}", name),
        ]
    title = "Distributions of QUALS and AUROC: " + ", ".join(
        f"{group.label} {group.auroc:.3f}" for group in groups
    )
    return drawing(850, bottom + 42, title, *shapes)


def curve_chart(curves: dict[str, Sequence[tuple[float, float]]], x_label: str, y_label: str):
    """Lines over steps; the last value of each stands at its end."""
    left, top, width, height = 46.0, 24.0, 640.0, 180.0
    curves = {name: curve for name, curve in curves.items() if curve}  # no dev set, no dev curve
    points = [point for curve in curves.values() for point in curve]
    x_high = max(x for x, _ in points)
    y_high = max(y for _, y in points) * 1.05
    bottom = top + height

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return left + width * point[0] / x_high, bottom - height * point[1] / y_high

    shapes = []
    for tick in ticks(0.0, y_high):
        y = place((0, tick))[1]
        shapes += [
            line(left, y, left + width, y, "axis" if tick == 0 else "grid"),
            text(left - 6, y + 4, tick_label(tick), "soft small", "end"),
        ]
    for tick in ticks(0.0, x_high):
        x = place((tick, 0))[0]
        shapes.append(text(x, bottom + 15, f"{tick:g}", "soft small", "middle"))
    shapes.append(text(left + width / 2, bottom + 31, x_label, "soft small", "middle"))
    shapes.append(text(left, 12, f"↑ {y_label}", "soft small"))
    highest = max(curve[-1][1] for curve in curves.values())
    for i, (name, curve) in enumerate(curves.items()):
        class_ = "curve" if i == 0 else "curve second"
        shapes.append(path([place(point) for point in curve], class_))
        x, y = place(curve[-1])
        y += -5 if curve[-1][1] == highest else 9
        label = f"{name} {curve[-1][1]:.3f}"
        shapes.append(text(x + 8, y + 4, label, "small " + ("blue" if i == 0 else "red")))
    return drawing(left + width + 110, bottom + 38, f"{y_label} against {x_label}", *shapes)


def _shares(scores: Sequence[float], edges: np.ndarray) -> np.ndarray:
    """Square roots of the shares per bin, so that the few of a tail show beside a tall peak.

    Values beyond the edges are counted in the outermost bins.
    """
    counts, _ = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)
    return np.sqrt(counts / max(len(scores), 1))


def _histogram(shares: np.ndarray, edges: np.ndarray, at, base: float, class_: str) -> Markup:
    """The outline of a histogram whose tallest possible bin is 1."""
    points = [(at(edges[0]), base)]
    for left, right, top in zip(edges[:-1], edges[1:], shares * (_ROW_HEIGHT - 14), strict=True):
        points += [(at(left), base - top), (at(right), base - top)]
    return path([*points, (at(edges[-1]), base)], class_, closed=True)


def _range(faithful: Sequence[float], groups: Sequence[Group]) -> tuple[float, float]:
    """The scores of all but the extreme hundredth."""
    scores = np.concatenate([np.asarray(faithful), *(np.asarray(g.scores) for g in groups)])
    low, high = np.percentile(scores, [1, 100])
    margin = 0.03 * max(high - low, 1e-3)
    return float(low - margin), float(high + margin)
