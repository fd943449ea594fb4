"""`quals report`: the page and the plots of a ConSeq run."""

import argparse
import sys
from pathlib import Path
from typing import Any

_DESCRIPTION = """Makes the report of a ConSeq run from its results.json.

Writes one HTML file that needs no network, and beside it plots/NAME.svg and plots/NAME.png of
every plot. The pipeline does this at its end; results of an old run can be shown again.
quals_jax/report/conseq_results.py documents what results.json holds. PNG files need matplotlib
(pip install 'quals-jax[report]'); without it the rest is written.
"""

_EXAMPLES = """example:
  quals report runs/demo/results.json -o runs/demo/report.html
"""


def add_parser(commands: Any) -> None:
    """Adds `report` to the subcommands."""
    parser = commands.add_parser(
        "report",
        usage="quals report RESULTS.json -o report.html",
        help="make the page and the plots of a ConSeq run",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.set_defaults(run=run, command="quals report")
    parser.add_argument("results", metavar="RESULTS.json", type=Path, help="results of a run")
    parser.add_argument(
        "-o",
        "--output",
        metavar="HTML",
        type=Path,
        required=True,
        help="page to write; the plots go to the folder plots beside it",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    from quals_jax.data.json_file import read_json
    from quals_jax.report.conseq_report import write_report

    try:
        told = write_report(read_json(args.results), args.output)
    except ValueError as error:
        named = str(args.results) in str(error)
        raise error if named else ValueError(f"{args.results}: {error}") from error
    if told:
        print(told, file=sys.stderr)
    print(f"wrote {args.output} and {args.output.parent / 'plots'}", file=sys.stderr)
    return 0
