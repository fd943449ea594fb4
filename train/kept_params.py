"""Parameters on disk, beside the checkpoints, that a run may still want at its end."""

from pathlib import Path
from typing import Any

from quals_jax.checkpoints.training_state import TrainingStore, abstract_like
from quals_jax.models.parameters import Params


class KeptParams:
    """The parameters kept last, and those that were last for one of the newest checkpoints.

    So a run that is continued from any checkpoint finds what it had kept then, and the disk holds
    at most ``num_checkpoints`` + 1 of them. ``step`` is that of the last ones, None before the
    first.
    """

    def __init__(self, folder: Path, num_checkpoints: int):
        self._store = TrainingStore(folder, keep=None)
        self._num_checkpoints = num_checkpoints
        self._of_checkpoints: list[int] = []
        self.step: int | None = None

    def keep(self, step: int, params: Params) -> None:
        """Keeps ``params`` instead of the last ones; returns before they are written."""
        for other in self._store.steps():
            if other not in self._of_checkpoints:
                self._store.delete(other)
        self._store.save(step, params, {})
        self.step = step

    def params(self, like: Params) -> Params:
        """The last ones, placed as ``like``. Raises `CheckpointError` where they are damaged."""
        return self._store.restore(abstract_like(like), self.step)[1]

    def to_json(self) -> dict[str, Any]:
        """For a checkpoint, which must not name what is not on disk yet: waits for it."""
        self._store.wait()
        if self.step is not None:
            self._of_checkpoints = [*self._of_checkpoints, self.step][-self._num_checkpoints :]
        return {"step": self.step, "of_checkpoints": self._of_checkpoints}

    def resume(self, step: int, data: dict[str, Any]) -> None:
        """Continues from what `to_json` gave for the checkpoint of ``step``."""
        self._store.delete_after(step)
        self.step, self._of_checkpoints = data["step"], data["of_checkpoints"]

    def close(self) -> None:
        """Waits and gives the threads back."""
        self._store.close()
