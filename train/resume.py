"""A workdir belongs to one experiment: what may change when a run is continued, and what not."""

import json
from pathlib import Path
from typing import Any

from train.config import Experiment
from train.metric_log import describe

# Cadence and housekeeping; everything else would make the run another run.
_FREE = ("log_every_steps", "eval_every_steps", "checkpoint_every_steps", "keep_checkpoints")


def check_same_run(experiment: Experiment, workdir: Path) -> None:
    """Raises ValueError when ``workdir`` holds a run with other settings, naming each."""
    path = workdir / "config.json"
    if not path.exists():
        return
    before = _flat(json.loads(path.read_text(encoding="utf-8")))
    now = _flat(describe(experiment))
    different = [
        f"{name} was {before.get(name)!r}, is {now.get(name)!r}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name) and name not in _FREE
    ]
    if different:
        raise ValueError(
            f"{workdir} holds a run with other settings: {'; '.join(different)}. "
            "Repeat the old settings to continue it, or choose another --workdir"
        )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
