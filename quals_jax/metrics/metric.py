"""What every metric of `quals evaluate` is: numbers for each summary, and a line that names it.

class Length:
    name, keys = "length", ("length",)
    signature = "length"

    def evaluate(self, examples, report=nothing):
        return [{"length": float(len(example.summary.split()))} for example in examples]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Report = Callable[[float], None]


@dataclass(frozen=True)
class Example:
    """A summary with its document, and the reference summary where there is one."""

    document: str
    summary: str
    reference: str | None = None


def empty_text(example: Example) -> str | None:
    """``empty_summary`` or ``empty_document``, the reason of most metrics, or None."""
    if not example.summary.strip():
        return "empty_summary"
    return None if example.document.strip() else "empty_document"


def nothing(done: float) -> None:
    """A report that nobody reads."""


class Metric(Protocol):
    """Gives numbers for summaries.

    ``name`` is its name in ``--metrics``; ``keys`` are its numbers, the main one first;
    ``signature`` says in one line what they depend on: settings, weights, library versions.
    """

    @property
    def name(self) -> str:
        """Its name in ``--metrics``."""
        ...

    @property
    def keys(self) -> tuple[str, ...]:
        """The numbers it gives, the main one first."""
        ...

    @property
    def signature(self) -> str:
        """One line that names what the numbers depend on."""
        ...

    def evaluate(
        self, examples: Sequence[Example], report: Report = nothing
    ) -> list[dict[str, Any]]:
        """One dict per example, in order: exactly `keys`, a finite number or None each.

        Where the main number is None there is also ``"reason"``, a short code such as
        ``empty_summary``. Where an example failed for want of memory or because of NaN there is
        ``"error"`` too, its message. An example's numbers depend on no other example. ``report`` is
        told how many more examples are done; fractions are fine.
        """
        ...
