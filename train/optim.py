"""fairseq's optimizer as an optax chain: clip by the global norm, then Adam with decay.

The gradient that enters is already divided by the sample size (the target tokens of the update).
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from train.schedules import Schedule, ScheduleConfig, make_schedule


@dataclasses.dataclass(frozen=True)
class OptimConfig:
    """Adam and its schedule; the defaults are those of the official fine-tuning scripts."""

    learning_rate: float = 3e-5
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01
    clip_norm: float = 0.1  # 0: no clipping
    schedule: ScheduleConfig = dataclasses.field(default_factory=ScheduleConfig)

    def __post_init__(self) -> None:
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError(f"optim: beta1 {self.beta1} and beta2 {self.beta2} must be in [0, 1)")
        for name in ("learning_rate", "eps", "weight_decay", "clip_norm"):
            if getattr(self, name) < 0:
                raise ValueError(f"optim.{name} is {getattr(self, name)}, expected >= 0")


def make_optimizer(
    config: OptimConfig, num_steps: int
) -> tuple[optax.GradientTransformation, Schedule]:
    """The optimizer of a run of ``num_steps`` updates, and its learning-rate schedule."""
    schedule = make_schedule(config.schedule, config.learning_rate, num_steps)
    adam = fairseq_adam(
        schedule,
        beta1=config.beta1,
        beta2=config.beta2,
        eps=config.eps,
        weight_decay=config.weight_decay,
    )
    if config.clip_norm == 0:
        return adam, schedule
    return optax.chain(clip_by_global_norm(config.clip_norm), adam), schedule


def clip_by_global_norm(max_norm: float) -> optax.GradientTransformation:
    """Scale by ``min(1, max_norm / (norm + 1e-6))`` of the norm of all gradients together.

    Differs from ``optax.clip_by_global_norm`` by the 1e-6, as fairseq does.
    """

    def update(updates, state, params=None):
        factor = jnp.minimum(1.0, max_norm / (optax.tree.norm(updates) + 1e-6))
        return jax.tree.map(lambda g: g * factor, updates), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


class AdamState(NamedTuple):
    """Updates made so far and the two moments."""

    count: Array
    mu: optax.Params
    nu: optax.Params


def fairseq_adam(
    schedule: Schedule, *, beta1: float, beta2: float, eps: float, weight_decay: float
) -> optax.GradientTransformation:
    """Adam as in fairseq 0.9, learning rate and decoupled weight decay included.

    Differs from ``optax.adamw``: ``eps`` is added to ``sqrt(v)`` before the bias correction
    (step ``lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)``). Every parameter
    decays, biases and layer norms too.
    """

    def init(params):
        def zeros():
            return jax.tree.map(jnp.zeros_like, params)

        return AdamState(jnp.zeros((), jnp.int32), zeros(), zeros())

    def update(updates, state, params=None):
        lr = schedule(state.count)
        count = state.count + 1
        t = count.astype(jnp.float32)
        # 1 - beta**t through expm1: in float32, 1 - 0.999 itself is wrong in the fifth digit.
        step_size = lr * jnp.sqrt(_one_minus_power(beta2, t)) / _one_minus_power(beta1, t)
        mu = jax.tree.map(lambda m, g: beta1 * m + (1.0 - beta1) * g, state.mu, updates)
        nu = jax.tree.map(lambda v, g: beta2 * v + (1.0 - beta2) * g * g, state.nu, updates)
        steps = jax.tree.map(
            lambda p, m, v: -lr * weight_decay * p - step_size * m / (jnp.sqrt(v) + eps),
            params,
            mu,
            nu,
        )
        return steps, AdamState(count, mu, nu)

    return optax.GradientTransformation(init, update)


def _one_minus_power(beta: float, t: Array) -> Array:
    return -jnp.expm1(t * math.log(beta)) if beta > 0 else jnp.ones(())
