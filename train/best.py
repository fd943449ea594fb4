"""The parameters with the lowest loss on dev so far, on disk beside the checkpoints."""

from pathlib import Path
from typing import Any

from quals_jax.checkpoints.training_state import TrainingStore, abstract_like
from quals_jax.models.parameters import Params


class BestOnDev:
    """``loss`` and ``step`` of the best evaluation, None before the first."""

    def __init__(self, folder: Path):
        self._store = TrainingStore(folder, keep=1)
        self.loss: float | None = None
        self.step: int | None = None

    def offer(self, step: int, loss: float, params: Params) -> bool:
        """Keeps ``params`` if they are better; returns whether they are."""
        if self.loss is not None and loss >= self.loss:
            return False
        self.loss, self.step = loss, step
        self._store.save(step, params, {"dev_loss": loss})
        return True

    def params(self, like: Params) -> Params:
        """The kept parameters, placed as ``like``."""
        return self._store.restore(abstract_like(like), self.step)[1]

    def to_json(self) -> dict[str, Any] | None:
        """For the checkpoint, which must not name what is not on disk yet: waits for it."""
        self._store.wait()
        return None if self.step is None else {"loss": self.loss, "step": self.step}

    def resume(self, step: int, data: dict[str, Any] | None) -> None:
        """Continues from what `to_json` gave at ``step``."""
        if data is not None:
            self.loss, self.step = data["loss"], data["step"]
        self._store.delete_after(step)

    def close(self) -> None:
        """Waits and gives the threads back."""
        self._store.close()
