"""A workdir belongs to one experiment: what may change when a run is continued, and what not."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from train.config import Experiment
from train.metric_log import describe

# Cadence, housekeeping and where arrays live; everything else would make the run another run.
_FREE = (
    *("log_every_steps", "eval_every_steps", "checkpoint_every_steps", "keep_checkpoints"),
    *("sharding", "model.remat"),
)


def check_same_run(experiment: Experiment, workdir: Path) -> None:
    """Raises ValueError when ``workdir`` holds a run with other settings, naming each.

    A field that did not exist when the run began had its default value then.
    """
    path = workdir / "config.json"
    if not path.exists():
        return
    now = _flat(describe(experiment))
    newer = {name: value for name, value in _defaults(experiment).items() if name in now}
    before = newer | _flat(json.loads(path.read_text(encoding="utf-8")))
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


def _defaults(value: Any, prefix: str = "") -> dict[str, Any]:
    defaults = {}
    for field in dataclasses.fields(value):
        name, current = prefix + field.name, getattr(value, field.name)
        if dataclasses.is_dataclass(current):
            defaults |= _defaults(current, f"{name}.")
        elif field.default is not dataclasses.MISSING:
            defaults[name] = json.loads(json.dumps(field.default))
    return defaults


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
