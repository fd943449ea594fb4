"""What may end a ConSeq run before its last step, and the parameters it then falls back on."""

from pathlib import Path
from typing import Any

from quals_jax.models.parameters import Params
from train.config import ConSeqConfig
from train.guard import CollapseGuard
from train.kept_params import KeptParams
from train.losses import LossSums


class Watch:
    """Ends a run that collapses or, with ``patience_evals``, no longer improves on dev.

    Every ``guard_window_steps`` updates the parameters go to ``folder`` if the guard finds them
    good; those before the first update are the first. ``config`` None watches nothing.
    """

    def __init__(self, config: ConSeqConfig | None, folder: Path, num_checkpoints: int):
        self._config = config or ConSeqConfig(max_nll_rise=0.0)
        self._guard = CollapseGuard(self._config)
        self._evals_without_better = 0
        self.guards = self._config.max_nll_rise > 0 or self._config.max_dev_rise > 0
        self._good = KeptParams(folder, num_checkpoints) if self.guards else None
        self.collapsed_at: int | None = None
        self.kept_step: int | None = None  # of the parameters that a collapse left
        self.early_stopped_at: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether training must end."""
        return self.collapsed_at is not None or self.early_stopped_at is not None

    @property
    def reason(self) -> str:
        """Why it collapsed."""
        return self._guard.collapse or ""

    @property
    def verdict(self) -> str:
        """What a person is told when it is over, after `last_good`."""
        if self.collapsed_at is None:
            return (
                f"step {self.early_stopped_at:,}: no better dev loss in "
                f"{self._config.patience_evals} evaluations; training has ended"
            )
        return (
            f"COLLAPSE at step {self.collapsed_at:,}: {self.reason}. Training has ended; the "
            f"parameters of step {self.kept_step:,} are kept. Lower conseq.negative_weight or "
            "optim.learning_rate, or raise data.reference_share"
        )

    def begin(self, step: int, params: Params, data: dict[str, Any] | None) -> None:
        """Starts from ``params``, with what `to_json` gave at ``step`` where a run continues."""
        if data is not None:
            self._guard.restore(data["guard"])
            self._evals_without_better = data["evals_without_better"]
            self.collapsed_at, self.kept_step = data["collapsed_at"], data["kept_step"]
            self.early_stopped_at = data["early_stopped_at"]
        if self._good is None:
            return
        good = None if data is None else data["good"]
        if good is None:
            self._good.keep(step, params)
        else:
            self._good.resume(step, good)

    def is_due(self, step: int) -> bool:
        """Whether ``keep`` would look at the parameters of ``step``."""
        return self._good is not None and step % self._config.guard_window_steps == 0

    def keep(self, step: int, params: Params) -> None:
        """Keeps the parameters of ``step`` if that is due and they are good."""
        if self._good is not None and self.is_due(step) and self._guard.is_good:
            self._good.keep(step, params)

    def observe(self, step: int, sums: LossSums) -> None:
        """Takes the sums of an update, fetched to the host."""
        self._guard.observe(float(sums.nll), float(sums.num_tokens - sums.negative_tokens))
        self._note_collapse(step)

    def observe_dev(self, step: int, loss: float, is_best: bool) -> None:
        """Takes the loss of an evaluation."""
        self._guard.observe_dev(loss)
        self._note_collapse(step)
        self._evals_without_better = 0 if is_best else self._evals_without_better + 1
        if 0 < self._config.patience_evals <= self._evals_without_better:
            self.early_stopped_at = step

    def observe_non_finite(self, step: int, message: str) -> None:
        """Takes that an update or an evaluation was not finite."""
        self._guard.collapse = message
        self._note_collapse(step)

    def last_good(self, like: Params) -> Params:
        """The newest good parameters, placed as ``like``; ``kept_step`` is theirs then."""
        assert self._good is not None
        self.kept_step = self._good.step
        return self._good.params(like)

    def to_json(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {
            "good": None if self._good is None else self._good.to_json(),
            "guard": self._guard.to_json(),
            "evals_without_better": self._evals_without_better,
            "collapsed_at": self.collapsed_at,
            "kept_step": self.kept_step,
            "early_stopped_at": self.early_stopped_at,
        }

    def close(self) -> None:
        """Waits and gives the threads back."""
        if self._good is not None:
            self._good.close()

    def _note_collapse(self, step: int) -> None:
        if self._guard.collapse is not None and self.collapsed_at is None:
            self.collapsed_at = step
