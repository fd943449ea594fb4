"""How a training run ends."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Summary:
    """How a run ended. Losses are nats per target token; the train loss is label-smoothed."""

    step: int
    num_steps: int
    train_loss: float | None
    best_dev_loss: float | None
    best_step: int | None
    num_compilations: int
    num_skipped: int  # updates (see train/skips.py)
    stopped_by: str | None = None  # the signal that ended the run early
    collapsed_at: int | None = None  # the update at which ConSeq collapsed (see train/guard.py)
    early_stopped_at: int | None = None  # the evaluation that used up conseq.patience_evals


class DivergedError(FloatingPointError):
    """Too many updates in a row had to be skipped, or the loss on dev is not finite.

    The last checkpoint is the last good state.
    """
