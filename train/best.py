"""The parameters with the lowest loss on dev so far."""

from pathlib import Path
from typing import Any

from quals_jax.models.parameters import Params
from train.kept_params import KeptParams


class BestOnDev:
    """``loss`` and ``step`` of the best evaluation, None before the first."""

    def __init__(self, folder: Path, num_checkpoints: int):
        self._kept = KeptParams(folder, num_checkpoints)
        self.loss: float | None = None

    @property
    def step(self) -> int | None:
        """Updates made before the best evaluation."""
        return self._kept.step

    def offer(self, step: int, loss: float, params: Params) -> bool:
        """Keeps ``params`` if they are better; returns whether they are."""
        if self.loss is not None and loss >= self.loss:
            return False
        self.loss = loss
        self._kept.keep(step, params)
        return True

    def params(self, like: Params) -> Params:
        """The kept parameters, placed as ``like``."""
        return self._kept.params(like)

    def to_json(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"loss": self.loss, "kept": self._kept.to_json()}

    def resume(self, step: int, data: dict[str, Any]) -> None:
        """Continues from what `to_json` gave at ``step``."""
        self.loss = data["loss"]
        self._kept.resume(step, data["kept"])

    def close(self) -> None:
        """Waits and gives the threads back."""
        self._kept.close()
