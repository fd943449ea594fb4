"""Learning-rate schedules: functions of the number of updates already made.

Update n uses the value at n - 1, as fairseq's trainer does, so with warmup the first update has
learning rate 0.
"""

import dataclasses
import difflib
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array

Schedule = Callable[[Array | int], Array]


@dataclasses.dataclass(frozen=True)
class ScheduleConfig:
    """Linear warmup to ``OptimConfig.learning_rate``, then one of the shapes in ``name``.

    ``total_steps`` 0 means the length of the run. ``end_ratio`` is the last learning rate as a
    share of the peak. ``power`` belongs to polynomial_decay.
    """

    name: str = "polynomial_decay"  # or fixed, inverse_sqrt, cosine
    warmup_steps: int = 0
    total_steps: int = 0
    end_ratio: float = 0.0
    power: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in _SHAPES:
            near = difflib.get_close_matches(self.name, _SHAPES, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"schedule {self.name!r} is none of {', '.join(_SHAPES)}{hint}")
        if min(self.warmup_steps, self.total_steps) < 0:
            raise ValueError("schedule: warmup_steps and total_steps must be >= 0")


def make_schedule(config: ScheduleConfig, learning_rate: float, num_steps: int) -> Schedule:
    """The schedule over ``config.total_steps``, or over ``num_steps`` where that is 0."""
    total = config.total_steps or num_steps
    warmup, end = config.warmup_steps, config.end_ratio * learning_rate
    shape = _SHAPES[config.name]

    def schedule(count: Array | int) -> Array:
        count = jnp.asarray(count, jnp.float32)
        after = shape(count, learning_rate, end, warmup, max(total, warmup + 1), config.power)
        if warmup == 0:
            return jnp.asarray(after, jnp.float32)
        return jnp.where(count <= warmup, learning_rate * count / warmup, after)

    return schedule


def _fixed(count, peak, end, warmup, total, power):
    return jnp.full((), peak, jnp.float32)


def _polynomial_decay(count, peak, end, warmup, total, power):
    """fairseq's ``polynomial_decay``: from ``peak`` to ``end`` between warmup and total."""
    left = jnp.clip(1.0 - (count - warmup) / (total - warmup), 0.0, 1.0)
    return (peak - end) * left**power + end


def _inverse_sqrt(count, peak, end, warmup, total, power):
    """fairseq's ``inverse_sqrt``: ``peak`` at the end of warmup, then falling as 1/sqrt(count)."""
    start = max(warmup, 1)
    return peak * jnp.sqrt(start / jnp.maximum(count, start))


def _cosine(count, peak, end, warmup, total, power):
    done = jnp.clip((count - warmup) / (total - warmup), 0.0, 1.0)
    return end + (peak - end) * 0.5 * (1.0 + jnp.cos(jnp.pi * done))


_SHAPES = {
    "polynomial_decay": _polynomial_decay,
    "inverse_sqrt": _inverse_sqrt,
    "cosine": _cosine,
    "fixed": _fixed,
}
