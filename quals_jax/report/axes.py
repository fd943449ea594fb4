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


def labelled_ticks(low: float, high: float, count: int = 6) -> list[tuple[float, str]]:
    """Round numbers with their labels, all with as many decimals as tell them apart."""
    found = ticks(low, high, count)
    if len(found) < 2:
        return [(tick, tick_label(tick)) for tick in found]
    step = found[1] - found[0]
    decimals = next((d for d in range(9) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 9)
    return [(tick, fixed(tick, decimals)) for tick in found]


def tick_label(value: float) -> str:
    """Three significant digits with a true minus."""
    return f"{value:.3g}".replace("-", "−") if abs(value) > 1e-9 else "0"


def fixed(value: float, decimals: int, sign: str = "") -> str:
    """So many decimals with a true minus, and none before zero; sign "+" for a plus, too."""
    text = f"{value:{sign}.{decimals}f}"
    if float(text) == 0:
        text = f"{0:.{decimals}f}"
    return text.replace("-", "−")


def span(
    values: Iterable[float | None],
    margin: float = 0.06,
    least: float = -math.inf,
    most: float = math.inf,
) -> tuple[float, float]:
    """The range of the finite values, a margin added; around 0 where there is none.

    The margin ends at `least` and `most`, the values of which the scale is capable.
    """
    found = [value for value in values if value is not None and math.isfinite(value)]
    if not found:
        return -1.0, 1.0
    low, high = min(found), max(found)
    room = margin * (high - low) or 0.05 * max(abs(high), 0.1)
    return max(low - room, min(least, low)), min(high + room, max(most, high))
