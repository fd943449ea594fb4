"""The processes that share a job, as far as a job needs to know them.

A job of one process needs none. Those of a run on many hosts come from `parallel.processes`, which
loads JAX; this file does not.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

Result = TypeVar("Result")
Block = AbstractContextManager[None]


class OtherProcessError(RuntimeError):
    """This process stopped because another one failed; that one says why."""


class Team:
    """A process alone."""

    index = 0
    count = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes what is written once."""
        return self.index == 0

    def everywhere(
        self, work: Callable[[], Result], waiting: Callable[[], Block] = nullcontext
    ) -> Result:
        """``work()`` on every process. Where it fails on one, all raise.

        ``waiting()`` is a block around the time in which this process waits for others.
        """
        return work()

    def from_first(self, work: Callable[[], Any]) -> Any:
        """``work()`` of process 0 alone, for all: JSON values. Where it fails, all raise."""
        return work()

    def check_same(self, parts: Mapping[str, object]) -> None:
        """ValueError, naming parts and processes, where the processes do not agree in them."""

    def check_others(self) -> None:
        """Raises `OtherProcessError` where another process failed in the same `everywhere`."""
