"""Training stages: a model folder from an experiment."""

import dataclasses
import signal
from collections.abc import Mapping
from pathlib import Path

from experiments.pipeline.sources import portable
from quals_jax.jobs.stopping import Stopped
from train.config import Experiment
from train.metric_log import describe


def run_training(experiment: Experiment, workdir: Path) -> None:
    """Trains in ``workdir`` or continues there; raises `Stopped` where a signal ended it."""
    from train.loop import train

    if (workdir / "model" / "quals.json").exists():
        return  # written last: a kill between this and the stage's own record
    _, summary = train(experiment, workdir)
    if summary.stopped_by:
        raise Stopped(signal.Signals[summary.stopped_by])


def training_settings(experiment: Experiment) -> dict[str, object]:
    """All of an experiment that its model depends on, files by their content."""
    data = experiment.data
    sources = {
        field: tuple(map(portable, value))
        for field in ("train", "dev", "references")
        if (value := getattr(data, field, None))
    }
    tokenizer = dataclasses.replace(
        experiment.tokenizer,
        folder=portable(experiment.tokenizer.folder),
        learn_from=tuple(map(portable, experiment.tokenizer.learn_from)),
    )
    experiment = dataclasses.replace(
        experiment,
        data=dataclasses.replace(data, **sources),  # pyrefly: ignore
        tokenizer=tokenizer,
        init_from=portable(experiment.init_from),
    )
    return without_cadence(describe(experiment))


def without_cadence(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings less those that change no parameter."""
    free = ("log_every_steps", "checkpoint_every_steps", "keep_checkpoints", "sharding")
    return {name: value for name, value in settings.items() if name not in free}
