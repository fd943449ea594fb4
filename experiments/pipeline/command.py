"""``python -m experiments.pipeline NAME --workdir DIR``: every stage in order, then the report.

Exit status 0 done, 1 failure, 2 bad usage or input, 143 (130) stopped by a signal; the same command
continues.
"""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments.pipeline.config import Pipeline
from experiments.pipeline.plan import Plan, until
from experiments.pipeline.results import collect
from experiments.pipeline.stages import Workspace, say
from quals_jax.commands.model import prepare_jax
from quals_jax.jobs.claim import write_json
from quals_jax.jobs.lock import LockedError
from quals_jax.jobs.progress import duration
from quals_jax.jobs.stopping import Stopped
from quals_jax.parallel.processes import (
    OtherProcessError,
    first_then_others,
    is_first_process,
    start_processes,
)
from quals_jax.report.conseq_report import write_report
from train.command import doc_of, find_value, names_with

_USAGE = """\
usage: python -m experiments.pipeline NAME --workdir DIR [--seed N] [--until STAGE] [--smoke]
                                      [--restart] [--field.sub-field VALUE ...]

Trains QAGen and the summarizer, samples, scores, selects, trains every system, evaluates them and
writes DIR/results.json and DIR/report.html. Run again, it continues where it stopped.

pipelines (--smoke is the same on made-up data, with tiny models):
{names}
examples:
  python -m experiments.pipeline world --workdir runs/world --seed 2
  python -m experiments.pipeline world --workdir runs/world --until sets
  python -m experiments.pipeline world --help        every field, with its value
"""


@dataclasses.dataclass(frozen=True)
class Command:
    """What the command line asks for."""

    workdir: Path
    """Folder of the run: made, or continued where it holds one."""
    pipeline: Annotated[Pipeline, tyro.conf.arg(name="")]
    until: str = ""
    """The last stage to do, such as sets or outputs/quals.beam4; empty: all, and the report."""
    restart: bool = False
    """Make anew what was made with other settings, instead of refusing."""
    coordinator: str = ""
    """HOST:PORT of process 0 of a run on many hosts; TPU pods and SLURM need none of these."""
    num_processes: int | None = None
    """How many processes there are."""
    process_id: int | None = None
    """Which of them this one is."""


def main(argv: Sequence[str]) -> int:
    """Runs the command; returns the exit status."""
    if not argv or argv[0] in ("-h", "--help"):
        print(_usage(), file=sys.stderr if not argv else sys.stdout)
        return 2 if not argv else 0

    def work() -> None:
        command = parse(argv)
        start_processes(command.coordinator, command.num_processes, command.process_id)
        run(
            command.pipeline,
            command.workdir,
            last_stage=command.until,
            restart=command.restart,
        )

    return exit_status(work)


def exit_status(work: Callable[[], None]) -> int:
    """Does the work; what ends it early becomes a line on stderr and an exit status."""
    try:
        work()
    except (ValueError, FileNotFoundError, FileExistsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (FloatingPointError, LockedError, OtherProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print(f"{stopped}; the same command continues", file=sys.stderr)
        return stopped.exit_status
    return 0


def parse(argv: Sequence[str]) -> Command:
    """The pipeline with its overrides, and the workdir.

    Raises ValueError for an unknown pipeline and SystemExit (status 2) for a bad flag.
    """
    name, *rest = argv
    if "--smoke" in rest:
        rest.remove("--smoke")
        name = f"{name.partition(':')[0]}:smoke"
    return tyro.cli(
        tyro.conf.AvoidSubcommands[Command],
        prog=f"python -m experiments.pipeline {name}",
        args=rest,
        default=Command(tyro.MISSING, find_pipeline(name)),
        description=doc_of(name),
    )


def find_pipeline(name: str) -> Pipeline:
    """``NAME`` or ``NAME:smoke``; ValueError with the nearest name where there is none."""
    return find_value(name, Pipeline, "PIPELINE", "SMOKE_PIPELINE")


def run(
    pipeline: Pipeline,
    workdir: Path,
    *,
    last_stage: str = "",
    restart: bool = False,
    cache: Path | None = None,
) -> dict[str, Any] | None:
    """Does every stage; returns the results, None where ``last_stage`` ends it earlier.

    With ``cache`` the stages stand there, shared with other runs, and the results in the workdir.
    """
    prepare_jax()
    plan, workspace = Plan(pipeline), Workspace(workdir, cache, restart=restart)
    stages = plan.stages
    if last_stage:
        stages = list(until(stages, last_stage))
    workspace.run(stages)
    if last_stage:
        return None
    return first_then_others(lambda: _report(plan, workspace))


def _report(plan: Plan, workspace: Workspace) -> dict[str, Any]:
    results, workdir = collect(plan, workspace), workspace.workdir
    if not is_first_process():
        return results
    workdir.mkdir(parents=True, exist_ok=True)
    write_json(workdir / "results.json", results)
    if told := write_report(results, workdir / "report.html"):
        say(told)
    total = sum(results["timings"].values())
    say(f"wrote results.json and report.html to {workdir}; all stages took {duration(total)}")
    return results


def _usage() -> str:
    lines = []
    for name in names_with(Pipeline, "PIPELINE"):
        lines.append(f"  {name:22}{doc_of(name).strip().splitlines()[0]}\n")
    return _USAGE.format(names="".join(lines))
