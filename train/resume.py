"""A workdir belongs to one experiment: what may change when a run is continued, and what not."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from train.config import Experiment
from train.metric_log import describe


@dataclasses.dataclass(frozen=True)
class Resume:
    """How a run that the workdir holds is continued."""

    strict: bool = False  # stop where the newest checkpoint is damaged, instead of an older one
    force: bool = False  # go on although settings or data changed


AS_BEFORE = Resume()


# Cadence, housekeeping and where arrays live; everything else would make the run another run.
_FREE = (
    *("log_every_steps", "eval_every_steps", "checkpoint_every_steps", "keep_checkpoints"),
    *("sharding", "model.remat"),
)
# What decides which examples come when.
_OF_THE_ORDER = ("batch.", "data.", "seed", "tokenizer.")


@dataclasses.dataclass(frozen=True)
class Changes:
    """Settings that are others than when the run began, each as a line; none in a new run."""

    lines: tuple[str, ...] = ()
    in_order: bool = False  # other examples may come next than would have

    def __str__(self) -> str:
        return "; ".join(self.lines)


def check_same_run(experiment: Experiment, workdir: Path, resume: Resume = AS_BEFORE) -> Changes:
    """Raises ValueError when ``workdir`` holds a run with other settings, naming each.

    With ``resume.force`` it returns them instead. A field that did not exist when the run began had
    its default value then.
    """
    path = workdir / "config.json"
    if not path.exists():
        return Changes()
    now = _flat(describe(experiment))
    newer = {name: value for name, value in _defaults(experiment).items() if name in now}
    before = newer | _flat(json.loads(path.read_text(encoding="utf-8")))
    names = [
        name
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name) and name not in _FREE
    ]
    changes = Changes(
        tuple(f"{name} was {before.get(name)!r}, is {now.get(name)!r}" for name in names),
        any(name.startswith(_OF_THE_ORDER) for name in names),
    )
    if names and not resume.force:
        raise ValueError(
            f"{workdir} holds a run with other settings: {changes}. Repeat the old settings to "
            "continue it, choose another --workdir, or pass --force-resume to go on with the new "
            "ones"
        )
    return changes


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
