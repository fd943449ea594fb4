"""The one training loop.

    state, summary = train(experiment, "runs/qagen")

Order of a step, which must not change: evaluate, checkpoint, next batch, dispatch, log the
PREVIOUS step. Evaluation and checkpoints see the parameters before the step; the host prepares
step n + 1 while the device computes step n.
"""

import contextlib
import dataclasses
import math
from pathlib import Path
from typing import TextIO

import jax
import jax.numpy as jnp

from quals_jax.checkpoints.model_folder import save_model_folder
from quals_jax.checkpoints.training_state import TrainingStore, abstract_like
from quals_jax.data.loader import HostBatch, Position, prefetch
from quals_jax.jobs.stopping import Stopped, StopSignals
from quals_jax.models.bart import param_shapes
from quals_jax.parallel.mesh import replicate, rows_to_devices
from train.config import ContrastData, Experiment
from train.evaluation import evaluate
from train.metric_log import MetricLog, Window, describe, environment, write_json
from train.progress import Progress
from train.resume import check_same_run
from train.setup import Run, first_params, prepare
from train.step import Batch, StepMetrics, TrainState


@dataclasses.dataclass(frozen=True)
class Summary:
    """How a run ended. Losses are nats per target token; the train loss is label-smoothed."""

    step: int
    num_steps: int
    train_loss: float | None
    best_dev_loss: float | None
    best_step: int | None
    num_compilations: int
    stopped_by: str | None = None  # the signal that ended the run early


class NonFiniteError(FloatingPointError):
    """Loss or gradient norm is NaN or infinite; the last checkpoint is the last good state."""


def train(
    experiment: Experiment, workdir: str | Path, *, stream: TextIO | None = None
) -> tuple[TrainState, Summary]:
    """Runs ``experiment`` in ``workdir``, or continues it from the newest checkpoint there.

    Leaves checkpoints, metrics.jsonl, config.json, env.json and, at the end, the best parameters
    on dev (the last ones where there is no dev set) as the model folder ``workdir/model``. On
    SIGTERM, SIGINT or SIGUSR1 it saves a checkpoint and returns early (while it still reads data
    it raises `Stopped`). Raises ValueError where the workdir holds another experiment,
    `NonFiniteError` where training diverges.
    """
    workdir = Path(workdir)
    check_same_run(experiment, workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(StopSignals())
        with signals.interruptible():  # nothing is lost yet
            run = prepare(experiment, workdir)
        loop = _Loop(run, stream, stack)
        # A hidden copy between host and device in the loop would stall it: let it fail.
        with jax.transfer_guard("disallow"):
            stopped_by = loop.run(signals)
        if stopped_by is None:
            loop.export()
        return loop.state, loop.summary(stopped_by)


@dataclasses.dataclass(frozen=True)
class _Pending:
    """A dispatched step whose metrics are not fetched yet."""

    step: int
    epoch: int
    metrics: StepMetrics
    batches: list[HostBatch]


class _Loop:
    def __init__(self, run: Run, stream: TextIO | None, stack: contextlib.ExitStack):
        self._run, self._experiment = run, run.experiment
        self._store = TrainingStore(
            run.workdir / "checkpoints", keep=self._experiment.keep_checkpoints
        )
        stack.callback(self._store.close)
        self._best_store = TrainingStore(run.workdir / "best", keep=1)
        stack.callback(self._best_store.close)
        self._best: tuple[float, int] | None = None  # dev loss, step
        self._resumed_at = 0
        self._position = Position(self._experiment.seed)
        self.state = self._restore_or_start()
        self._step = self._resumed_at
        self._train_loss: float | None = None
        self._window = Window(isinstance(self._experiment.data, ContrastData))
        write_json(run.workdir / "config.json", describe(self._experiment))
        write_json(run.workdir / "env.json", environment() | run.description)
        self._log = MetricLog(run.workdir / "metrics.jsonl", resume_step=self._step)
        stack.callback(self._log.close)
        self._progress = Progress(run.num_steps, self._step, stream)
        stack.callback(self._progress.close)
        if self._step:
            self._progress.say(f"continuing from step {self._step:,}")

    def run(self, signals: StopSignals) -> str | None:
        """Trains to the last step; returns the name of the signal where one ended it early."""
        batches = prefetch(self._run.loader.steps(self._position))
        pending: _Pending | None = None
        try:
            while True:
                if self._evaluation_is_due() or self._checkpoint_is_due():
                    self._finish(pending)
                    pending = None
                if self._evaluation_is_due():
                    self._evaluate()
                if self._checkpoint_is_due():
                    self._save()
                if self._step == self._run.num_steps:
                    return None
                with signals.interruptible():
                    pass
                host_batches, position = next(batches)
                placed = [self._place(batch) for batch in host_batches]
                self.state, metrics = self._run.trainer.update(self.state, placed)
                epoch, self._position = self._position.epoch, position
                self._step += 1
                self._finish(pending)
                pending = _Pending(self._step, epoch, metrics, host_batches)
        except Stopped as stopped:
            self._finish(pending)
            self._save()
            self._progress.say(
                f"{stopped.name}: saved step {self._step:,}; the same command continues from there"
            )
            return stopped.name
        finally:
            batches.close()
            self._store.wait()

    def export(self) -> None:
        """Writes the best parameters on dev (the last without a dev set) as a model folder."""
        run, params, step = self._run, self.state.params, self._step
        if self._best is not None and self._best[1] != step:
            step, params, _ = self._best_store.restore(abstract_like(params), self._best[1])
        folder = run.workdir / "model"
        params = jax.device_get(params)
        save_model_folder(folder, run.config, params, run.tokenizer, run.settings)
        self._progress.say(f"wrote the model of step {step:,} to {folder}")

    def summary(self, stopped_by: str | None) -> Summary:
        """How it ended."""
        loss, step = self._best or (None, None)
        return Summary(
            step=self._step,
            num_steps=self._run.num_steps,
            train_loss=self._train_loss,
            best_dev_loss=loss,
            best_step=step,
            num_compilations=self._run.trainer.num_compilations,
            stopped_by=stopped_by,
        )

    def _restore_or_start(self) -> TrainState:
        """The newest checkpoint, else ``init_from``, else random parameters."""
        run = self._run
        if self._store.latest_step() is None:
            params = replicate(first_params(run), run.mesh)
            return replicate(run.trainer.init(params), run.mesh)
        # Shapes and shardings only: the first state of a large model is never made twice.
        zeros = jax.tree.map(
            lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), param_shapes(run.config)
        )
        target = abstract_like(replicate(run.trainer.init(zeros), run.mesh))
        step, state, data = self._store.restore(target)
        if data["data_sha256"] != run.data_sha256:
            raise ValueError(
                f"{run.workdir}: the training data or the tokenizer changed since step {step:,}; "
                "bring them back, or choose another --workdir"
            )
        self._position = Position.from_json(data["position"])
        self._best = None if data["best"] is None else (data["best"]["loss"], data["best"]["step"])
        self._best_store.delete_after(step)
        self._resumed_at = step
        return state

    def _place(self, batch: HostBatch) -> Batch:
        return Batch(*rows_to_devices((batch.src_BS, batch.targets_BNT), self._run.mesh))

    def _is_due(self, every: int) -> bool:
        if self._step == self._resumed_at:  # done before the run was stopped here, or step 0
            return False
        return self._step == self._run.num_steps or bool(every and self._step % every == 0)

    def _evaluation_is_due(self) -> bool:
        return self._run.dev_loader is not None and self._is_due(self._experiment.eval_every_steps)

    def _checkpoint_is_due(self) -> bool:
        return self._is_due(self._experiment.checkpoint_every_steps)

    def _evaluate(self) -> None:
        run = self._run
        assert run.dev_loader is not None
        self._log_window()
        result = evaluate(self.state.params, run.dev_loader, run.evaluate, run.mesh)
        if not math.isfinite(result.loss):
            raise NonFiniteError(f"step {self._step:,}: dev loss {result.loss}")
        is_best = self._best is None or result.loss < self._best[0]
        if is_best:
            self._best = (result.loss, self._step)
            self._best_store.save(self._step, self.state.params, {"dev_loss": result.loss})
        self._log.write("dev", self._step, **result.row())
        self._progress.say(f"step {self._step:,} · {result}{' · best so far' * is_best}")

    def _save(self) -> None:
        self._log_window()
        best = None if self._best is None else {"loss": self._best[0], "step": self._best[1]}
        data = {
            "position": self._position.to_json(),
            "best": best,
            "data_sha256": self._run.data_sha256,
        }
        self._best_store.wait()  # the checkpoint names it, so it must be there
        self._store.save(self._step, self.state, data)

    def _finish(self, pending: _Pending | None) -> None:
        """Fetches the metrics of a dispatched step, checks them and adds them to the window."""
        if pending is None:
            return
        metrics: StepMetrics = jax.device_get(pending.metrics)
        loss, norm = float(metrics.sums.loss), float(metrics.grad_norm)
        num_tokens = float(metrics.sums.num_tokens)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self._store.wait()
            latest = self._store.latest_step()
            kept = "no checkpoint exists yet" if latest is None else f"step {latest:,} is kept"
            rows = [name for batch in pending.batches for name in batch.ids if name]
            raise NonFiniteError(
                f"step {pending.step:,}: loss {loss}, gradient norm {norm}; {kept}. Rows of this "
                f"step: {', '.join(rows[:8])}{', ...' * (len(rows) > 8)}. Lower "
                "optim.learning_rate, or look at these rows"
            )
        self._window.add(metrics, pending.step, pending.epoch, pending.batches)
        self._progress.update(pending.step, int(num_tokens), loss / max(num_tokens, 1.0))
        if pending.step % self._experiment.log_every_steps == 0:
            self._log_window()

    def _log_window(self) -> None:
        row = self._window.take()
        if row is not None:
            self._train_loss = row["loss"]
            self._log.write("train", **row)
