"""Round numbers along an axis, and ranges that hold all values."""

import math
from collections.abc import Iterable

import numpy as np


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """About `count` round numbers in the range."""
    raw = (high - low) / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw)
    first = np.ceil(low / step)
    return [float(step * i) for i in np.arange(first, np.floor(high / step) + 1)]


def tick_label(value: float) -> str:
    """Three significant digits with a true minus."""
    return f"{value:.3g}".replace("-", "−") if abs(value) > 1e-9 else "0"


def span(values: Iterable[float | None], margin: float = 0.06) -> tuple[float, float]:
    """The range of the finite values, a margin added; around 0 where there is none."""
    found = [value for value in values if value is not None and math.isfinite(value)]
    if not found:
        return -1.0, 1.0
    low, high = min(found), max(found)
    room = margin * (high - low) or 0.05 * max(abs(high), 0.1)
    return low - room, high + room
