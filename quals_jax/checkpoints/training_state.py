"""Orbax store of a training run.

    store = TrainingStore("runs/qagen/checkpoints", keep=2)
    store.save(step, state, {"position": {...}})
    step, state, data = store.restore(abstract_like(state))

Each step is a folder that appears complete or not at all. Arrays come back with the sharding of
the target they are restored into, so another number of devices may continue a run.
"""

from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp


class TrainingStore:
    """The newest ``keep`` checkpoints of a run under ``folder``."""

    def __init__(self, folder: str | Path, *, keep: int = 2):
        self._manager = ocp.CheckpointManager(
            Path(folder).absolute(),
            options=ocp.CheckpointManagerOptions(
                max_to_keep=keep, enable_async_checkpointing=True, create=True
            ),
        )

    def latest_step(self) -> int | None:
        """Step of the newest complete checkpoint."""
        return self._manager.latest_step()

    def save(self, step: int, state: Any, data: dict[str, Any], *, wait: bool = False) -> None:
        """Saves arrays (``state``) and plain JSON (``data``) as checkpoint ``step``.

        Returns once the arrays are copied to the host; writing goes on behind unless ``wait``.
        A checkpoint of the same step is left as it is.
        """
        if step == self._manager.latest_step():
            return
        self._manager.save(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardSave(state), data=ocp.args.JsonSave(data)
            ),
        )
        if wait:
            self.wait()

    def restore(self, target: Any, step: int | None = None) -> tuple[int, Any, dict[str, Any]]:
        """(step, state, data) of ``step``, or of the newest checkpoint.

        ``target`` is a tree of arrays or of `abstract_like` leaves. Raises ValueError when the
        checkpoint's arrays have other shapes.
        """
        step = self._manager.latest_step() if step is None else step
        if step is None:
            raise FileNotFoundError(f"{self._manager.directory}: no checkpoint")
        wanted = ocp.args.Composite(
            state=ocp.args.StandardRestore(target), data=ocp.args.JsonRestore()
        )
        try:
            found = self._manager.restore(step, args=wanted)
        except ValueError as error:
            if "stored shape" not in str(error):
                raise
            raise ValueError(
                f"{self._manager.directory}: the checkpoint of step {step} is of another model, or "
                "of a version of quals-jax that stored parameters otherwise, and cannot be "
                "continued. Train in another --workdir; a finished model folder can still be read"
            ) from error
        return step, found["state"], found["data"]

    def delete_after(self, step: int) -> None:
        """Deletes the checkpoints of later steps."""
        self.wait()
        for later in self._manager.all_steps():
            if later > step:
                self._manager.delete(later)

    def wait(self) -> None:
        """Returns when everything saved is on disk."""
        self._manager.wait_until_finished()

    def close(self) -> None:
        """Waits and gives the threads back."""
        self._manager.close()


def abstract_like(tree: Any) -> Any:
    """Shapes, types and shardings of a tree, for `TrainingStore.restore`."""
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=getattr(x, "sharding", None)),
        tree,
    )
