"""What a run writes beside its checkpoints, opened for the one process that writes it."""

import contextlib
import os
from pathlib import Path
from typing import Any, TextIO

from quals_jax.parallel.processes import is_first_process
from train.metric_log import MetricLog, NoLog, describe, environment, write_json
from train.progress import Progress
from train.setup import Run


def open_outputs(
    run: Run, stream: TextIO | None, stack: contextlib.ExitStack, resumed_at: int | None
) -> tuple[MetricLog, Progress]:
    """The log and the progress line; process 0 also writes config.json and env.json."""
    if is_first_process():
        write_json(run.workdir / "config.json", describe(run.experiment))
        write_json(run.workdir / "env.json", environment() | run.description)
        log = MetricLog(run.workdir / "metrics.jsonl", resume_step=resumed_at)
    else:
        log = NoLog()
        stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        stack.callback(stream.close)
    stack.callback(log.close)
    progress = Progress(run.num_steps, resumed_at or 0, stream)
    stack.callback(progress.close)
    if run.layout.rules != "data_parallel":
        progress.say(_sharding_line(run.description))
    if resumed_at:
        progress.say(f"continuing from step {resumed_at:,}")
    return log, progress


def _sharding_line(description: dict[str, Any]) -> str:
    whole, held = (
        description[key] / 2**20 for key in ("parameter_bytes", "parameter_bytes_per_device")
    )
    return (
        f"{description['sharding']}: {held:,.1f} of {whole:,.1f} MiB of parameters on each of "
        f"{description['num_devices']} devices; {description['num_copied_parameters']} are copied, "
        f"the largest: {', '.join(description['largest_copied_parameters'])}"
    )
