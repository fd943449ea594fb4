"""Updates that are not made, because their loss or gradient is not to be trusted.

A loss or gradient that is NaN or infinite, or a loss far above its running mean (a spike), would
spoil parameters and moments; such an update leaves them as they were. The decision falls on the
device, in `train.step`; this counts what came of it.
"""

import math
from typing import Any

from train.config import SkipConfig
from train.metric_log import means
from train.step import StepMetrics


class Skips:
    """``total`` skipped updates, ``in_a_row`` of them up to now."""

    def __init__(self, config: SkipConfig):
        self._config = config
        self.total = 0
        self.in_a_row = 0

    def observe(self, metrics: StepMetrics) -> bool:
        """Takes the metrics of an update, fetched to the host; whether it was skipped."""
        is_skipped = bool(metrics.is_skipped)
        self.total += is_skipped
        self.in_a_row = self.in_a_row + 1 if is_skipped else 0
        return is_skipped

    @property
    def are_too_many(self) -> bool:
        """Whether the run must end."""
        return self.in_a_row >= self._config.max_in_a_row

    def reason(self, metrics: StepMetrics) -> str:
        """Why an update was skipped."""
        sums = {name: float(value) for name, value in metrics.sums._asdict().items()}
        loss, norm = means(sums, contrastive=False)["loss"], float(metrics.grad_norm)
        if math.isfinite(loss) and math.isfinite(norm):
            return f"loss {loss:.3f} is a spike, the running mean is {float(metrics.loss_mean):.3f}"
        return f"loss {loss}, gradient norm {norm}"

    def to_json(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"total": self.total, "in_a_row": self.in_a_row}

    def restore(self, data: dict[str, Any]) -> None:
        """Continues from what `to_json` wrote."""
        self.total, self.in_a_row = data["total"], data["in_a_row"]
