"""Progress on stderr: a bar on a terminal, a line now and then in a log file, or nothing."""

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_LINE_SECS = 10.0  # between two lines in a log file


class Progress:
    """``with Progress("quals score", total=100) as progress: progress.advance(8)``.

    Rate and time left are those of this run: `done` rows were there when it started.
    """

    def __init__(self, title: str, total: int, done: int = 0, quiet: bool = False):
        self.title, self.total = title, total
        self.done: float = done
        self._quiet = quiet
        self._start_done = done
        self._start = self._last_line = time.monotonic()
        self._bar: RichProgress | None = None

    def __enter__(self) -> "Progress":
        self._start = self._last_line = time.monotonic()
        if not self._quiet and sys.stderr.isatty():
            self._bar = _bar(self.title, self.total, self.done)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Since the start of this run."""
        return time.monotonic() - self._start

    @property
    def rows_per_sec(self) -> float:
        """Rate of this run, 0 before the first row."""
        return (self.done - self._start_done) / max(self.seconds, 1e-9)

    def advance(self, rows: float) -> None:
        """So many more rows are done; a row may be reported in parts."""
        self.done += rows
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0], completed=int(self.done + 1e-6), rate=self._rate()
            )
        elif time.monotonic() - self._last_line >= _LINE_SECS:
            self._last_line = time.monotonic()
            print(
                f"{self.title}: {int(self.done)}/{self.total} rows, {self._rate()}", file=sys.stderr
            )

    def _rate(self) -> str:
        rate = self.rows_per_sec
        left = (self.total - self.done) / rate if rate else float("inf")
        return f"{rate:.3g} rows/s, {duration(left)} left"


def duration(secs: float) -> str:
    """Seconds for people: ``4.2s``, ``42s``, ``3m07s``, ``2h05m``."""
    if secs == float("inf"):
        return "?"
    if secs < 9.95:
        return f"{secs:.1f}s"
    minutes, rest = divmod(round(secs), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def _bar(title: str, total: int, done: float) -> "RichProgress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = RichProgress(*columns, TextColumn("{task.fields[rate]}"), console=Console(stderr=True))
    bar.add_task(title, total=total, completed=int(done), rate="")
    bar.start()
    return bar
