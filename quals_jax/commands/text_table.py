"""Tables for a terminal.

text_table([["score", "rows"], ["quals", "235"]])
"""

from collections.abc import Sequence

from quals_jax.text.printable import printable


def text_table(lines: Sequence[Sequence[str]]) -> str:
    """The cells in aligned columns: the first to the left, the others to the right."""
    lines = [[printable(cell) for cell in line] for line in lines]  # names come from files
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join(line.rstrip() for line in padded)


def signed(value: float | None, decimals: int = 3) -> str:
    """A number with its sign; a dash where there is none."""
    return "-" if value is None else f"{value:+.{decimals}f}"


def plain(value: float | None, decimals: int = 3) -> str:
    """A number; a dash where there is none."""
    return "-" if value is None else f"{value:.{decimals}f}"


def between(interval: Sequence[float] | None, decimals: int = 3, sign: str = "") -> str:
    """``[0.331, 0.520]``; nothing where there is no interval."""
    if interval is None:
        return ""
    low, high = (f"{end:{sign}.{decimals}f}" for end in interval)
    return f"[{low}, {high}]"
