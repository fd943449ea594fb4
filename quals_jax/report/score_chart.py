"""How the scores of references, samples and worst samples are distributed, and what is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quals_jax.report.axes import fixed, labelled_ticks
from quals_jax.report.markup import Markup
from quals_jax.report.svg import box, drawing, line, path, text

_LEFT, _PLOT_WIDTH, _ROW, _TOP = 200.0, 560.0, 100.0, 6.0
_BINS = 70


@dataclass(frozen=True)
class Pool:
    """Scores of one kind of summary; those from or up to the threshold are chosen."""

    label: str
    scores: Sequence[float]
    class_: str
    chosen: str = ""
    threshold: float | None = None
    above: bool = True


def score_chart(pools: Sequence[Pool]) -> Markup:
    """A histogram per pool on one axis, its median, and a shade over the chosen part."""
    filled = [pool for pool in pools if len(pool.scores)]
    everything = np.concatenate([np.asarray(pool.scores, float) for pool in filled])
    low, high = np.percentile(everything, [0.5, 99.9])
    margin = 0.03 * max(high - low, 1e-3)
    low, high = float(low - margin), float(high + margin)
    bottom = _TOP + _ROW * len(pools)

    def at(score: float) -> float:
        return _LEFT + _PLOT_WIDTH * (min(max(score, low), high) - low) / (high - low)

    shapes = []
    for tick, words in labelled_ticks(low, high):
        shapes += [
            line(at(tick), _TOP, at(tick), bottom, "grid"),
            text(at(tick), bottom + 16, words, "soft small", "middle"),
        ]
    middle = _LEFT + _PLOT_WIDTH / 2
    shapes.append(text(middle, bottom + 34, "QUALS, nats per token", "soft small", "middle"))
    edges = np.linspace(low, high, _BINS + 1)
    for i, pool in enumerate(pools):
        shapes += _row(pool, edges, at, _TOP + _ROW * (i + 1) - 8)
    title = "Distributions of QUALS: " + ", ".join(pool.label for pool in pools)
    return drawing(_LEFT + _PLOT_WIDTH + 20, bottom + 42, title, *shapes)


def _row(pool: Pool, edges: np.ndarray, at, base: float) -> list[Markup]:
    shapes = [text(0, base - 36, pool.label, "strong")]
    if not len(pool.scores):
        return [*shapes, text(0, base - 20, "no scores", "soft small")]
    median = float(np.median(pool.scores))
    shapes += [
        text(0, base - 20, f"{len(pool.scores):,} summaries", "soft small"),
        text(0, base - 6, f"median {fixed(median, 3, '+')}", "soft small"),
    ]
    counts, _ = np.histogram(np.clip(pool.scores, edges[0], edges[-1]), edges)
    tops = np.sqrt(counts / counts.max()) * (_ROW - 44)
    points = [(at(edges[0]), base)]
    for left, right, top in zip(edges[:-1], edges[1:], tops, strict=True):
        points += [(at(left), base - top), (at(right), base - top)]
    shapes += [
        path([*points, (at(edges[-1]), base)], pool.class_, closed=True),
        line(at(edges[0]), base, at(edges[-1]), base, "axis"),
        line(at(median), base, at(median), base + 5, "axis"),
    ]
    if pool.threshold is not None:
        cut, end = at(pool.threshold), at(edges[-1] if pool.above else edges[0])
        shade, rule = ("chosen", "main") if pool.above else ("tint", "alarm")
        top = base - _ROW + 24
        shapes.insert(0, box(min(cut, end), top, abs(end - cut), base - top, shade))
        number = fixed(pool.threshold, 3, "+")
        words = f"{pool.chosen}: {'from' if pool.above else 'up to'} {number}"
        room = cut - _LEFT if pool.above else _LEFT + _PLOT_WIDTH - cut
        before = pool.above == (room > 6 * len(words))  # outside of the shade, if there is room
        anchor, x = ("end", cut - 5) if before else ("start", cut + 5)
        shapes += [line(cut, top, cut, base, rule), text(x, top + 9, words, "small", anchor)]
    return shapes
