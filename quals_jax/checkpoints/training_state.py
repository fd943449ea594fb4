"""Orbax store of a training run.

    store = TrainingStore("runs/qagen/checkpoints", keep=2)
    store.save(step, state, {"position": {...}})
    step = store.newest_undamaged(tell=print)
    step, state, data = store.restore(abstract_like(state), step)

Each step is a folder that appears complete or not at all, with a list of its files and their
SHA-256. Arrays come back with the sharding of the target they are restored into, so another number
of devices may continue a run.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from quals_jax.checkpoints.file_manifest import damage_of, write_manifest
from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.data.writers import WriteError
from quals_jax.parallel.processes import from_first

# Orbax writes these two when it commits a checkpoint, after everything else.
_OF_THE_COMMIT = ("_CHECKPOINT_METADATA", "commit_success.txt")


class TrainingStore:
    """The newest ``keep`` checkpoints of a run under ``folder``; None keeps all."""

    def __init__(self, folder: str | Path, *, keep: int | None = 2):
        self._folder = Path(folder).absolute()
        self._keep = keep
        self._saving: int | None = None  # a step
        self._undamaged: set[int] = set()  # steps whose files were looked at
        self._manager = ocp.CheckpointManager(
            self._folder,
            options=ocp.CheckpointManagerOptions(
                max_to_keep=keep,
                enable_async_checkpointing=True,
                create=True,
                async_options=ocp.AsyncOptions(post_finalization_callback=self._write_manifest),
            ),
        )

    def _write_manifest(self) -> None:
        """Runs on process 0 when all is written, before the folder gets its final name."""
        (folder,) = self._folder.glob(f"{self._saving}.orbax-checkpoint-tmp*")
        write_manifest(folder, without=_OF_THE_COMMIT)

    def latest_step(self) -> int | None:
        """Step of the newest complete checkpoint."""
        return self._manager.latest_step()

    def steps(self) -> list[int]:
        """Steps of all complete checkpoints, the oldest first."""
        return sorted(self._manager.all_steps())

    def newest_undamaged(self, *, tell: Callable[[str], None], strict: bool = False) -> int | None:
        """Step of the newest checkpoint whose files are as they were written; None for no steps.

        Each damaged checkpoint that is newer is deleted, after ``tell`` was told. Raises
        `CheckpointError` where all are damaged, and with ``strict`` at the first; then none is
        deleted. Checkpoints that a run was killed before it could delete are deleted now.
        """
        self.wait()
        steps, found = self.steps(), []
        for step in reversed(steps):
            damage = self.damage(step)
            if damage is None:
                for worse, what in found:
                    tell(
                        f"DAMAGED CHECKPOINT of step {worse:,}: {what}; it is deleted, and step "
                        f"{step:,} is continued instead"
                    )
                self.delete_after(step)
                self._delete_beyond_keep()
                return step
            found.append((step, damage))
            if strict:
                break
        if not found:
            return None
        damages = "; ".join(f"step {step:,}: {what}" for step, what in found)
        if strict and len(steps) > 1:
            remedy = "Without --strict-resume the newest undamaged one before it is continued"
        else:
            remedy = "Bring it back from a copy, or train in another --workdir"
        raise CheckpointError(f"{self._folder}: damaged checkpoint ({damages}). {remedy}")

    def damage(self, step: int) -> str | None:
        """What is wrong with the files of a checkpoint, None where nothing is."""
        damage = from_first(lambda: damage_of(self._folder / str(step)))
        if damage is None:
            self._undamaged.add(step)  # not read again when it is restored
        return damage

    def save(self, step: int, state: Any, data: dict[str, Any], *, wait: bool = False) -> None:
        """Saves arrays (``state``) and plain JSON (``data``) as checkpoint ``step``.

        Returns once the arrays are copied to the host; writing goes on behind unless ``wait``.
        A checkpoint of the same step is left as it is. Raises `WriteError`, now or at a later call,
        where it could not be written.
        """
        if step == self._manager.latest_step():
            return
        self.wait()  # for the one before: its manifest needs its step
        self._saving = step
        self._undamaged.discard(step)
        items = {"state": ocp.args.StandardSave(state), "data": ocp.args.JsonSave(data)}
        with self._failures():
            self._manager.save(step, args=ocp.args.Composite(**items))
        if wait:
            self.wait()

    def restore(self, target: Any, step: int | None = None) -> tuple[int, Any, dict[str, Any]]:
        """(step, state, data) of ``step``, or of the newest checkpoint.

        ``target`` is a tree of arrays or of `abstract_like` leaves. Raises ValueError when the
        checkpoint's arrays have other shapes, `CheckpointError` when its files are damaged.
        """
        self.wait()
        step = self._manager.latest_step() if step is None else step
        if step is None or step not in self.steps():
            raise FileNotFoundError(f"{self._manager.directory}: no checkpoint of step {step}")
        if step not in self._undamaged and (damage := self.damage(step)) is not None:
            raise CheckpointError(
                f"{self._folder / str(step)}: damaged checkpoint ({damage}). Bring it back from a "
                "copy, or train in another --workdir"
            )
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

    def delete(self, step: int) -> None:
        """Deletes a checkpoint."""
        self.wait()
        self._manager.delete(step)

    def delete_after(self, step: int) -> None:
        """Deletes the checkpoints of later steps."""
        for later in self.steps():
            if later > step:
                self.delete(later)

    def _delete_beyond_keep(self) -> None:
        if self._keep is not None:
            for old in self.steps()[: -self._keep]:
                self.delete(old)

    def wait(self) -> None:
        """Returns when everything saved is on disk."""
        with self._failures():
            self._manager.wait_until_finished()

    def close(self) -> None:
        """Waits and gives the threads back."""
        with self._failures():
            self._manager.close()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Orbax and TensorStore tell of a full disk by errors of several types, at length."""
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error).partition(" [")[0]
            reason = reason.rpartition(": ")[2]
            raise WriteError(
                f"cannot write {self._folder / str(self._saving)}: {reason}. What was complete "
                "before is kept; make room, and the same command continues from there"
            ) from error


def abstract_like(tree: Any) -> Any:
    """Shapes, types and shardings of a tree, for `TrainingStore.restore`."""
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=getattr(x, "sharding", None)),
        tree,
    )
