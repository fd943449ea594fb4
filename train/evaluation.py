"""Evaluation during training: loss per target token of held-out examples, without dropout."""

import dataclasses
import math
from collections.abc import Callable

import jax
from jax.sharding import Mesh

from quals_jax.data.loader import Loader
from quals_jax.models.parameters import Params
from quals_jax.parallel.mesh import rows_to_devices
from train.losses import LossSums
from train.step import Batch


@dataclasses.dataclass(frozen=True)
class DevResult:
    """Means over all real target tokens: nats per token (not smoothed) and hits of the argmax."""

    loss: float
    accuracy: float
    num_tokens: int

    @property
    def perplexity(self) -> float:
        """``exp(loss)``."""
        return math.exp(min(self.loss, 700.0))

    def row(self) -> dict[str, float]:
        """The values as they are logged."""
        return {**dataclasses.asdict(self), "perplexity": self.perplexity}

    def __str__(self) -> str:
        return (
            f"dev loss {self.loss:.4f} · perplexity {self.perplexity:,.2f} · "
            f"accuracy {self.accuracy:.3f}"
        )


def evaluate(
    params: Params, loader: Loader, compiled: Callable[[Params, Batch], LossSums], mesh: Mesh
) -> DevResult:
    """Runs every example of ``loader`` once."""
    nll = correct = num_tokens = 0.0
    pending = None
    for batch in loader.once():
        placed = Batch(*rows_to_devices((batch.src_BS, batch.targets_BNT), mesh))
        sums = compiled(params, placed)
        if pending is not None:
            nll, correct, num_tokens = _add(pending, nll, correct, num_tokens)
        pending = sums
    if pending is not None:
        nll, correct, num_tokens = _add(pending, nll, correct, num_tokens)
    total = max(num_tokens, 1.0)
    return DevResult(nll / total, correct / total, int(num_tokens))


def _add(sums: LossSums, nll: float, correct: float, tokens: float) -> tuple[float, float, float]:
    sums = jax.device_get(sums)
    return nll + float(sums.nll), correct + float(sums.correct), tokens + float(sums.num_tokens)
