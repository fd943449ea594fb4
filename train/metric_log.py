"""The files a run leaves beside its checkpoints: metrics.jsonl, config.json, env.json."""

import dataclasses
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from quals_jax.data.loader import HostBatch
from quals_jax.data.writers import WriteError
from train.config import ContrastData
from train.step import StepMetrics

_PACKAGES = ("quals-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")


class MetricLog:
    """``metrics.jsonl``: one row per line, ``{"kind": "train" | "dev", "step": ..., ...}``.

    A run that collapsed has a row of kind ``collapse`` with ``reason`` and ``kept_step``.

    A resumed run continues the file; rows after the step it resumes from (all of them where it is
    None) are cut off, because they will be written again.
    """

    def __init__(self, path: str | Path, *, resume_step: int | None = None):
        path = Path(path)
        last = -1 if resume_step is None else resume_step
        rows = [row for row in read_metrics(path) if row["step"] <= last]
        partial = path.with_name(path.name + ".partial")
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        partial.replace(path)
        self._path, self._file = path, path.open("a", encoding="utf-8")

    def write(self, kind: str, step: int, **values: Any) -> None:
        """Adds a row and makes it visible to readers at once. Raises `WriteError`."""
        try:
            self._file.write(json.dumps({"kind": kind, "step": step, **values}) + "\n")
            self._file.flush()
        except OSError as error:
            raise WriteError(f"cannot write {self._path}: {error.strerror}") from error

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class NoLog(MetricLog):
    """The log of a process that writes none."""

    def __init__(self):
        pass

    def write(self, kind: str, step: int, **values: Any) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Window:
    """Sums over the steps since the last row of the log.

    Rows of a ``contrastive`` run (ConSeq) also show the S+ and the S- term apart.
    """

    def __init__(self, contrastive: bool = False):
        self._contrastive = contrastive
        self._started = time.monotonic()
        self._clear()

    def add(
        self, metrics: StepMetrics, step: int, epoch: int, batches: Sequence[HostBatch]
    ) -> None:
        """Adds a finished step (its metrics fetched to the host)."""
        self._steps.append(step)
        self._epoch = epoch
        for name, value in metrics.sums._asdict().items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        self._norms.append(float(metrics.grad_norm))
        self._learning_rate = float(metrics.learning_rate)
        self._examples += sum(batch.num_examples for batch in batches)

    def take(self) -> dict[str, Any] | None:
        """The row of these steps, None where there were none; the window starts anew.

        Besides `means` of the steps: ``grad_norm`` is the mean before clipping.
        """
        if not self._steps:
            return None
        now = time.monotonic()
        row: dict[str, Any] = {
            "step": self._steps[-1],
            "epoch": self._epoch,
            **means(self._sums, contrastive=self._contrastive),
            "grad_norm": sum(self._norms) / len(self._norms),
            "learning_rate": self._learning_rate,
            "num_steps": len(self._steps),
            "num_examples": self._examples,
            "secs": round(now - self._started, 3),
        }
        self._started = now
        self._clear()
        return row

    def _clear(self) -> None:
        self._steps: list[int] = []
        self._norms: list[float] = []
        self._sums: dict[str, float] = {}
        self._examples = 0


def means(sums: Mapping[str, float], *, contrastive: bool) -> dict[str, Any]:
    """Means per token of the fields of `LossSums`, in nats.

    ``nll`` and ``accuracy`` leave S- out. With ``contrastive`` also the two terms of ConSeq:
    ``negative_loss`` is the unlikelihood (or the Hellinger distance) before ``negative_weight``;
    the mean of a term without tokens is None.
    """
    negatives = sums["negative_tokens"]
    positives = sums["num_tokens"] - negatives
    found: dict[str, Any] = {
        "loss": sums["loss"] / max(sums["num_tokens"], 1.0),
        "nll": sums["nll"] / max(positives, 1.0),
        "accuracy": sums["correct"] / max(positives, 1.0),
        "num_tokens": int(sums["num_tokens"]),
    }
    if contrastive:
        found["positive_nll"] = sums["nll"] / positives if positives else None
        found["negative_loss"] = sums["negative_loss"] / negatives if negatives else None
        found["positive_tokens"], found["negative_tokens"] = int(positives), int(negatives)
    return found


def read_metrics(path: str | Path) -> Iterator[dict[str, Any]]:
    """Rows of a ``metrics.jsonl``; nothing where there is no file.

    A last line that a kill cut short is left out.
    """
    path = Path(path)
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        try:
            yield json.loads(line)
        except ValueError:
            return


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON by renaming, so that no reader sees half a file."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def describe(config: Any) -> dict[str, Any]:
    """A configuration as JSON values, each dataclass with its type's name where fields vary."""
    values = json.loads(json.dumps(dataclasses.asdict(config)))
    values["data"] = {"type": type(config.data).__name__, **values["data"]}
    if not isinstance(config.data, ContrastData):
        del values["conseq"]  # has no effect
    return values


def environment() -> dict[str, Any]:
    """Versions, devices and code revision: what another person needs to repeat the run."""
    devices = jax.devices()
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": devices[0].platform,
        "device_kind": devices[0].device_kind,
        "num_devices": len(devices),
        "num_processes": jax.process_count(),
        "num_cpus": os.cpu_count(),
        "revision": _revision(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _revision() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = Path(__file__).parent
    try:
        found = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
