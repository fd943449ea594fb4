"""The command line of training: finds the experiment, applies overrides, runs it.

Exit status 0 done, 1 failure or a collapse of ConSeq, 2 bad usage or input, 143 (130) saved and
stopped by a signal.
"""

import dataclasses
import difflib
import importlib
import logging
import pkgutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import tyro

import experiments
from quals_jax.jobs.host_memory import keep_freed_memory
from quals_jax.jobs.lock import LockedError
from quals_jax.jobs.stopping import EXIT_STATUS, Stopped
from quals_jax.parallel.processes import OtherProcessError, start_processes
from train.config import Experiment
from train.resume import Resume

_USAGE = """\
usage: python -m train EXPERIMENT --workdir DIR [--field.sub-field VALUE ...]

Trains the experiment in DIR, or continues the run that DIR holds. Every field of the experiment
can be set on the command line. DIR/model is the result; DIR/metrics.jsonl the log.

experiments (NAME:smoke is the same in a few seconds, on made-up data):
{names}
examples:
  python -m train qagen_squad:smoke --workdir runs/try
  python -m train qagen_squad --workdir runs/qagen --data.train squad:train-v1.1.json.xz \\
      --optim.learning-rate 5e-4 --num-epochs 6
  srun python -m train qagen_squad --workdir runs/qagen --sharding fully_sharded
                                            on all GPUs of a SLURM job; the same on TPU pods
  python -m train qagen_squad --help        every field, with its value in this experiment
"""


_BAD_PATHS = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)


@dataclasses.dataclass(frozen=True)
class Command:
    """What the command line asks for."""

    workdir: Path
    """Folder of the run: made, or continued where it holds one."""
    experiment: Annotated[Experiment, tyro.conf.arg(name="")]
    strict_resume: bool = False
    """Stop where the newest checkpoint is damaged; otherwise the one before it is continued."""
    force_resume: bool = False
    """Continue although settings or data changed since the run began."""
    coordinator: str = ""
    """HOST:PORT of process 0 of a run on many hosts; TPU pods and SLURM need none of these."""
    num_processes: int | None = None
    """How many processes there are."""
    process_id: int | None = None
    """Which of them this one is."""


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns the exit status."""
    for name in ("absl", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they repeat at length what is raised
    if not argv or argv[0] in ("-h", "--help"):
        print(_usage(), file=sys.stderr if not argv else sys.stdout)
        return 2 if not argv else 0
    try:
        command = parse(argv)
        keep_freed_memory()
        from train.loop import train

        start_processes(command.coordinator, command.num_processes, command.process_id)
        resume = Resume(strict=command.strict_resume, force=command.force_resume)
        _, summary = train(command.experiment, command.workdir, resume=resume)
    except (ValueError, *_BAD_PATHS) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (FloatingPointError, OtherProcessError, LockedError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print(f"{stopped} while reading the data; nothing was trained", file=sys.stderr)
        return stopped.exit_status
    if summary.stopped_by:
        return EXIT_STATUS[signal.Signals[summary.stopped_by]]
    return 0 if summary.collapsed_at is None else 1


def parse(argv: Sequence[str]) -> Command:
    """The experiment with its overrides, and the workdir.

    Raises ValueError for an unknown experiment and SystemExit (status 2) for a bad flag.
    """
    return tyro.cli(
        tyro.conf.AvoidSubcommands[Command],
        prog=f"python -m train {argv[0]}",
        args=list(argv[1:]),
        default=Command(tyro.MISSING, find_experiment(argv[0])),
        description=doc_of(argv[0]),
    )


def find_experiment(name: str) -> Experiment:
    """``NAME`` or ``NAME:smoke``; ValueError with the nearest name where there is none."""
    return find_value(name, Experiment, "EXPERIMENT", "SMOKE")


def experiment_names() -> list[str]:
    """Modules of ``experiments`` that hold an ``EXPERIMENT``."""
    return names_with(Experiment, "EXPERIMENT")


Value = TypeVar("Value")


def find_value(name: str, kind: type[Value], attribute: str, smoke_attribute: str) -> Value:
    """The value of ``experiments/NAME.py`` or, for ``NAME:smoke``, its small variant.

    Raises ValueError, with the nearest name, where there is none.
    """
    module_name, _, variant = name.partition(":")
    modules = _module_names()
    if module_name not in modules:
        near = difflib.get_close_matches(module_name, modules, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        names = ", ".join(names_with(kind, attribute))
        raise ValueError(f"no experiment {module_name!r}{hint} (known: {names})")
    wanted = {"": attribute, "smoke": smoke_attribute}.get(variant)
    if wanted is None:
        raise ValueError(f"{name!r}: the only variant is {module_name}:smoke")
    found = getattr(_module(module_name), wanted, None)
    if not isinstance(found, kind):
        names = ", ".join(names_with(kind, attribute))
        raise ValueError(f"experiments/{module_name}.py has no {wanted} (known: {names})")
    return found


def names_with(kind: type, attribute: str) -> list[str]:
    """Modules of ``experiments`` whose ``attribute`` is of this kind."""
    return [n for n in _module_names() if isinstance(getattr(_module(n), attribute, None), kind)]


def _module_names() -> list[str]:
    found = pkgutil.iter_modules(experiments.__path__)
    return sorted(module.name for module in found if not module.ispkg)


def _module(name: str):
    return importlib.import_module(f"experiments.{name}")


def doc_of(name: str) -> str:
    """The docstring of ``experiments/NAME.py``."""
    return _module(name.partition(":")[0]).__doc__ or ""


def _usage() -> str:
    lines = []
    for name in experiment_names():
        lines.append(f"  {name:22}{doc_of(name).strip().splitlines()[0]}\n")
    return _USAGE.format(names="".join(lines))
