"""Turns SIGTERM, SIGINT and SIGUSR1 into an orderly end of a long job.

with StopSignals() as signals:
    with signals.interruptible():
        work()          # Stopped is raised in here, at once
    save()              # never interrupted; the next interruptible block raises
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# SLURM announces the end of a time slot by SIGUSR1 (--signal=USR1@60) or by SIGTERM.
EXIT_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGUSR1: 143}


class Stopped(BaseException):
    """A signal asked the job to end. Not an Exception: no `except Exception` may swallow it."""

    def __init__(self, number: int):
        self.name = signal.Signals(number).name
        self.exit_status = EXIT_STATUS[signal.Signals(number)]
        super().__init__(f"stopped by {self.name}")


def signal_of(exit_status: int) -> signal.Signals | None:
    """The signal that ends a job with this status (SIGTERM rather than SIGUSR1), None if none."""
    return next((number for number, status in EXIT_STATUS.items() if status == exit_status), None)


class StopSignals:
    """Handlers while the block lasts. A second Ctrl-C ends the process on the spot."""

    def __init__(self):
        self._received: int | None = None
        self._interruptible = False
        self._former: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._handle) for number in EXIT_STATUS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)  # pyrefly: ignore

    @property
    def received(self) -> int:
        """The number of the first signal, 0 where none came."""
        return self._received or 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._received == number == signal.SIGINT:
            if sys.stderr.isatty():
                os.write(2, b"\x1b[?25h")  # the progress bar had hidden the cursor
            os._exit(EXIT_STATUS[signal.SIGINT])
        self._received = self._received or number
        if self._interruptible:
            raise Stopped(number)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A block that a signal may break off; raises Stopped when one came before it."""
        if self._received is not None:
            raise Stopped(self._received)
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False
        # A library may have swallowed the exception on its way (a callback, a destructor).
        if self._received is not None:
            raise Stopped(self._received)
