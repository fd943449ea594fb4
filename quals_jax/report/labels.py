"""Where to write the names of points so that they cover neither points nor one another."""

from collections.abc import Sequence
from dataclasses import dataclass

_LETTER, _HEIGHT = 6.0, 11.0  # of small text, in pixels
_POINT = 7.0  # half the side of the square that a point takes up

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Label:
    """A text with its baseline at y; ``anchor`` as in SVG. ``far``: it needs a leader line."""

    x: float
    y: float
    anchor: str
    far: bool


def place_labels(
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    frame: Box,
    others: Sequence[Box] = (),
) -> list[Label]:
    """A place per point, inside the frame where there is room; `others` are to be kept free, too.

    Points are served in their order: the first get the best places.
    """
    taken = [(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    taken += others
    labels = []
    for (x, y), name in zip(points, names, strict=True):
        best = min(_places(x, y), key=lambda label: _cost(label, name, taken, frame))
        labels.append(best)
        taken.append(_box(best, name))
    return labels


def _places(x: float, y: float) -> list[Label]:
    """Candidates, the preferred first."""
    found = []
    for distance in (0.0, 14.0, 28.0, 44.0):
        far = distance > 0
        aside = 10.0 + distance / 4
        found += [
            Label(x + aside, y + 4 + distance, "start", far),
            Label(x + aside, y + 4 - distance, "start", far),
            Label(x - aside, y + 4 + distance, "end", far),
            Label(x - aside, y + 4 - distance, "end", far),
            Label(x, y - 10 - distance, "middle", far),
            Label(x, y + 18 + distance, "middle", far),
        ]
    return found


def _box(label: Label, name: str) -> Box:
    width = _LETTER * len(name)
    left = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    return left, label.y - _HEIGHT + 1, left + width, label.y + 2


def _cost(label: Label, name: str, taken: list[Box], frame: Box) -> float:
    """Covered pixels, the frame's outside counting most; 0 is free."""
    left, top, right, bottom = _box(label, name)
    covered = sum(
        max(0.0, min(right, r) - max(left, l)) * max(0.0, min(bottom, b) - max(top, t))
        for l, t, r, b in taken  # noqa: E741
    )
    outside = max(0.0, frame[0] - left) + max(0.0, right - frame[2])
    outside += max(0.0, frame[1] - top) + max(0.0, bottom - frame[3])
    return covered + 20 * outside
