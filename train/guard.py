"""Collapse of ConSeq: unlikelihood can push down what S+ and S- share until nothing is likely.

    guard = CollapseGuard(config)
    guard.observe(nll, num_tokens)      # of the S+ tokens of every update, in order
    if guard.collapse is not None: ...  # says why training must stop

The sign is the negative log-likelihood of S+, which a healthy run lowers: smoothed, it may exceed
its start by a set share. Numbers of the host only; the same on every process.
"""

from collections import deque
from typing import Any

from train.config import ConSeqConfig

_LOWEST_START = 0.1  # nats per token; less is knowing by heart, where a rise of a fifth is noise


class CollapseGuard:
    """Compares the mean over the last ``guard_window_steps`` updates with that over the first.

    Updates without S+ tokens do not count; a start below 0.1 nats counts as 0.1. The first
    evaluation on dev is the start of the dev loss. ``max_nll_rise`` 0 and ``max_dev_rise`` 0 each
    switch their part off.
    """

    def __init__(self, config: ConSeqConfig):
        self._config = config
        self._start: float | None = None  # nats per S+ token
        self._dev_start: float | None = None  # nats per token
        self._recent: deque[tuple[float, float]] = deque(maxlen=config.guard_window_steps)
        self.collapse: str | None = None

    @property
    def rise(self) -> float:
        """Share by which the S+ NLL exceeds its start; 0 until the start is known."""
        return 0.0 if self._start is None else self._mean() / self._start - 1.0

    @property
    def is_good(self) -> bool:
        """Whether parameters are worth keeping: at most half of the allowed rise is used up.

        The mean lags behind, so parameters just below the limit are already damaged.
        """
        is_risen = 0 < self._config.max_nll_rise < 2 * self.rise
        return self.collapse is None and not is_risen

    def observe(self, nll: float, num_tokens: float) -> None:
        """Takes the summed NLL and the number of the S+ tokens of the next update."""
        if self.collapse is not None:
            return
        if num_tokens > 0:
            self._recent.append((nll, num_tokens))
        if self._start is None:
            if len(self._recent) == self._recent.maxlen:
                self._start = max(self._mean(), _LOWEST_START)
        elif 0 < self._config.max_nll_rise < self.rise:
            self._stop("S+ NLL", self._mean(), self._start, self._config.max_nll_rise)

    def observe_dev(self, loss: float) -> None:
        """Takes the loss of an evaluation on dev."""
        if self._dev_start is None:
            self._dev_start = loss
        elif 0 < self._config.max_dev_rise < loss / self._dev_start - 1.0:
            self._stop("dev loss", loss, self._dev_start, self._config.max_dev_rise)

    def to_json(self) -> dict[str, Any]:
        """All that later decisions depend on, as plain JSON."""
        recent = [list(pair) for pair in self._recent]
        return {"start": self._start, "dev_start": self._dev_start, "recent": recent}

    def restore(self, data: dict[str, Any]) -> None:
        """Continues from what `to_json` wrote."""
        self._start, self._dev_start = data["start"], data["dev_start"]
        self._recent.extend((nll, num_tokens) for nll, num_tokens in data["recent"])

    def _mean(self) -> float:
        total = sum(num_tokens for _, num_tokens in self._recent)
        return sum(nll for nll, _ in self._recent) / total

    def _stop(self, name: str, value: float, start: float, limit: float) -> None:
        self.collapse = (
            f"{name} {value:.3f} is {value / start - 1.0:.0%} above its start, {start:.3f} "
            f"(allowed: {limit:.0%})"
        )
