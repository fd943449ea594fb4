"""The one training loop.

    state, summary = train(experiment, "runs/qagen")

Order of a step, which must not change: evaluate, checkpoint, next batch, dispatch, log the
PREVIOUS step. Evaluation and checkpoints see the parameters before the step; the host prepares
step n + 1 while the device computes step n.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import jax

from quals_jax.checkpoints.training_state import TrainingStore
from quals_jax.data.loader import HostBatch, Position, prefetch
from quals_jax.jobs.lock import FileLock
from quals_jax.jobs.stopping import Stopped, StopSignals
from quals_jax.parallel.mesh import rows_to_devices
from quals_jax.parallel.processes import everywhere, is_first_process, to_host
from quals_jax.parallel.stop_votes import StopVotes
from train.best import BestOnDev
from train.config import ContrastData, Experiment
from train.evaluation import evaluate
from train.metric_log import Window, means
from train.models import param_shapes, save_model
from train.outcome import DivergedError, Summary
from train.outputs import open_outputs
from train.resume import AS_BEFORE, Changes, Resume, check_same_run
from train.setup import Run, first_params, prepare
from train.skips import Skips
from train.step import Batch, StepMetrics, TrainState
from train.watch import Watch


def train(
    experiment: Experiment,
    workdir: str | Path,
    *,
    stream: TextIO | None = None,
    resume: Resume = AS_BEFORE,
) -> tuple[TrainState, Summary]:
    """Runs ``experiment`` in ``workdir``, or continues it from the newest checkpoint there.

    A checkpoint whose files were damaged is told of and passed over, unless ``resume`` is strict.
    Leaves checkpoints, metrics.jsonl, config.json, env.json and, at the end, the best parameters
    on dev (the last ones where there is no dev set) as the model folder ``workdir/model``. A ConSeq
    run exports its last good parameters unless ``conseq.export`` says otherwise; one that collapses
    ends there, and its state and model are those of before (``Summary.collapsed_at``). On
    SIGTERM, SIGINT or SIGUSR1 it saves a checkpoint and returns early (while it still reads data
    it raises `Stopped`). Raises ValueError where the workdir holds another experiment or no
    undamaged checkpoint, `LockedError` where another process of this host trains there, and
    `DivergedError` where training diverges.

    All processes of a run (see `quals_jax.parallel.processes`) call it with the same arguments;
    ``workdir`` is a folder that all of them see, and process 0 writes the files in it.
    """
    workdir = Path(workdir)
    changes = everywhere(lambda: check_same_run(experiment, workdir, resume))
    workdir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        everywhere(lambda: _lock(workdir, stack))
        signals = stack.enter_context(StopSignals())
        with signals.interruptible():  # nothing is lost yet
            run = everywhere(lambda: prepare(experiment, workdir))
        loop = _Loop(run, signals, stream, stack, resume, changes)
        # A hidden copy between host and device in the loop would stall it: let it fail.
        with jax.transfer_guard("disallow"):
            stopped_by = loop.run()
        loop.settle()
        if stopped_by is None:
            loop.export()
        return loop.state, loop.summary(stopped_by)


def _lock(workdir: Path, stack: contextlib.ExitStack) -> None:
    if is_first_process():
        stack.enter_context(FileLock(workdir / "lock", across_hosts=False))


@dataclasses.dataclass(frozen=True)
class _Pending:
    """A dispatched step whose metrics are not fetched yet."""

    step: int
    epoch: int
    metrics: StepMetrics
    batches: list[HostBatch]
    vote: jax.Array | None  # on stopping


class _Loop:
    def __init__(
        self,
        run: Run,
        signals: StopSignals,
        stream: TextIO | None,
        stack: contextlib.ExitStack,
        resume: Resume,
        changes: Changes,
    ):
        self._run, self._experiment = run, run.experiment
        keep = self._experiment.keep_checkpoints
        self._store = TrainingStore(run.workdir / "checkpoints", keep=keep)
        stack.callback(self._store.close)
        self._best = BestOnDev(run.workdir / "best", keep)
        stack.callback(self._best.close)
        self._is_contrastive = isinstance(self._experiment.data, ContrastData)
        conseq = self._experiment.conseq if self._is_contrastive else None
        self._watch = Watch(conseq, run.workdir / "good", keep)
        stack.callback(self._watch.close)
        self._skips = Skips(self._experiment.skip)
        self._resumed_at: int | None = None  # a step
        self._position = Position(self._experiment.seed)
        notes: list[str] = []
        self.state = self._restore_or_start(resume, changes, notes.append)
        self._step = self._resumed_at or 0
        self._was_over = self._watch.is_over
        self._train_loss: float | None = None
        self._window = Window(self._is_contrastive)
        self._log, self._progress = open_outputs(run, stream, stack, self._resumed_at)
        for note in notes:
            self._progress.say(note)
        self._votes = StopVotes(signals, run.layout.mesh)

    def run(self) -> str | None:
        """Trains to the last step; returns the name of the signal where one ended it early."""
        batches = prefetch(self._run.loader.steps(self._position))
        pending: _Pending | None = None
        try:
            while True:
                if self._evaluation_is_due() or self._checkpoint_is_due() or self._keeping_is_due():
                    self._finish(pending)
                    pending = None
                if self._evaluation_is_due() and not self._watch.is_over:
                    self._evaluate()
                if self._watch.is_over:
                    return None
                if self._keeping_is_due() and not self._skips.in_a_row:
                    self._watch.keep(self._step, self.state.params)
                if self._checkpoint_is_due():
                    self._save()
                if self._step == self._run.num_steps:
                    return None
                self._votes.check()
                host_batches, position = next(batches)
                placed = [self._place(batch) for batch in host_batches]
                self.state, metrics = self._run.trainer.update(self.state, placed)
                epoch, self._position = self._position.epoch, position
                self._step += 1
                self._finish(pending)
                pending = _Pending(self._step, epoch, metrics, host_batches, self._votes.cast())
        except Stopped as stopped:
            self._finish(pending)
            if not self._watch.is_over:
                self._save()
            self._progress.say(
                f"{stopped.name}: saved step {self._step:,}; the same command continues from there"
            )
            return stopped.name
        finally:
            batches.close()
            self._store.wait()

    def settle(self) -> None:
        """Where the watch ended training: falls back on the last good parameters, and saves."""
        watch = self._watch
        if self._was_over:
            self._progress.say(watch.verdict)
        if not watch.is_over or self._was_over:
            return
        self._log_window()
        if watch.collapsed_at is not None:
            params = watch.last_good(self.state.params)
            self.state = dataclasses.replace(self.state, params=params)
            kept = {"reason": watch.reason, "kept_step": watch.kept_step}
            self._log.write("collapse", watch.collapsed_at, **kept)
        self._progress.say(watch.verdict)
        self._save()

    def export(self) -> None:
        """Writes the parameters that are the run's result as a model folder."""
        run, params = self._run, self.state.params
        step = self._step if self._watch.kept_step is None else self._watch.kept_step
        wants_best = not self._is_contrastive or self._experiment.conseq.export == "best_on_dev"
        if wants_best and self._best.step is not None and self._best.step != step:
            step, params = self._best.step, self._best.params(params)
        folder, params = run.workdir / "model", to_host(params, keep=is_first_process())

        def write() -> None:
            if is_first_process():
                save_model(folder, run.config, params, run.tokenizer, run.settings)

        everywhere(write)
        self._progress.say(f"wrote the model of step {step:,} to {folder}")

    def summary(self, stopped_by: str | None) -> Summary:
        """How it ended."""
        return Summary(
            step=self._step,
            num_steps=self._run.num_steps,
            train_loss=self._train_loss,
            best_dev_loss=self._best.loss,
            best_step=self._best.step,
            num_compilations=self._run.trainer.num_compilations,
            num_skipped=self._skips.total,
            stopped_by=stopped_by,
            collapsed_at=self._watch.collapsed_at,
            early_stopped_at=self._watch.early_stopped_at,
        )

    def _restore_or_start(
        self, resume: Resume, changes: Changes, tell: Callable[[str], None]
    ) -> TrainState:
        """The newest checkpoint, else ``init_from``, else what ``init`` describes."""
        run = self._run
        newest = self._store.newest_undamaged(tell=tell, strict=resume.strict)
        if newest is None:
            state = run.trainer.init(run.layout.place(first_params(run)))
            self._watch.begin(0, state.params, None)
            return state
        target = run.trainer.abstract_state(param_shapes(run.config))
        step, state, data = self._store.restore(target, newest)
        has_other_data = data["data_sha256"] != run.data_sha256
        if has_other_data and not resume.force:
            raise ValueError(
                f"{run.workdir}: the training data or the tokenizer changed since step {step:,}; "
                "bring them back, choose another --workdir, or pass --force-resume to go on with "
                "the new ones"
            )
        self._position = Position.from_json(data["position"])
        if has_other_data or changes.in_order:
            # The place in this epoch means nothing any more.
            self._position = Position(self._experiment.seed, self._position.epoch + 1)
        if has_other_data or changes.lines:
            data_line = ("the data or the tokenizer are others",) * has_other_data
            tell(
                f"FORCED to continue: {'; '.join((*changes.lines, *data_line))}"
                + f"; epoch {self._position.epoch} begins" * (has_other_data or changes.in_order)
            )
        self._skips.restore(data["skips"])
        self._best.resume(step, data["best"])
        self._watch.begin(step, state.params, data.get("watch"))
        self._resumed_at = step
        return state

    def _place(self, batch: HostBatch) -> Batch:
        return Batch(*rows_to_devices((batch.src_BS, batch.targets_BNT), self._run.layout.mesh))

    def _is_due(self, every: int) -> bool:
        if self._step == (self._resumed_at or 0):  # done before the run was stopped here, or step 0
            return False
        return self._step == self._run.num_steps or bool(every and self._step % every == 0)

    def _evaluation_is_due(self) -> bool:
        if self._run.dev_loader is None:
            return False
        if self._step == 0 and self._is_contrastive:  # what the run starts from
            return self._best.step is None
        return self._is_due(self._experiment.eval_every_steps)

    def _keeping_is_due(self) -> bool:
        return self._step != (self._resumed_at or 0) and self._watch.is_due(self._step)

    def _checkpoint_is_due(self) -> bool:
        # A skipped update may be the fault of the parameters: older checkpoints shall stay.
        if self._skips.in_a_row and self._step != self._run.num_steps:
            return False
        return self._is_due(self._experiment.checkpoint_every_steps)

    def _evaluate(self) -> None:
        run = self._run
        assert run.dev_loader is not None
        self._log_window()
        result = evaluate(self.state.params, run.dev_loader, run.evaluate, run.layout.mesh)
        if not math.isfinite(result.loss):
            self._diverged(self._step, f"dev loss {result.loss}")
            return
        is_best = self._best.offer(self._step, result.loss, self.state.params)
        self._watch.observe_dev(self._step, result.loss, is_best)
        self._log.write("dev", self._step, **result.row())
        self._progress.say(f"step {self._step:,} · {result}{' · best so far' * is_best}")

    def _save(self) -> None:
        self._log_window()
        data = {
            "position": self._position.to_json(),
            "best": self._best.to_json(),
            "watch": self._watch.to_json(),
            "skips": self._skips.to_json(),
            "data_sha256": self._run.data_sha256,
        }
        self._store.save(self._step, self.state, data)

    def _finish(self, pending: _Pending | None) -> None:
        """Fetches the metrics of a dispatched step, checks them and adds them to the window."""
        if pending is None:
            return
        metrics: StepMetrics = jax.device_get(pending.metrics)
        self._votes.count(pending.vote)
        if math.isfinite(metrics.sums.loss):
            self._watch.observe(pending.step, metrics.sums)
        if self._skips.observe(metrics):
            self._tell_of_skip(pending, metrics)
            return
        self._window.add(metrics, pending.step, pending.epoch, pending.batches)
        sums = {name: float(value) for name, value in metrics.sums._asdict().items()}
        self._progress.update(pending.step, means(sums, contrastive=self._is_contrastive))
        if pending.step % self._experiment.log_every_steps == 0:
            self._log_window()

    def _tell_of_skip(self, pending: _Pending, metrics: StepMetrics) -> None:
        """Logs a skipped update with its rows; ends the run where there were too many in a row."""
        reason, loader = self._skips.reason(metrics), self._run.loader
        ids = [name for b in pending.batches for name in loader.ids_of(b, pending.epoch)]
        self._log.write("skip", pending.step, reason=reason, epoch=pending.epoch, ids=ids)
        rows = f"rows {', '.join(ids[:8])}{', ...' * (len(ids) > 8)}"
        self._progress.say(f"SKIPPED the update of step {pending.step:,}: {reason} ({rows})")
        if self._skips.are_too_many:
            self._diverged(
                pending.step,
                f"the last {self._skips.in_a_row} updates had to be skipped, this one for {reason} "
                f"({rows}; all are in metrics.jsonl)",
            )

    def _diverged(self, step: int, what: str) -> None:
        """A collapse where the watch guards, else an error."""
        if self._watch.guards:
            self._watch.observe_non_finite(step, what)
            return
        self._store.wait()
        latest = self._store.latest_step()
        kept = "no checkpoint exists yet" if latest is None else f"step {latest:,} is kept"
        raise DivergedError(
            f"step {step:,}: {what}; {kept}. Lower optim.learning_rate, or look at the rows"
        )

    def _log_window(self) -> None:
        row = self._window.take()
        if row is not None:
            self._train_loss = row["loss"]
            self._log.write("train", **row)
