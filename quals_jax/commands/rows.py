"""Arguments and start of all commands that turn rows into rows."""

import argparse
import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from quals_jax.checkpoints.open_qagen import THE_OPEN_QAGEN
from quals_jax.commands.parser import Parser, whole_number
from quals_jax.data.readers import FORMATS, format_of
from quals_jax.data.records import RowKeys
from quals_jax.jobs.row_job import RowJob, Tally, Worker
from quals_jax.jobs.run import BAD_INPUT, GOOD, run_row_job
from quals_jax.jobs.source import RowSource
from quals_jax.jobs.team import Team

RESUME_HELP = """
Interrupted? Run the same command again: it continues, and the output has the same bytes as if it
had never stopped. OUT.work holds the finished rows until OUT is complete, OUT.manifest.json
remembers what OUT was made from. Rows that cannot be used are written with "status": "error".
Exit status: 0 good, 1 failure, 2 bad usage or some rows failed, 130/143 stopped by a signal.

Many hosts: the same command on each; they share the rows, and OUT is that of one host. IN, OUT and
the models lie where all hosts see them. Should a process be lost, the others end with status 1.
"""


def add_row_arguments(
    parser: Parser,
    fields: tuple[str, ...],
    *,
    model: bool = True,
    default_model: Path | None = None,
) -> None:
    """Input, output and what concerns the job; ``fields`` are those this command reads of a row.

    ``model`` adds --model, for commands that need exactly one; without ``default_model`` it must
    be given.
    """
    parser.add_argument("input", metavar="IN", help="rows to read, - for standard input")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        default="-",
        help="rows to write (default: standard output, which cannot be resumed)",
    )
    if model:
        parser.add_argument(
            "--model",
            metavar="DIR",
            type=Path,
            default=default_model,
            help="model folder (config.json, model.safetensors, …)"
            + ("" if default_model is None else f" (default: {THE_OPEN_QAGEN})"),
        )
    rows = parser.add_argument_group("rows")
    rows.add_argument(
        "--format", choices=FORMATS, help="of IN (default: by its suffix; standard input: jsonl)"
    )
    rows.add_argument(
        "--output-format", choices=FORMATS, help="of OUT (default: by its suffix, else jsonl)"
    )
    for name in fields:
        rows.add_argument(
            f"--{name}-key", metavar="NAME", help=f"field that holds the {name} (default: {name})"
        )
    rows.add_argument("--id-key", metavar="NAME", help="field that holds the id (default: id)")
    rows.add_argument(
        "--id",
        choices=("field", "line"),
        default="field",
        help="what names a row: its id field, or its line number (default: field; rows without an "
        "id are named by their line)",
    )
    rows.add_argument(
        "--encoding-errors",
        choices=("error", "replace"),
        default="error",
        help="text that is not UTF-8 is a row error, or is read with U+FFFD (default: error)",
    )
    job = parser.add_argument_group("job")
    job.add_argument(
        "--max-errors",
        metavar="N",
        type=whole_number(0),
        default=100,
        help="stop when more rows than this fail (default: 100)",
    )
    job.add_argument(
        "--shard-rows",
        metavar="N",
        type=whole_number(1),
        default=128,
        help="rows worked on and saved together; at most these are lost when a run is killed "
        "(default: 128)",
    )
    job.add_argument("--restart", action="store_true", help="discard OUT and its unfinished rows")
    job.add_argument("--quiet", action="store_true", help="print errors only")
    hosts = parser.add_argument_group("many hosts", "TPU pods and SLURM (srun) need none of these.")
    hosts.add_argument("--coordinator", metavar="HOST:PORT", default="", help="of process 0")
    hosts.add_argument(
        "--num-processes", metavar="N", type=whole_number(1), help="how many there are"
    )
    hosts.add_argument(
        "--process-id", metavar="I", type=whole_number(0), help="which of them this one is"
    )


def run_rows(
    args: argparse.Namespace,
    settings: Mapping[str, object],
    load_worker: Callable[[], Worker],
    tally: Tally,
    columns: tuple[str, ...],
    models: Mapping[str, Path] | None = None,
    *,
    reference: Literal["", "optional", "needed"] = "",
    at_end: Callable[[], None] = lambda: None,
) -> int:
    """Runs the job that the arguments describe; its exit status.

    ``models`` are checked folders by name, for commands without --model. ``reference``: whether the
    rows' references are read. ``at_end`` is called once, by one process, when all rows are done.
    """
    if models is None:
        check_model(args)
    team = _team(args)
    job = RowJob(
        command=args.command,
        source=_source(args, reference),
        output=args.output,
        output_format=format_of_output(args),
        settings=settings,
        model=args.model if models is None else None,
        models=models or {},
        columns=columns,
        shard_rows=args.shard_rows,
        max_errors=args.max_errors,
        restart=args.restart,
        quiet=args.quiet,
        team=team,
    )
    status = run_row_job(job, load_worker, tally)
    if status in (GOOD, BAD_INPUT):
        team.from_first(at_end)
    return status


def _team(args: argparse.Namespace) -> Team:
    """The processes of this run, which meet here; JAX is loaded where there may be more than one.

    Raises ValueError where the arguments make no sense.
    """
    given = args.coordinator or args.num_processes is not None or args.process_id is not None
    named = any(name.startswith(("JAX_COORD", "JAX_NUM_PROC", "SLURM_STEP")) for name in os.environ)
    if not (given or named or importlib.util.find_spec("libtpu")):
        return Team()
    from quals_jax.parallel.processes import ThisTeam, start_processes

    start_processes(args.coordinator, args.num_processes, args.process_id)
    return ThisTeam()


def check_model(args: argparse.Namespace) -> None:
    """ValueError or FileNotFoundError, with the way to a model, unless a folder is given."""
    if args.model is None:
        raise ValueError(
            "no model is given. Pass --model DIR, a model folder.\n"
            "  From a fairseq or Hugging Face checkpoint:  quals convert CHECKPOINT -o DIR\n"
            "  Trained by yourself (README):               python -m train --help"
        )
    if not args.model.is_dir():
        from quals_jax.checkpoints.model_folder import load_model_folder

        load_model_folder(args.model)  # raises, and tells what to do


def _source(args: argparse.Namespace, reference: str) -> RowSource:
    named = vars(args)
    summary, summaries = named.get("summary_key"), named.get("summaries_key")
    name = named.get("reference_key") or "reference"
    # A name given for one of the two means that the other is not wanted.
    keys = RowKeys(
        document=(args.document_key or "document") if "document_key" in named else None,
        summary=summary or (None if summaries or "summary_key" not in named else "summary"),
        summaries=summaries or (None if summary or "summaries_key" not in named else "summaries"),
        id=None if args.id == "line" else args.id_key or "id",
        reference=name if reference == "needed" else None,
        optional_reference=name if reference == "optional" else None,
    )
    return RowSource.of(args.input, args.format, keys, args.encoding_errors == "replace")


def format_of_output(args: argparse.Namespace) -> str:
    """The format that is asked for, else that of the suffix, else JSON lines."""
    try:
        return args.output_format or format_of(args.output)
    except ValueError:
        return "jsonl"
