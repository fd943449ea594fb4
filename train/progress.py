"""What a person sees of a run: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, TextIO

_PLAIN_EVERY_SECS = 15.0
_LOSSES = {"loss": "loss", "positive_nll": "S+", "negative_loss": "S-"}


class Progress:
    """Shows step, loss, speed and time left on standard error."""

    def __init__(self, num_steps: int, step: int, stream: TextIO | None = None):
        self._stream = stream or sys.stderr
        self._num_steps = num_steps
        # (time, step, tokens) of the last steps: the rate follows the present, not the compiles.
        self._recent: deque[tuple[float, int, int]] = deque(maxlen=200)
        self._recent.append((time.monotonic(), step, 0))
        self._tokens = 0
        self._shown_at = 0.0
        self._bar = None
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.percentage:3.0f}%"),
                BarColumn(bar_width=24),
                TextColumn("{task.description}"),
                console=Console(file=self._stream),
                transient=True,
            )
            self._task = self._bar.add_task("compiling", total=num_steps, completed=step)
            self._bar.start()

    def update(self, step: int, means: Mapping[str, Any]) -> None:
        """Tells that ``step`` is done, with what `metric_log.means` makes of its batches."""
        now = time.monotonic()
        self._tokens += means["num_tokens"]
        self._recent.append((now, step, self._tokens))
        line = self._line(step, means)
        if self._bar is not None:
            self._bar.update(self._task, completed=step, description=line)
        elif now - self._shown_at > _PLAIN_EVERY_SECS or step == self._num_steps:
            self._shown_at = now
            self.say(line)

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def _line(self, step: int, means: Mapping[str, Any]) -> str:
        (then, first, before), (now, last, after) = self._recent[0], self._recent[-1]
        secs = (now - then) / max(last - first, 1)
        speed = (after - before) / max(now - then, 1e-9)
        left = secs * (self._num_steps - step)
        losses = " · ".join(
            f"{shown} {means[name]:.4f}"
            for name, shown in _LOSSES.items()
            if means.get(name) is not None
        )
        return (
            f"step {step:,}/{self._num_steps:,} · {losses} · {secs:.2f} s/step · "
            f"{speed:,.0f} tokens/s · {_duration(left)} left"
        )


def _duration(secs: float) -> str:
    minutes, seconds = divmod(round(secs), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
